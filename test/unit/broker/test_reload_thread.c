/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The reload thread: when it loads, and which policies it rejects. */
#include "broker/base/clock.h"
#include "broker/reload/reload.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
    const char *sentence;
    struct cg_reload_check check;
    bool due;
} checks[] = {
    {"nothing happened", {0}, false},
    {"nothing changed, requested", {.requested = true}, false},
    {"nothing changed for a long time", {.failed_for_ms = 3600000}, false},
    {"just changed", {.changed = true}, false},
    {"changed, and then steady", {.changed = true, .steady = true}, true},
    {"just changed, at once", {.changed = true, .replaced = true}, true},
    {"just changed, requested", {.changed = true, .requested = true}, true},
    {"just changed after a long failure", {.changed = true, .failed = true, .failed_for_ms = 3600000}, false},
    {"failed just now", {.steady = true, .failed = true}, false},
    {"failed, requested", {.steady = true, .failed = true, .requested = true}, true},
    {"failed 29 seconds ago", {.steady = true, .failed = true, .failed_for_ms = 29999}, false},
    {"failed 30 seconds ago", {.steady = true, .failed = true, .failed_for_ms = 30000}, true},
};

static void loads_when_it_is_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (cg_reload_is_due(&checks[i].check) != checks[i].due)
            fail_msg("%s: expected %s", checks[i].sentence, checks[i].due ? "a load" : "none");
}

static void write_policy(const char *more)
{
    char text[200];
    snprintf(text, sizeof text, "{\"trust\": {\"anchors\": \"ca.pem\"}%s}", more);
    cg_scratch_write("policy.json", text);
}

static char path[512]; /* of the policy */
static const struct cg_snapshot_source source = {.policy = path};

/* Watches policy.json from now on. first: the snapshot in use. */
static struct cg_reload *start(struct cg_snapshot **first)
{
    struct cg_error err = {""};
    struct cg_file_states seen = {NULL, 0};
    struct cg_faults none = {0};
    snprintf(path, sizeof path, "%s", cg_scratch_path("policy.json"));
    *first = cg_snapshot_load(&source, NULL, time(NULL), &seen, NULL, &err);
    struct cg_reload *reload = *first ? cg_reload_start(&source, *first, &seen, &none, &err) : NULL;
    if (!reload)
        fail_msg("%s", err.text);
    return reload;
}

static void moment(void)
{
    const struct timespec ten_ms = {0, 10000000};
    nanosleep(&ten_ms, NULL);
}

static void moments(int count)
{
    while (count--)
        moment();
}

/* Policies that can be parsed, but not used. */
static const struct {
    const char *more, *words;
} unproven[] = {
    {", \"log\": {\"file\": \"no-such-folder/events.jsonl\"}", "no-such-folder"},
    {", \"tls\": {\"groups\": \"P-255\"}", "OpenSSL does not know 'P-255'"},
};

static void expect_kept(struct cg_reload *reload, const char *words)
{
    struct cg_faults kept = {0};
    while (!cg_reload_take_kept(reload, &kept))
        moment();
    assert_int_equal(kept.count, words ? 1 : 0);
    if (words && !strstr(kept.item[0].error.text, words))
        fail_msg("%s", kept.item[0].error.text);
    cg_faults_clear(&kept);
}

static struct cg_snapshot *wait_for_snapshot(struct cg_reload *reload)
{
    struct cg_snapshot *fresh;
    while (!(fresh = cg_reload_take(reload)))
        moment();
    return fresh;
}

/* A policy that cannot be used is rejected and reported; a usable one is activated. */
static void offers_only_tested_policies(void **state)
{
    (void)state;
    struct cg_snapshot *first;
    write_policy("");
    struct cg_reload *reload = start(&first);
    for (size_t i = 0; i < sizeof unproven / sizeof *unproven; i++) {
        write_policy(unproven[i].more);
        expect_kept(reload, unproven[i].words);
        assert_null(cg_reload_take(reload));
    }
    write_policy(", \"log\": {\"file\": \"events.jsonl\"}");
    struct cg_snapshot *second = wait_for_snapshot(reload);
    assert_string_equal(strrchr(second->policy->log.file, '/'), "/events.jsonl");
    expect_kept(reload, NULL);
    /* the policy allows this certificate, but OpenSSL's defaults on the client do not; everything else is valid */
    write_policy(", \"server\": {\"insecure_other_curves\": true}, "
                 "\"credential\": {\"chain\": \"odd.pem\", \"key\": \"odd.key\"}");
    expect_kept(reload, "odd.pem: a test handshake");
    struct cg_snapshot *third = wait_for_snapshot(reload);
    assert_null(third->credentials[0].item[0]);
    cg_reload_stop(reload);
    cg_snapshot_free(third);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

static void add_line(const char *name)
{
    FILE *file = fopen(cg_scratch_path(name), "ae");
    assert_non_null(file);
    fputs("\n", file);
    fclose(file);
    moment();
}

/* A link that is replaced says nothing of a target that is written afterwards. */
static void waits_for_the_target_of_a_link(void **state)
{
    (void)state;
    struct cg_snapshot *first;
    cg_scratch_write("policy.json", "{\"trust\": {\"anchors\": \"live/ca.pem\"}}");
    struct cg_reload *reload = start(&first);
    moments(10); /* for the thread to watch */
    assert_int_equal(rename(cg_scratch_path("live.new"), cg_scratch_path("live")), 0);
    moments(5);
    assert_int_equal(link(cg_scratch_path("other.pem"), cg_scratch_path("2/ca.pem")), 0);
    int64_t longest_ms = 0, last_ms = cg_clock_monotonic_ms();
    for (int i = 0; i < 40; i++) {
        add_line("2/ca.pem");
        const int64_t now_ms = cg_clock_monotonic_ms();
        longest_ms = now_ms - last_ms > longest_ms ? now_ms - last_ms : longest_ms;
        last_ms = now_ms;
    }
    struct cg_snapshot *second = cg_reload_take(reload);
    if (second && longest_ms < 90) /* longer: this machine is busy, and the file was steady */
        fail_msg("a file that is still being written was loaded");
    if (!second)
        second = wait_for_snapshot(reload);
    cg_reload_stop(reload);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

/* Other files in a folder of CRLs, such as a log, do not keep a change out. */
static void other_files_do_not_delay_a_load(void **state)
{
    (void)state;
    struct cg_snapshot *first, *second = NULL;
    cg_scratch_write("crls/log", "\n");
    cg_scratch_write("policy.json", "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crls\"}}");
    struct cg_reload *reload = start(&first);
    write_policy("");
    for (int i = 0; i < 500 && !second; i++) {
        add_line("crls/log");
        second = cg_reload_take(reload);
    }
    assert_non_null(second);
    cg_reload_stop(reload);
    cg_snapshot_free(second);
    cg_snapshot_free(first);
}

static int make_files(void **state)
{
    (void)state;
    const char *folder = cg_scratch_open("reload");
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nother: ca\ncrl: crl issuer=root\nodd: server issuer=root key=secp256k1\n");
    assert_int_equal(mkdir(cg_scratch_path("crls"), 0700), 0);
    assert_int_equal(mkdir(cg_scratch_path("2"), 0700), 0);
    assert_int_equal(symlink(".", cg_scratch_path("live")), 0);
    assert_int_equal(symlink("2", cg_scratch_path("live.new")), 0);
    cg_pki_write(pki, folder, "ca.pem", "root");
    cg_pki_write(pki, folder, "other.pem", "other");
    cg_pki_write(pki, folder, "crls/root.crl", "crl");
    cg_pki_write(pki, folder, "odd.pem", "odd");
    cg_pki_write_key(pki, folder, "odd.key", "odd");
    cg_pki_free(pki);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    cg_scratch_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_when_it_is_due),
        cmocka_unit_test(offers_only_tested_policies),
        cmocka_unit_test(waits_for_the_target_of_a_link),
        cmocka_unit_test(other_files_do_not_delay_a_load),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
