/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which clients may publish to a topic, by Mosquitto's list of topics. test/broker/doctor_fixes.sh asks a broker the same. */
#include "broker/acl_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RENEW "$CONTROL/certguard/v1/renew"

static void filters_match_topics(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *topic;
        bool matches;
    } rows[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/bc", false},
        {"a/b", "a", false},
        {"a", "a/b", false},
        {"a/+", "a/b", true},
        {"+/b", "a/b", true},
        {"a/+", "a/b/c", false},
        {"a/+", "a", false},
        {"a/#", "a/b/c", true},
        {"a/#", "a", true},
        {"#", "a/b", true},
        {"+/+", "/b", true},
        {"a/+/c", "a//c", true},
        {"a+", "ab", false},
        {"#", RENEW, false},
        {"+/certguard/#", RENEW, false},
        {"$CONTROL/#", RENEW, true},
        {RENEW, RENEW, true},
        {RENEW "/#", RENEW, true},
        {RENEW "/+", RENEW, false},
        {"$CONTROL/+/v1/renew", RENEW, true},
        {"$CONTROL", RENEW, false},
        {"", "a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cg_topic_matches(rows[i].filter, rows[i].topic) != rows[i].matches)
            fail_msg("%s and %s", rows[i].filter, rows[i].topic);
}

static void lists_allow_or_deny(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned denied;
        bool named, allowed;
    } rows[] = {
        {"pattern write " RENEW "\n", 0, true, true},
        {"pattern " RENEW, 0, true, true},
        {"  pattern   readwrite   " RENEW " \r\n", 0, true, true},
        {"#pattern write " RENEW "\n", 0, true, false},
        {"pattern read " RENEW "\n", 0, true, false},
        {"pattern readwrite #\npattern write x/%u\n", 0, true, false},
        {"pattern readwrite %u/#\npattern write $CONTROL/#\n", 0, true, true},
        {"", 0, true, false},
        /* lines of users: one is enough */
        {"user a\ntopic write " RENEW "\nuser b\ntopic " RENEW "\n", 0, true, true},
        {"user a\ntopic write " RENEW "\nuser b\ntopic b/#\n", 0, true, true},
        {"user a\ntopic x\nuser b\ntopic " RENEW "\nuser a\ntopic write $CONTROL/#\n", 0, true, true},
        {"user a b\ntopic x\n", 0, true, false},
        {"user a\ntopic write " RENEW "\nuser b\n", 0, true, true}, /* b may do nothing */
        {"pattern read x/%u\nuser a\ntopic write " RENEW "\n", 0, true, true},
        {"user a\ntopic x\npattern write " RENEW "\n", 0, true, true},
        /* lines before the first user are for clients without a user name */
        {"topic write " RENEW "\n", 0, false, true},
        {"topic write " RENEW "\n", 0, true, false},
        {"topic write " RENEW "\nuser a\ntopic x\n", 0, true, false},
        {"topic x\nuser a\ntopic write " RENEW "\n", 0, true, true},
        {"topic x\nuser a\ntopic write " RENEW "\n", 0, false, true},
        /* a line that denies comes before all that allow */
        {"pattern write " RENEW "\npattern deny $CONTROL/#\n", 2, true, true},
        {"pattern write " RENEW "\nuser a\ntopic deny " RENEW "\n", 3, true, true},
        {"topic deny $CONTROL/#\npattern write " RENEW "\n", 0, true, true},
        {"topic deny $CONTROL/#\npattern write " RENEW "\n", 1, false, true},
        {"pattern write " RENEW "\npattern deny #\n", 0, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = strdup(rows[i].text);
        struct cg_acl_answer answer;
        assert_non_null(text);
        assert_true(cg_acl_may_write(text, RENEW, rows[i].named, &answer));
        if (answer.allowed != rows[i].allowed || answer.denied != rows[i].denied)
            fail_msg("%s: allowed %d, line %u denies", rows[i].text, answer.allowed, answer.denied);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters_match_topics), cmocka_unit_test(lists_allow_or_deny)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
