/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Waiting for changes of files: each way of replacing them is noticed, others are not, and what may be half-written is told
 * apart from what is complete. */
#include "broker/base/clock.h"
#include "broker/base/thread.h"
#include "broker/reload/watch.h"
#include "lib/scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SOON_MS  5000 /* for a busy machine; an event is there before the call */
#define NEVER_MS 100

static void make_folder(const char *name)
{
    assert_int_equal(mkdir(cg_scratch_path(name), 0700), 0);
}

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(cg_scratch_path(from), cg_scratch_path(to)), 0);
}

static void make_link(const char *name, const char *target)
{
    assert_int_equal(symlink(target, cg_scratch_path(name)), 0);
}

static void rename_over(void)
{
    cg_scratch_write("new", "2");
    move("new", "file");
}

static void write_in_place(void)
{
    cg_scratch_write("file", "2");
}

static void remove_and_create(void)
{
    cg_scratch_remove("file");
    cg_scratch_write("file", "2");
}

static int half_written = -1;

static void create_slowly(void)
{
    cg_scratch_remove("file");
    half_written = open(cg_scratch_path("file"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(half_written, "2", 1), 1);
}

static void rename_and_write_slowly(void)
{
    rename_over();
    half_written = open(cg_scratch_path("file"), O_WRONLY | O_TRUNC);
}

static void change_mode(void)
{
    assert_int_equal(chmod(cg_scratch_path("file"), 0640), 0);
}

static void remove_it(void)
{
    cg_scratch_remove("file");
}

static void swap_link(void)
{
    make_link("new", "other");
    move("new", "link");
}

static void replace_link(void) /* as certbot: removed, and made again */
{
    assert_int_equal(unlink(cg_scratch_path("link")), 0);
    make_link("link", "other");
}

static void file_for_link(void)
{
    assert_int_equal(unlink(cg_scratch_path("link")), 0);
    cg_scratch_write("link", "2");
}

static void write_behind_link(void)
{
    cg_scratch_write("target", "2");
}

static void rename_behind_link(void)
{
    cg_scratch_write("new", "2");
    move("new", "target");
}

static void swap_data(void) /* as Kubernetes */
{
    make_link("mounted/..new", "2");
    move("mounted/..new", "mounted/..data");
}

static void make_missing(void)
{
    make_folder("missing");
}

static void make_entry(void)
{
    cg_scratch_write("folder/another", "1");
}

static void rewrite_entry(void)
{
    cg_scratch_write("folder/entry", "2");
}

static void move_folder(void)
{
    move("folder", "old-folder");
}

static void write_other(void)
{
    cg_scratch_write("beside", "2");
    cg_scratch_write("folder2", "a name that begins like a watched one");
}

static void keep_writing(void) /* as a log file does */
{
    assert_int_equal(write(half_written, "line\n", 5), 5);
}

static const struct {
    const char *what, *path;
    void (*change)(void);
    bool noticed, replaced, moved;
} rows[] = {
    {"a rename over the file", "file", rename_over, true, true, false},
    {"a rewrite in place", "file", write_in_place, true, false, false},
    {"a file that was removed and created", "file", remove_and_create, true, false, false},
    {"a file that is still being written", "file", create_slowly, true, false, false},
    {"a file that is still being written after a rename", "file", rename_and_write_slowly, true, false, false},
    {"a change of the mode", "file", change_mode, true, false, false},
    {"a file that was removed", "file", remove_it, true, false, false},
    {"a link that was renamed over", "link", swap_link, true, true, true},
    {"a link that was removed and made again", "link", replace_link, true, true, true},
    {"a file in place of a link", "link", file_for_link, true, false, true},
    {"a rewrite behind a link", "link", write_behind_link, true, false, false},
    {"a rename over the target of a link", "link", rename_behind_link, true, true, false},
    {"a link to a folder on the way", "mounted/file", swap_data, true, true, true},
    {"a folder that was missing", "missing/file", make_missing, true, false, true},
    {"a new file in a watched folder", "folder", make_entry, true, false, false},
    {"the folder of a file that was moved away", "folder/entry", move_folder, true, false, true},
    {"other files", "file", write_other, false, false, false},
    {"what a file in a watched folder holds", "folder", rewrite_entry, false, false, false},
    {"another file that is kept open", "file", keep_writing, false, false, false},
};

static void make_files(void)
{
    static const char *const names[] = {"file", "target", "other", "beside"};
    cg_scratch_open("watch");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cg_scratch_write(names[i], "1");
    make_link("link", cg_scratch_path("target"));
    make_folder("folder");
    cg_scratch_write("folder/entry", "1");
    make_folder("mounted");
    make_folder("mounted/1");
    make_folder("mounted/2");
    cg_scratch_write("mounted/1/file", "1");
    cg_scratch_write("mounted/2/file", "2");
    make_link("mounted/..data", "1");
    make_link("mounted/file", "..data/file");
    half_written = open(cg_scratch_path("events.jsonl"), O_WRONLY | O_CREAT, 0600);
}

static struct cg_watch *watch_path(const char *path, struct cg_file_states *states)
{
    struct cg_error err = {""};
    struct cg_watch *watch = cg_watch_new(&err);
    if (!watch)
        fail_msg("%s", err.text);
    assert_true(cg_file_states_add(states, path));
    cg_watch_files(watch, states);
    return watch;
}

static void each_way_of_changing_a_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_file_states states = {NULL, 0};
        make_files();
        struct cg_watch *watch = watch_path(cg_scratch_path(rows[i].path), &states);
        if (!cg_watch_is_complete(watch) || cg_watch_is_replaced(watch, 0))
            fail_msg("%s: a new watch", rows[i].what);
        rows[i].change();
        if (cg_watch_wait(watch, rows[i].noticed ? SOON_MS : NEVER_MS) != rows[i].noticed)
            fail_msg("%s: %s", rows[i].what, rows[i].noticed ? "not noticed" : "noticed");
        if (cg_watch_is_replaced(watch, 0) != rows[i].replaced)
            fail_msg("%s: %s", rows[i].what, rows[i].replaced ? "not complete" : "complete");
        if (cg_watch_is_moved(watch) != rows[i].moved)
            fail_msg("%s: %s", rows[i].what, rows[i].moved ? "not moved" : "moved");
        cg_watch_files(watch, &states);
        assert_false(cg_watch_is_moved(watch));
        assert_false(cg_watch_is_replaced(watch, 0));
        assert_false(cg_watch_wait(watch, NEVER_MS));
        cg_watch_free(watch);
        cg_file_states_clear(&states);
        close(half_written);
        cg_scratch_close();
    }
}

/* What happened last counts: a file that was renamed and then written may be half-written. */
static void written_after_a_rename(void **state)
{
    (void)state;
    struct cg_file_states states = {NULL, 0};
    make_files();
    struct cg_watch *watch = watch_path(cg_scratch_path("file"), &states);
    rename_over();
    assert_true(cg_watch_wait(watch, SOON_MS));
    write_in_place();
    assert_true(cg_watch_wait(watch, SOON_MS));
    assert_false(cg_watch_is_replaced(watch, 0));
    cg_watch_free(watch);
    cg_file_states_clear(&states);
    close(half_written);
    cg_scratch_close();
}

/* Not even many of them: each return costs the caller a check of all files. */
static void other_files_do_not_end_the_wait(void **state)
{
    (void)state;
    struct cg_file_states states = {NULL, 0};
    make_files();
    struct cg_watch *watch = watch_path(cg_scratch_path("file"), &states);
    const int64_t start_ms = cg_clock_monotonic_ms();
    write_other();
    assert_false(cg_watch_wait(watch, NEVER_MS));
    assert_true(cg_clock_monotonic_ms() - start_ms >= NEVER_MS);
    cg_watch_free(watch);
    cg_file_states_clear(&states);
    close(half_written);
    cg_scratch_close();
}

/* Of a list that is replaced, only the new files are watched, through the same folders or others. */
static void another_list(void **state)
{
    (void)state;
    struct cg_file_states first = {NULL, 0}, second = {NULL, 0};
    make_files();
    struct cg_watch *watch = watch_path(cg_scratch_path("file"), &first);
    assert_true(cg_file_states_add(&second, cg_scratch_path("folder/entry")));
    assert_true(cg_file_states_add(&second, cg_scratch_path("other")));
    cg_watch_files(watch, &second);
    rename_over();
    assert_false(cg_watch_wait(watch, NEVER_MS));
    cg_scratch_write("new", "2");
    move("new", "other");
    assert_true(cg_watch_wait(watch, SOON_MS));
    assert_false(cg_watch_is_replaced(watch, 0));
    assert_true(cg_watch_is_replaced(watch, 1));
    assert_false(cg_watch_is_replaced(watch, 2));
    cg_watch_free(watch);
    cg_file_states_clear(&first);
    cg_file_states_clear(&second);
    close(half_written);
    cg_scratch_close();
}

static void what_cannot_be_watched(void **state)
{
    (void)state;
    char longest[PATH_MAX + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[0] = '/';
    longest[PATH_MAX] = '\0';
    cg_scratch_open("watch");
    make_link("loop", "loop");
    cg_scratch_write("file", "1");
    const char *const paths[] = {cg_scratch_path("loop"), cg_scratch_path("file/below"), longest};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct cg_file_states states = {NULL, 0};
        struct cg_watch *watch = watch_path(paths[i], &states);
        assert_false(cg_watch_is_complete(watch));
        assert_false(cg_watch_wait(watch, 1));
        cg_watch_free(watch);
        cg_file_states_clear(&states);
    }
    cg_scratch_close();
}

static void *wake(void *watch)
{
    cg_watch_wake(watch);
    return NULL;
}

static void waking_ends_the_wait(void **state)
{
    (void)state;
    struct cg_file_states states = {NULL, 0};
    struct cg_watch *watch = watch_path("/", &states);
    pthread_t thread;
    assert_int_equal(cg_thread_start(&thread, wake, watch), 0);
    assert_false(cg_watch_wait(watch, 600000));
    pthread_join(thread, NULL);
    assert_false(cg_watch_wait(watch, NEVER_MS)); /* each wake once */
    cg_watch_free(watch);
    cg_file_states_clear(&states);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_of_changing_a_file),     cmocka_unit_test(written_after_a_rename),
        cmocka_unit_test(other_files_do_not_end_the_wait), cmocka_unit_test(another_list),
        cmocka_unit_test(what_cannot_be_watched),          cmocka_unit_test(waking_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
