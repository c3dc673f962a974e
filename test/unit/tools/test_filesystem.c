/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Errors of file systems that lack what a CA needs: they name the file system and the fix, and other errors stay. */
#include "base/filesystem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    int number;
    uint32_t type;
    enum cg_filesystem_need need;
    const char *says, *says_not;
} rows[] = {
    {EPERM, 0x4d44, CG_NEEDS_LINKS,
     "The file system (vfat) does not support symbolic links here. Keep the CA on a Linux", "owner of the folder"},
    {EPERM, 0x2011bab0, CG_NEEDS_MODES, "(exfat) does not support file modes", "owner of the folder"},
    {EOPNOTSUPP, 0xff534d42, CG_NEEDS_LINKS, "(cifs) does not support symbolic links here. Mount the share with",
     "Keep the CA on a Linux"},
    {EOPNOTSUPP, 0xfe534d42, CG_NEEDS_LINKS, "mfsymlinks", "type 0x"},
    {ENOLCK, 0x6969, CG_NEEDS_LOCKS, "(nfs) does not support file locks here. Mount the share with NFS version 4",
     "type 0x"},
    {ENOSYS, 0x65735546, CG_NEEDS_LINKS, "(fuse) does not support", "type 0x"},
    {EOPNOTSUPP, 0xabc, CG_NEEDS_LOCKS, "(type 0xabc) does not support file locks here. Keep the CA", "Mount"},
    /* a reason of its own, whatever the file system */
    {ENOSPC, 0x4d44, CG_NEEDS_LINKS, "Free disk space", "vfat"},
    {EACCES, 0x6969, CG_NEEDS_MODES, "owner of the folder", "nfs"},
    {EPERM, 0xef53, CG_NEEDS_LINKS, "owner of the folder", "does not support"}, /* ext4 */
};

static void errors_name_the_file_system(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cg_error err = {""};
        assert_false(cg_fail_unsupported(&err, "link", "/ca/stage/x", rows[i].number, rows[i].type, rows[i].need));
        assert_memory_equal(err.text, "cannot link /ca/stage/x: ", 25);
        assert_non_null(strstr(err.text, rows[i].says));
        assert_null(strstr(err.text, rows[i].says_not));
    }
}

static void the_file_system_of_a_folder_is_found(void **state)
{
    struct cg_error err = {""};
    (void)state;
    errno = EOPNOTSUPP;
    assert_false(cg_fail_filesystem(&err, "lock", "/proc", "/proc", CG_NEEDS_LOCKS));
    assert_non_null(strstr(err.text, "(type 0x9fa0) does not support file locks"));
    assert_string_equal(cg_filesystem_without_modes("/proc"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_the_file_system),
        cmocka_unit_test(the_file_system_of_a_folder_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
