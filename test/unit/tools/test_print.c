/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Text of others on its way to a terminal or into JSON: no control, no second line, and UTF-8. */
#include "cli/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *shown, *json; /* json: of the string, in its quotes */
} rows[] = {
    {"broker.lan", "broker.lan", "\"broker.lan\""},
    {"Főtanúsítvány", "Főtanúsítvány", "\"Főtanúsítvány\""},
    {"\033[31mred", "\\x1b[31mred", "\"\\u001b[31mred\""},
    {"\302\23331mred", "\\xc2\\x9b31mred", "\"\\u009b31mred\""},
    {"a\nerror: b", "a\\x0aerror: b", "\"a\\nerror: b\""},
    {"a\rb\177", "a\\x0db\\x7f", "\"a\\rb\\u007f\""},
    {"\342\200\256txt.exe", "\\xe2\\x80\\xaetxt.exe", "\"\\u202etxt.exe\""},
    {"\377\376", "\\xff\\xfe", "\"\\\\xff\\\\xfe\""},
    {"cut \303", "cut \\xc3", "\"cut \\\\xc3\""},
    {"\300\257", "\\xc0\\xaf", "\"\\\\xc0\\\\xaf\""},
};

static void check_print(const char *text, const char *shown)
{
    char *out = NULL, wanted[256];
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    assert_non_null(to);
    cg_print(to, "%s: error:\n  %d\n", text, 7);
    cg_print_in(to, CG_RED, "%s", text);
    assert_int_equal(fclose(to), 0);
    /* a line end of the text makes those of the format visible too */
    snprintf(wanted, sizeof wanted, "%s: error:%s  7\n%s", shown, strchr(text, '\n') ? "\\x0a" : "\n", shown);
    assert_string_equal(out, wanted);
    free(out);
}

static void texts_are_one_line_without_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_print(rows[i].text, rows[i].shown);
}

static void json_is_utf8_that_commands_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *string = cJSON_CreateString(rows[i].text);
        char *text = cg_json_line(string);
        assert_string_equal(text, rows[i].json);
        cJSON *again = cJSON_Parse(text);
        assert_true(cJSON_IsString(again));
        free(text);
        cJSON_Delete(again);
        cJSON_Delete(string);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_one_line_without_commands),
        cmocka_unit_test(json_is_utf8_that_commands_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
