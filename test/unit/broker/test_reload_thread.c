/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The reload thread: when it loads, and which policies it rejects. */
#include "broker/reload/reload.h"
#include "lib/pki_maker.h"
#include "lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void moment(void)
{
    const struct timespec ten_ms = {0, 10000000};
    nanosleep(&ten_ms, NULL);
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
    char path[512];
    struct cg_error err = {""};
    struct cg_file_states seen = {NULL, 0};
    struct cg_faults none = {0};
    snprintf(path, sizeof path, "%s", cg_scratch_path("policy.json"));
    const struct cg_snapshot_source source = {.policy = path};
    write_policy("");
    struct cg_snapshot *first = cg_snapshot_load(&source, NULL, time(NULL), &seen, NULL, &err);
    if (!first)
        fail_msg("%s", err.text);
    struct cg_reload *reload = cg_reload_start(&source, first, &seen, &none, &err);
    assert_non_null(reload);
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

static int make_files(void **state)
{
    (void)state;
    const char *folder = cg_scratch_open("reload");
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nodd: server issuer=root key=secp256k1\n");
    cg_pki_write(pki, folder, "ca.pem", "root");
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
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
