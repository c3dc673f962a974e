/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a file looked like: each way to change one is seen. */
#include "core/file/file_state.h"
#include "lib/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void longer(void)
{
    cg_scratch_write("file", "longer text");
}

/* Like a copy that keeps times: only the inode's change time differs. */
static void same_size_and_time(void)
{
    struct stat before, after;
    assert_int_equal(stat(cg_scratch_path("file"), &before), 0);
    const struct timespec times[2] = {before.st_atim, before.st_mtim}, moment = {0, 2000000};
    do { /* the clock of a file system has ticks */
        nanosleep(&moment, NULL);
        cg_scratch_write("file", "TEXT");
        assert_int_equal(utimensat(AT_FDCWD, cg_scratch_path("file"), times, 0), 0);
        assert_int_equal(stat(cg_scratch_path("file"), &after), 0);
    } while (after.st_ctim.tv_sec == before.st_ctim.tv_sec && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
    assert_true(after.st_size == before.st_size && after.st_ino == before.st_ino);
    assert_true(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

static void older(void)
{
    const struct timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, cg_scratch_path("file"), times, 0), 0);
}

static void renamed_over(void)
{
    cg_scratch_write("other", "text");
    assert_int_equal(rename(cg_scratch_path("other"), cg_scratch_path("file")), 0);
}

static void link_swapped(void)
{
    cg_scratch_write("other", "text");
    assert_int_equal(unlink(cg_scratch_path("file")), 0);
    assert_int_equal(symlink("other", cg_scratch_path("file")), 0);
}

static void removed(void)
{
    assert_int_equal(unlink(cg_scratch_path("file")), 0);
}

static const struct {
    const char *sentence;
    void (*change)(void);
} rows[] = {
    {"a longer text in place", longer},
    {"the same size and the same time", same_size_and_time},
    {"an older time", older},
    {"another file in its place", renamed_over},
    {"a link in its place", link_swapped},
    {"removed", removed},
};

static void sees_each_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_file_states before = {NULL, 0}, after = {NULL, 0};
        unlink(cg_scratch_path("file"));
        cg_scratch_write("file", "text");
        assert_true(cg_file_states_add(&before, cg_scratch_path("file")));
        assert_true(cg_file_states_current_hash(&before) == cg_file_states_recorded_hash(&before));
        rows[i].change();
        assert_true(cg_file_states_add(&after, cg_scratch_path("file")));
        if (cg_file_states_current_hash(&before) == cg_file_states_recorded_hash(&before))
            fail_msg("%s: the state of the files is the same", rows[i].sentence);
        if (cg_file_states_equal(&before, &after))
            fail_msg("%s: the stamps are equal", rows[i].sentence);
        assert_true(cg_file_states_current_hash(&after) == cg_file_states_recorded_hash(&after));
        cg_file_states_clear(&before);
        cg_file_states_clear(&after);
    }
}

static void sees_what_appears(void **state)
{
    (void)state;
    struct cg_file_states file_states = {NULL, 0};
    unlink(cg_scratch_path("file"));
    assert_true(cg_file_states_add(&file_states, cg_scratch_path("file")));
    assert_false(file_states.item[0].present);
    assert_true(cg_file_states_current_hash(&file_states) == cg_file_states_recorded_hash(&file_states));
    cg_scratch_write("file", "");
    assert_true(cg_file_states_current_hash(&file_states) != cg_file_states_recorded_hash(&file_states));
    assert_true(cg_file_states_add(&file_states, cg_scratch_path("file"))); /* the first look counts */
    assert_int_equal(file_states.count, 1);
    assert_false(file_states.item[0].present);
    cg_file_states_clear(&file_states);
}

static int make_folder(void **state)
{
    (void)state;
    cg_scratch_open("stamp");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_each_change),
        cmocka_unit_test(sees_what_appears),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
