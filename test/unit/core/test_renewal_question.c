/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What devices publish to the renewal topic, and base64 in exactly one form. */
#include "core/renewal/question.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *payload;
    enum cg_question_kind kind;
    unsigned number;
} rows[] = {
    {"", CG_QUESTION_DUE, 0},
    {"0", CG_QUESTION_REQUEST, 0},
    {"0\x82", CG_QUESTION_REQUEST, 0},
    {"MII", CG_QUESTION_BASE64, 0},
    {"chain 1", CG_QUESTION_CHAIN, 1},
    {"chain 4", CG_QUESTION_CHAIN, 4},
    {"chain 9999", CG_QUESTION_CHAIN, 9999},
    {"anchor 1", CG_QUESTION_ANCHOR, 1},
    {"anchor 12", CG_QUESTION_ANCHOR, 12},
    {"chain", CG_QUESTION_UNKNOWN, 0},
    {"chain ", CG_QUESTION_UNKNOWN, 0},
    {"chain 0", CG_QUESTION_UNKNOWN, 0},
    {"chain 01", CG_QUESTION_UNKNOWN, 0},
    {"chain 10000", CG_QUESTION_UNKNOWN, 0},
    {"chain 4294967297", CG_QUESTION_UNKNOWN, 0},
    {"chain 1 ", CG_QUESTION_UNKNOWN, 0},
    {"chain 1\n", CG_QUESTION_UNKNOWN, 0},
    {"chain  1", CG_QUESTION_UNKNOWN, 0},
    {"chain -1", CG_QUESTION_UNKNOWN, 0},
    {"chain +1", CG_QUESTION_UNKNOWN, 0},
    {"chain1", CG_QUESTION_UNKNOWN, 0},
    {"Chain 1", CG_QUESTION_UNKNOWN, 0},
    {"anchor", CG_QUESTION_UNKNOWN, 0},
    {"due", CG_QUESTION_UNKNOWN, 0},
    {"{}", CG_QUESTION_UNKNOWN, 0},
    {"\n", CG_QUESTION_UNKNOWN, 0},
    {"1", CG_QUESTION_UNKNOWN, 0},
};

static struct cg_question ask(const char *payload, size_t len)
{
    char *exact = malloc(len ? len : 1); /* so that a sanitizer sees what is read beyond the end */
    assert_non_null(exact);
    memcpy(exact, payload, len);
    const struct cg_question question = cg_question_of(exact, len);
    free(exact);
    return question;
}

static void test_questions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cg_question question = ask(rows[i].payload, strlen(rows[i].payload));
        if (question.kind != rows[i].kind)
            print_error("\"%s\"\n", rows[i].payload);
        assert_int_equal(question.kind, rows[i].kind);
        assert_int_equal(question.number, rows[i].number);
    }
    assert_int_equal(ask("chain 1", 8).kind, CG_QUESTION_UNKNOWN); /* with the NUL */
    assert_int_equal(cg_question_of(NULL, 0).kind, CG_QUESTION_DUE);
}

static void test_sizes(void **state)
{
    (void)state;
    static char payload[CG_RENEW_PAYLOAD_MAX + 1];
    payload[0] = 0x30;
    assert_int_equal(ask(payload, CG_RENEW_REQUEST_MAX).kind, CG_QUESTION_REQUEST);
    assert_int_equal(ask(payload, CG_RENEW_REQUEST_MAX + 1).kind, CG_QUESTION_UNKNOWN);
    payload[0] = 'M';
    assert_int_equal(ask(payload, CG_RENEW_PAYLOAD_MAX).kind, CG_QUESTION_BASE64);
    assert_int_equal(ask(payload, CG_RENEW_PAYLOAD_MAX + 1).kind, CG_QUESTION_UNKNOWN);
}

/* Any length decodes to what OpenSSL encoded, and into not one octet less of room. */
static void test_base64(void **state)
{
    (void)state;
    unsigned char data[200], out[200];
    char text[300];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 151 + 7);
    for (size_t len = 1; len <= sizeof data; len++) {
        const size_t chars = (size_t)EVP_EncodeBlock((unsigned char *)text, data, (int)len);
        assert_int_equal(cg_renewal_decode(text, chars, out, len), len);
        assert_memory_equal(out, data, len);
        assert_int_equal(cg_renewal_decode(text, chars, out, len - 1), 0);
        assert_int_equal(cg_renewal_decode(text, chars - 1, out, sizeof out), 0);
    }
}

static const struct {
    const char *text, *data; /* NULL: refused */
} encodings[] = {
    {"TWFu", "Man"}, {"TWE=", "Ma"}, {"TQ==", "M"},        {"TWFu\n", "Man"},     {"TW\nFu", "Man"}, {"TWE\n=", "Ma"},
    {"", NULL},      {"\n", NULL},   {"T", NULL},          {"TW", NULL},          {"TWF", NULL},     {"TWF=TWFu", NULL},
    {"TWE", NULL},   {"TQ=", NULL},  {"T===", NULL},       {"====", NULL},        {"TWE==", NULL},   {"TQ==TQ==", NULL},
    {"TWF=", NULL},  {"TR==", NULL}, {"TQ==\nTWFu", NULL}, {"TWFu====", NULL},    {"TW Fu", NULL},   {"TWFu\r\n", NULL},
    {"TWF-", NULL},  {"TWF_", NULL}, {"TW.u", NULL},       {"TW\xc3\xa4u", NULL}, {"=TWFu", NULL},   {"T=Fu", NULL},
    {"TW=u", NULL},
};

static void test_encodings(void **state)
{
    (void)state;
    unsigned char out[16];
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        const size_t len = cg_renewal_decode(encodings[i].text, strlen(encodings[i].text), out, sizeof out);
        assert_int_equal(len, encodings[i].data ? strlen(encodings[i].data) : 0);
        assert_memory_equal(out, encodings[i].data ? encodings[i].data : "", len);
    }
    assert_int_equal(cg_renewal_decode("TWF\0", 4, out, sizeof out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_questions), cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_base64), cmocka_unit_test(test_encodings)};
    return cmocka_run_group_tests_name("renewal questions", tests, NULL, NULL);
}
