/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a new policy changes is named by place. */
#include "core/policy/policy_changes.h"
#include "core/policy/policy_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cg_policy *policy_of(const char *json)
{
    struct cg_error err = {""};
    struct cg_policy *policy = cg_policy_parse("policy.json", json, strlen(json), &err);
    if (!policy)
        fail_msg("%s", err.text);
    return policy;
}

static void changes_are_named(void **unused)
{
    (void)unused;
    static const struct {
        const char *old, *fresh, *expected;
    } rows[] = {
        {"{}", "{}", ""},
        {"{\"sessions\": \"end\"}", "{ \"sessions\":\"end\" }", ""},
        {"{}", "{\"sessions\": \"report\"}", "$.sessions"},
        {"{\"sessions\": \"report\"}", "{}", "$.sessions"},
        {"{\"client\": {\"max_depth\": 3}}", "{\"client\": {\"max_depth\": 2}, \"mode\": \"audit\"}",
         "$.client.max_depth, $.mode"},
        {"{\"listeners\": [{\"port\": 1}, {\"port\": 2}]}",
         "{\"listeners\": [{\"port\": 1}, {\"port\": 2, \"sessions\": \"report\"}]}", "$.listeners[1].sessions"},
        {"{\"listeners\": [{\"port\": 1}]}", "{\"listeners\": [{\"port\": 1}, {\"port\": 2}]}", "$.listeners"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_policy *old = policy_of(rows[i].old), *fresh = policy_of(rows[i].fresh);
        char changes[200];
        cg_policy_changes(old, fresh, changes, sizeof changes);
        assert_string_equal(changes, rows[i].expected);
        cg_policy_free(old);
        cg_policy_free(fresh);
    }
}

static void many_changes_are_cut(void **unused)
{
    (void)unused;
    struct cg_policy *old = policy_of("{}");
    struct cg_policy *fresh = policy_of(
        "{\"client\": {\"max_depth\": 2, \"strict\": true}, \"server\": {\"max_depth\": 2, \"strict\": true}, "
        "\"mode\": "
        "\"audit\","
        " \"sessions\": \"report\", \"send_will\": false, \"deny\": [], \"allow\": [], \"bridge\": {\"max_depth\": 2},"
        " \"admin\": [], \"tls\": {}, \"identity\": {}}");
    char changes[200], small[20];
    cg_policy_changes(old, fresh, changes, sizeof changes);
    assert_non_null(strstr(changes, ", ..."));
    cg_policy_changes(old, fresh, small, sizeof small);
    assert_true(strlen(small) < sizeof small);
    cg_policy_free(old);
    cg_policy_free(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_named),
        cmocka_unit_test(many_changes_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
