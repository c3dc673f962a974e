/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin_opt lines: valid ones, and the text of each error. */
#include "broker/host/options.h"

#include "broker/host/mosquitto_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *sentence;
    const char *given[4][2];
    const char *error; /* part of the error; NULL: valid */
};

static const struct row rows[] = {
    {"a policy alone is fine", {{"policy", "p.json"}}, NULL},
    {"anchors alone are fine", {{"trust_anchors", "ca.pem"}}, NULL},
    {"a log goes with either", {{"event_log", "-"}, {"policy", "p.json"}}, NULL},
    {"nothing at all names what is missing", {{NULL, NULL}}, "found neither"},
    {"a log alone is not enough", {{"event_log", "x"}}, "found neither"},
    {"policy and anchors exclude each other", {{"policy", "p"}, {"trust_anchors", "a"}}, "found both"},
    {"an unknown option is named", {{"policy", "p"}, {"polcy", "q"}}, "plugin_opt_polcy: unknown option"},
    {"a repeated option is named with both values", {{"policy", "p"}, {"policy", "q"}}, "twice ('p' and 'q')"},
    {"an empty value is named", {{"policy", ""}}, "plugin_opt_policy: expected a file name"},
    {"a control character in a key is escaped", {{"a\nb", "x"}}, "plugin_opt_a\\x0ab"},
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mosquitto_opt given[4];
        char text[8][64];
        int count = 0;
        for (; count < 4 && rows[i].given[count][0]; count++) {
            given[count].key = text[2 * count];
            given[count].value = text[2 * count + 1];
            snprintf(given[count].key, 64, "%s", rows[i].given[count][0]);
            snprintf(given[count].value, 64, "%s", rows[i].given[count][1]);
        }
        struct cg_options options;
        struct cg_error err = {""};
        bool taken = cg_options_read(given, count, &options, &err);
        if (taken != !rows[i].error || (rows[i].error && !strstr(err.text, rows[i].error)))
            fail_msg("%s: %s", rows[i].sentence, taken ? "taken" : err.text);
        cg_options_clear(&options);
    }
}

static void equal_until_a_value_differs(void **state)
{
    (void)state;
    char key[] = "policy", value[] = "p", other[] = "q";
    struct mosquitto_opt given = {key, value};
    struct cg_options one, two;
    struct cg_error err = {""};
    assert_true(cg_options_read(&given, 1, &one, &err));
    assert_true(cg_options_read(&given, 1, &two, &err));
    assert_true(cg_options_equal(&one, &two));
    cg_options_clear(&two);
    given.value = other;
    assert_true(cg_options_read(&given, 1, &two, &err));
    assert_false(cg_options_equal(&one, &two));
    cg_options_clear(&one);
    cg_options_clear(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(equal_until_a_value_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
