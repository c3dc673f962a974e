/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The file of CRL numbers: written in one step, merged by two brokers, and all failures. */
#include "broker/reload/crl_numbers_writer.h"

#include "lib/pki_maker.h"
#include "lib/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW    1800000000
#define NOBODY 65534

static struct cg_pki *pki;
static char folder[300];

static int make_scratch(void **state)
{
    (void)state;
    if (chmod(cg_scratch_open("numbers-file"), 0755) != 0) /* another user needs access */
        return -1;
    snprintf(folder, sizeof folder, "%s", cg_scratch_path("state"));
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "root: ca cn=root\nsix: crl issuer=root number=6\nseven: crl issuer=root number=7\n"
                     "eight: crl issuer=root number=8\n"
                     "other: ca cn=other\nfive: crl issuer=other number=5\n");
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    cg_pki_free(pki);
    cg_scratch_close();
    return 0;
}

static int clear_folder(void **state)
{
    (void)state;
    cg_scratch_remove("state");
    return 0;
}

static struct cg_crl_numbers *numbers_of(const char *name)
{
    unsigned char *der = NULL;
    struct cg_error err = {""};
    int len = i2d_X509_CRL(cg_pki_crl(pki, name), &der);
    STACK_OF(X509) *issuers = cg_pki_stack(pki, "root other");
    struct cg_crl *crl = cg_crl_read(der, (size_t)len, issuers, true, &err);
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    assert_non_null(crl);
    assert_true(cg_crl_numbers_raise(numbers, crl));
    cg_crl_free(crl);
    sk_X509_pop_free(issuers, X509_free);
    OPENSSL_free(der);
    return numbers;
}

static void store(const char *name, enum cg_numbers_stored expected, const char *words)
{
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = numbers_of(name);
    enum cg_numbers_stored stored = cg_crl_numbers_store(folder, numbers, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, NULL, &err);
    cg_crl_numbers_free(numbers);
    if (stored != expected || !strstr(err.text, words))
        fail_msg("%s: expected %d '%s', found %d '%s'", name, (int)expected, words, (int)stored, err.text);
}

static void file_holds(const char *words, bool yes)
{
    char text[4096] = "";
    FILE *file = fopen(cg_scratch_path("state/crl-numbers"), "re");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
    }
    if ((strstr(text, words) != NULL) != yes)
        fail_msg("'%s' is %s in: %s", words, yes ? "not" : "still", text);
}

static void writes_only_changes(void **state)
{
    (void)state;
    struct stat before, after;
    store("six", CG_NUMBERS_CREATED, "");
    assert_int_equal(stat(folder, &before), 0);
    assert_int_equal(before.st_mode & 0777, 0700);
    assert_int_equal(stat(cg_scratch_path("state/crl-numbers"), &before), 0);
    assert_int_equal(before.st_mode & 0777, 0600);
    file_holds(" 6 17999", true);
    store("six", CG_NUMBERS_STORED, "");
    assert_int_equal(stat(cg_scratch_path("state/crl-numbers"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    store("seven", CG_NUMBERS_STORED, "");
    file_holds(" 7 17999", true);
    file_holds(" 6 17999", false);
    assert_int_equal(stat(cg_scratch_path("state/crl-numbers.old"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* it is the previous file */
    assert_int_equal(access(cg_scratch_path("state/crl-numbers.new"), F_OK), -1);
    assert_int_equal(stat(cg_scratch_path("state/crl-numbers"), &before), 0);
    store("eight", CG_NUMBERS_STORED, "");
    assert_int_equal(stat(cg_scratch_path("state/crl-numbers.old"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* not an older file */
}

/* A file without numbers is written too: if it is missing later, it was lost. */
static void an_empty_list_is_written(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_crl_numbers *none = cg_crl_numbers_new();
    assert_int_equal(cg_crl_numbers_store(folder, none, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, NULL, &err), CG_NUMBERS_CREATED);
    file_holds("\nend 0\n", true);
    assert_int_equal(cg_crl_numbers_store(folder, none, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, NULL, &err), CG_NUMBERS_STORED);
    cg_crl_numbers_free(none);
}

/* One more than fits: the oldest line of a CRL that is not in use is removed. */
static void a_full_file_keeps_the_crls_in_use(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = cg_crl_numbers_new(), *six = numbers_of("six");
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    FILE *file = fopen(cg_scratch_path("state/crl-numbers"), "we");
    assert_non_null(file);
    fprintf(file, "certguard crl-numbers 1\n");
    for (int i = 0; i < CG_CRL_NUMBERS_LINES; i++)
        fprintf(file, "%064x %064x 1 %d x y\n", i, 0, 1900000000 + i);
    fprintf(file, "end %d\n", CG_CRL_NUMBERS_LINES);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(cg_scratch_path("state/crl-numbers"), 0600), 0);
    store("six", CG_NUMBERS_STORED, "");
    file_holds(" 1 1900000000 ", false);
    file_holds(" 1 1900000001 ", true);
    assert_true(cg_crl_numbers_read(numbers, folder, NULL, &err));
    assert_int_equal(cg_crl_numbers_count(numbers), CG_CRL_NUMBERS_LINES);
    assert_true(cg_crl_numbers_merge(numbers, six));
    assert_int_equal(cg_crl_numbers_count(numbers), CG_CRL_NUMBERS_LINES); /* it is one of them */
    cg_crl_numbers_free(numbers);
    cg_crl_numbers_free(six);
}

/* Numbers of another broker are kept, and no lower number replaces a higher one. */
static void merges(void **state)
{
    (void)state;
    store("seven", CG_NUMBERS_CREATED, "");
    store("five", CG_NUMBERS_STORED, "");
    store("six", CG_NUMBERS_STORED, "");
    file_holds(" 7 17999", true);
    file_holds(" 5 17999", true);
    file_holds("\nend 2\n", true);
}

static void updates_the_file_state(void **state)
{
    (void)state;
    struct cg_file_states seen = {NULL, 0};
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = numbers_of("six");
    assert_true(cg_file_states_add(&seen, cg_scratch_path("state/crl-numbers")));
    assert_int_equal(cg_crl_numbers_store(folder, numbers, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, &seen, &err),
                     CG_NUMBERS_CREATED);
    assert_int_equal(cg_file_states_current_hash(&seen), cg_file_states_recorded_hash(&seen));
    cg_file_states_clear(&seen);
    cg_crl_numbers_free(numbers);
}

/* Files left by a broker that was killed. */
static void leftover_files_are_replaced(void **state)
{
    (void)state;
    struct cg_error err = {""};
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    assert_int_equal(symlink("/etc/passwd", cg_scratch_path("state/crl-numbers.new")), 0);
    store("six", CG_NUMBERS_CREATED, "");
    assert_int_equal(symlink("/etc/passwd", cg_scratch_path("state/crl-numbers.new")), 0);
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    assert_int_equal(access(cg_scratch_path("state/crl-numbers.new"), F_OK), -1);
}

static void a_damaged_file_is_not_overwritten(void **state)
{
    (void)state;
    struct cg_error err = {""};
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    cg_scratch_write("state/crl-numbers", "certguard crl-numbers 1\n");
    store("six", CG_NUMBERS_NOT_STORED, "crl-numbers:2: expected a whole line");
    file_holds("certguard crl-numbers 1\n", true);
}

static void obstacles_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *words;
        bool link;
    } rows[] = {
        {"state/crl-numbers.lock", "crl-numbers.lock: cannot create the file: ", false},
        {"state/crl-numbers.lock", "crl-numbers.lock: cannot create the file: ", true},
        {"state/crl-numbers.new", "crl-numbers.new: cannot create the file: ", false},
        {"state/crl-numbers", "crl-numbers: expected a regular file, found a folder", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_error err = {""};
        cg_scratch_remove("state");
        store("six", CG_NUMBERS_CREATED, "");
        cg_scratch_remove(rows[i].name);
        assert_int_equal(rows[i].link ? symlink("elsewhere", cg_scratch_path(rows[i].name))
                                      : mkdir(cg_scratch_path(rows[i].name), 0700),
                         0);
        store("seven", CG_NUMBERS_NOT_STORED, rows[i].words);
        if (!strstr(rows[i].words, "expected")) {
            store("seven", CG_NUMBERS_NOT_STORED, "this is not a file of the plugin; move it out");
            assert_false(cg_crl_numbers_prepare_file(folder, &err));
        }
        assert_int_equal(rename(cg_scratch_path(rows[i].name), cg_scratch_path("away")), 0);
        store("seven", i == 3 ? CG_NUMBERS_CREATED : CG_NUMBERS_STORED, "");
        cg_scratch_remove("away");
    }
}

static void a_folder_writable_by_others_is_not_used(void **state)
{
    (void)state;
    struct cg_error err = {""};
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0770), 0);
    assert_false(cg_crl_numbers_prepare_file(folder, &err));
    assert_non_null(strstr(err.text, "found mode 0770; fix: chmod go-w "));
    store("six", CG_NUMBERS_NOT_STORED, "found mode 0770");
}

static void waits_for_another_broker(void **state)
{
    (void)state;
    struct cg_error err = {""};
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    int fd = open(cg_scratch_path("state/crl-numbers.lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    store("six", CG_NUMBERS_LATER, "which another process holds");
    assert_true(cg_crl_numbers_prepare_file(folder, &err)); /* the broker starts anyway */
    close(fd);
    store("six", CG_NUMBERS_CREATED, "");
}

/* A revocation waits for the lock, so a process that hangs must not delay it for long. */
static void how_long_it_waits(void **state)
{
    (void)state;
    static const struct {
        int lock_wait_ms, held_ms;
        enum cg_numbers_stored stored;
    } rows[] = {
        {CG_NUMBERS_LOCK_WAIT_BRIEF_MS, 3000, CG_NUMBERS_LATER},
        {CG_NUMBERS_LOCK_WAIT_MS, 700, CG_NUMBERS_CREATED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_error err = {""};
        struct cg_crl_numbers *numbers = numbers_of("six");
        assert_true(cg_crl_numbers_prepare_file(folder, &err));
        int fd = open(cg_scratch_path("state/crl-numbers.lock"), O_RDWR | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        pid_t child = fork(); /* inherits the lock */
        if (child == 0) {
            usleep((useconds_t)rows[i].held_ms * 1000);
            _exit(0);
        }
        close(fd);
        assert_int_equal(cg_crl_numbers_store(folder, numbers, rows[i].lock_wait_ms, NULL, &err), rows[i].stored);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        cg_crl_numbers_free(numbers);
    }
}

static int prepare_as_nobody(void)
{
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = numbers_of("seven");
    char words[800];
    int bad = cg_crl_numbers_prepare_file(folder, &err) ? 1 : 0;
    snprintf(words, sizeof words, "cannot create the folder: Permission denied; fix: install -d -o nobody -m 0700 %s",
             folder);
    bad += !strstr(err.text, words);
    bad += cg_crl_numbers_store(folder, numbers, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, NULL, &err) == CG_NUMBERS_NOT_STORED
               ? 0
               : 1;
    cg_crl_numbers_free(numbers);
    return bad;
}

static int store_as_nobody(void)
{
    struct cg_error err = {""};
    struct cg_crl_numbers *numbers = numbers_of("seven");
    int bad = cg_crl_numbers_store(folder, numbers, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, NULL, &err) == CG_NUMBERS_CREATED
                  ? 0
                  : 1;
    cg_crl_numbers_free(numbers);
    return bad;
}

static int as_nobody(int (*run)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0 ? run() : 9);
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The printed command corrects the fault. */
static void the_brokers_user_may_not_write(void **state)
{
    (void)state;
    char command[400];
    if (geteuid() != 0)
        skip();
    assert_int_equal(as_nobody(prepare_as_nobody), 0);
    snprintf(command, sizeof command, "install -d -o nobody -m 0700 %s", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(as_nobody(store_as_nobody), 0);
}

/* False: not root, or the file system has no such flag. The request is an int on musl; the kernel takes 32 bits. */
static bool set_immutable(const char *path, bool on)
{
    int flags = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && ioctl(fd, (int)FS_IOC_GETFLAGS, &flags) == 0;
    flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    ok = ok && ioctl(fd, (int)FS_IOC_SETFLAGS, &flags) == 0;
    close(fd);
    return ok;
}

/* Its mode and owner are right, so the usual fix would not help. */
static void the_folder_is_immutable(void **state)
{
    (void)state;
    struct cg_error err = {""};
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    if (!set_immutable(folder, true))
        skip();
    bool prepared = cg_crl_numbers_prepare_file(folder, &err);
    assert_true(set_immutable(folder, false)); /* before any assertion, so that the folder can be removed */
    assert_false(prepared);
    assert_non_null(strstr(err.text, "Operation not permitted; check it with `lsattr -d`"));
    store("six", CG_NUMBERS_CREATED, "");
}

static bool mount_small(void)
{
    return mkdir(folder, 0700) == 0 && mount("tmpfs", folder, "tmpfs", 0, "size=16k,mode=0700") == 0;
}

/* Needs root and the right to mount. */
static void the_disk_is_full(void **state)
{
    (void)state;
    char block[4096] = "";
    if (!mount_small())
        skip();
    store("six", CG_NUMBERS_CREATED, "");
    int fd = open(cg_scratch_path("state/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
    struct cg_error err = {""};
    store("seven", CG_NUMBERS_LATER, "No space left on device; free disk space");
    assert_true(cg_crl_numbers_prepare_file(folder, &err));
    file_holds(" 6 17999", true); /* complete and unchanged */
    assert_int_equal(access(cg_scratch_path("state/crl-numbers.new"), F_OK), -1);
    unlink(cg_scratch_path("state/filler"));
    store("seven", CG_NUMBERS_STORED, "");
    file_holds(" 7 17999", true);
    assert_int_equal(umount(folder), 0);
}

static void the_disk_is_read_only(void **state)
{
    (void)state;
    struct cg_error err = {""};
    if (!mount_small())
        skip();
    store("six", CG_NUMBERS_CREATED, "");
    assert_int_equal(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=16k"), 0);
    assert_false(cg_crl_numbers_prepare_file(folder, &err));
    assert_non_null(strstr(err.text, "Read-only file system; name a folder"));
    store("seven", CG_NUMBERS_NOT_STORED, "Read-only file system");
    assert_int_equal(umount(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(writes_only_changes, clear_folder),
        cmocka_unit_test_teardown(an_empty_list_is_written, clear_folder),
        cmocka_unit_test_teardown(a_full_file_keeps_the_crls_in_use, clear_folder),
        cmocka_unit_test_teardown(merges, clear_folder),
        cmocka_unit_test_teardown(updates_the_file_state, clear_folder),
        cmocka_unit_test_teardown(leftover_files_are_replaced, clear_folder),
        cmocka_unit_test_teardown(a_damaged_file_is_not_overwritten, clear_folder),
        cmocka_unit_test_teardown(obstacles_are_named, clear_folder),
        cmocka_unit_test_teardown(a_folder_writable_by_others_is_not_used, clear_folder),
        cmocka_unit_test_teardown(waits_for_another_broker, clear_folder),
        cmocka_unit_test_teardown(how_long_it_waits, clear_folder),
        cmocka_unit_test_teardown(the_brokers_user_may_not_write, clear_folder),
        cmocka_unit_test_teardown(the_folder_is_immutable, clear_folder),
        cmocka_unit_test_teardown(the_disk_is_full, clear_folder),
        cmocka_unit_test_teardown(the_disk_is_read_only, clear_folder),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
