/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The event log against real files: order, rotation, a full disk, a queue that overflows. */
#include "broker/event/eventlog.h"

#include "lib/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int make_folder(void **state)
{
    (void)state;
    cg_scratch_open("eventlog");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

static size_t lost_line(uint64_t count, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "lost %llu", (unsigned long long)count);
}

static struct cg_eventlog *open_log(const char *file, size_t max_bytes)
{
    struct cg_error err = {""};
    struct cg_eventlog_options options = {file, false, max_bytes, lost_line};
    struct cg_eventlog *log = cg_eventlog_open(&options, &err);
    if (!log)
        fail_msg("%s", err.text);
    return log;
}

static void put(struct cg_eventlog *log, const char *line)
{
    cg_eventlog_write(log, line, strlen(line));
}

static char *content(const char *file)
{
    static char text[200000];
    FILE *in = fopen(file, "r");
    size_t n = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in)
        fclose(in);
    text[n] = '\0';
    return text;
}

/* Waits until the file has that content; the writer is another thread. */
static void expect_content(const char *file, const char *want)
{
    for (int i = 0; i < 200 && strcmp(content(file), want) != 0; i++)
        usleep(10000);
    assert_string_equal(content(file), want);
}

static void keeps_order(void **state)
{
    (void)state;
    char want[60000], line[32];
    size_t n = 0;
    struct cg_eventlog *log = open_log(cg_scratch_path("log"), 1 << 20);
    for (int i = 0; i < 5000; i++) {
        snprintf(line, sizeof line, "line %d", i);
        n += (size_t)snprintf(want + n, sizeof want - n, "%s\n", line);
        put(log, line);
    }
    cg_eventlog_close(log);
    assert_string_equal(content(cg_scratch_path("log")), want);
}

static void makes_file_0640_and_appends(void **state)
{
    (void)state;
    struct stat st;
    mode_t before = umask(0);
    cg_eventlog_close(open_log(cg_scratch_path("log"), 1000));
    umask(before);
    assert_int_equal(stat(cg_scratch_path("log"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    struct cg_eventlog *log = open_log(cg_scratch_path("log"), 1000);
    put(log, "one");
    cg_eventlog_close(log);
    log = open_log(cg_scratch_path("log"), 1000);
    put(log, "two");
    cg_eventlog_close(log);
    assert_string_equal(content(cg_scratch_path("log")), "one\ntwo\n");
}

/* Most of the file is a hole. The test is skipped if the file system does not support holes. */
static void a_log_over_2_gib_is_appended_to(void **state)
{
    (void)state;
    const off_t large = (off_t)3 << 30;
    const char *file = cg_scratch_write("log", "one\n");
    int fd = open(file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    if (ftruncate(fd, large) != 0) {
        close(fd);
        skip();
    }
    struct cg_eventlog *log = open_log(file, 1000);
    put(log, "two");
    cg_eventlog_close(log);
    char last[6] = "";
    assert_int_equal(pread(fd, last, 5, large), 5);
    close(fd);
    assert_string_equal(last, "\ntwo\n"); /* the hole is an incomplete line */
}

static void an_incomplete_line_is_ended_first(void **state)
{
    (void)state;
    struct cg_eventlog *log = open_log(cg_scratch_write("log", "whole\n{\"half"), 1000);
    put(log, "one");
    put(log, "two");
    cg_eventlog_close(log);
    assert_string_equal(content(cg_scratch_path("log")), "whole\n{\"half\none\ntwo\n");
}

static void follows_a_file_that_was_moved(void **state)
{
    (void)state;
    struct cg_eventlog *log = open_log(cg_scratch_path("log"), 1000);
    put(log, "before");
    expect_content(cg_scratch_path("log"), "before\n");
    assert_int_equal(rename(cg_scratch_path("log"), cg_scratch_path("log.1")), 0);
    put(log, "after");
    expect_content(cg_scratch_path("log"), "after\n");
    assert_string_equal(content(cg_scratch_path("log.1")), "before\n");
    cg_eventlog_close(log);
}

static void recovers_when_the_file_can_be_created_again(void **state)
{
    (void)state;
    struct cg_eventlog_status status;
    struct cg_eventlog *log = open_log(cg_scratch_path("log"), 1000);
    /* A folder in the place of the file cannot be appended to, not even by root. */
    unlink(cg_scratch_path("log"));
    assert_int_equal(mkdir(cg_scratch_path("log"), 0755), 0);
    put(log, "lost one");
    put(log, "lost two");
    for (int i = 0; i < 200; i++) {
        cg_eventlog_status(log, &status);
        if (status.lost == 2)
            break;
        usleep(10000);
    }
    assert_int_equal(status.lost, 2);
    assert_int_not_equal(status.failing, 0);
    assert_int_equal(rmdir(cg_scratch_path("log")), 0);
    put(log, "kept");
    expect_content(cg_scratch_path("log"), "lost 2\nkept\n");
    cg_eventlog_status(log, &status);
    assert_int_equal(status.failing, 0);
    cg_eventlog_close(log);
}

static void survives_a_full_disk(void **state)
{
    (void)state;
    struct cg_eventlog_status status;
    struct cg_eventlog *log = open_log("/dev/full", 1 << 20);
    for (int i = 0; i < 100; i++)
        put(log, "never written");
    for (int i = 0; i < 200; i++) {
        cg_eventlog_status(log, &status);
        if (status.lost == 100)
            break;
        usleep(10000);
    }
    cg_eventlog_close(log);
    assert_int_equal(status.lost, 100);
}

static void counts_lines_beyond_the_queue(void **state)
{
    (void)state;
    struct cg_eventlog_status status;
    struct cg_eventlog *log = open_log(cg_scratch_path("log"), 8);
    put(log, "longer than the whole queue");
    put(log, "short");
    cg_eventlog_status(log, &status);
    assert_int_equal(status.lost, 1);
    cg_eventlog_close(log);
    assert_string_equal(content(cg_scratch_path("log")), "lost 1\nshort\n");
}

static void an_error_names_the_user_and_the_file(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_eventlog_options options = {"/nowhere/at/all/log", false, 1000, lost_line};
    assert_null(cg_eventlog_open(&options, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all/log"));
    assert_non_null(strstr(err.text, "No such file"));
    assert_non_null(strstr(err.text, "install -d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_order, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(makes_file_0640_and_appends, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_log_over_2_gib_is_appended_to, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_incomplete_line_is_ended_first, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(follows_a_file_that_was_moved, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(recovers_when_the_file_can_be_created_again, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(survives_a_full_disk, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(counts_lines_beyond_the_queue, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_error_names_the_user_and_the_file, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
