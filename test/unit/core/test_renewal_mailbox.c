/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The files of the spool: what is written is read, and nothing else is. */
#include "core/renewal/mailbox.h"
#include "core/renewal/question.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1800000000

static struct cg_pki *pki;
static char *request_text, *answer_text, *refusal_text, *done_text;
static char id[CG_RENEWAL_ID_MAX];

static char *print(cJSON *json)
{
    assert_non_null(json);
    char *text = cJSON_PrintUnformatted(json);
    assert_non_null(text);
    cJSON_Delete(json);
    return text;
}

static void make_request(void)
{
    static struct cg_made made;
    struct cg_refusal refusal;
    struct cg_mail_request mail = {.received = NOW, .certificate = cg_pki_cert(pki, "dev")};
    const struct cg_request_parts parts = {mail.certificate, cg_pki_key(pki, "dev"), cg_pki_key(pki, "new"),
                                           .proof = NULL};
    cg_request_make(&parts, &made);
    mail.data = made.data;
    mail.len = made.len;
    assert_true(cg_renewal_parse(mail.data, mail.len, &mail.request, &refusal));
    assert_true(cg_renewal_id(mail.certificate, &mail.request, mail.id));
    memcpy(id, mail.id, sizeof id);
    request_text = print(cg_mail_request_json(&mail));
}

static void make_answers(void)
{
    struct cg_mail_answer answer = {.certificate = cg_pki_cert(pki, "new"), .chain = cg_pki_stack(pki, "sub ca")};
    memcpy(answer.id, id, sizeof id);
    answer_text = print(cg_mail_answer_json(&answer));
    sk_X509_pop_free(answer.chain, X509_free);
    answer = (struct cg_mail_answer){.refused = CG_REASON_RENEWAL_DENIED, .detail = "not now: \"later\""};
    memcpy(answer.id, id, sizeof id);
    refusal_text = print(cg_mail_answer_json(&answer));
    done_text = print(cg_mail_done_json(id, NOW));
}

static int set_up(void **state)
{
    (void)state;
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "ca: ca\nsub: ca issuer=ca\ndev: issuer=sub\nnew: issuer=sub cn=dev\nother: issuer=sub");
    make_request();
    make_answers();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cJSON_free(request_text);
    cJSON_free(answer_text);
    cJSON_free(refusal_text);
    cJSON_free(done_text);
    cg_pki_free(pki);
    return 0;
}

static bool request_reads(const char *text, size_t len)
{
    struct cg_mail_request mail;
    struct cg_error err = {""};
    const bool ok = cg_mail_request_read(text, len, &mail, &err);
    assert_int_equal(ok, err.text[0] == '\0');
    cg_mail_request_clear(&mail);
    return ok;
}

static bool answer_reads(const char *text, size_t len)
{
    struct cg_mail_answer mail;
    struct cg_error err = {""};
    const bool ok = cg_mail_answer_read(text, len, &mail, &err);
    assert_int_equal(ok, err.text[0] == '\0');
    cg_mail_answer_clear(&mail);
    return ok;
}

static bool done_reads(const char *text, size_t len)
{
    int64_t confirmed = 0;
    struct cg_error err = {""};
    const bool ok = cg_mail_done_read(text, len, id, &confirmed, &err);
    assert_int_equal(ok, err.text[0] == '\0');
    return ok;
}

static void test_request(void **state)
{
    (void)state;
    struct cg_mail_request mail;
    struct cg_error err = {""};
    assert_true(cg_mail_request_read(request_text, strlen(request_text), &mail, &err));
    assert_string_equal(mail.id, id);
    assert_int_equal(mail.received, NOW);
    assert_int_equal(X509_cmp(mail.certificate, cg_pki_cert(pki, "dev")), 0);
    assert_ptr_equal(mail.request.whole.at, mail.data);
    char *again = print(cg_mail_request_json(&mail));
    assert_string_equal(again, request_text);
    cJSON_free(again);
    cg_mail_request_clear(&mail);
}

static void test_answers(void **state)
{
    (void)state;
    struct cg_mail_answer mail;
    struct cg_error err = {""};
    assert_true(cg_mail_answer_read(answer_text, strlen(answer_text), &mail, &err));
    assert_string_equal(mail.id, id);
    assert_int_equal(mail.refused, CG_REASON_OK);
    assert_int_equal(sk_X509_num(mail.chain), 2);
    assert_int_equal(X509_cmp(mail.certificate, cg_pki_cert(pki, "new")), 0);
    char *again = print(cg_mail_answer_json(&mail));
    assert_string_equal(again, answer_text);
    cJSON_free(again);
    cg_mail_answer_clear(&mail);
    assert_true(cg_mail_answer_read(refusal_text, strlen(refusal_text), &mail, &err));
    assert_null(mail.certificate);
    assert_int_equal(mail.refused, CG_REASON_RENEWAL_DENIED);
    assert_string_equal(mail.detail, "not now: \"later\"");
    again = print(cg_mail_answer_json(&mail));
    assert_string_equal(again, refusal_text);
    cJSON_free(again);
    cg_mail_answer_clear(&mail);
}

static void test_done(void **state)
{
    (void)state;
    int64_t confirmed = 0;
    struct cg_error err = {""};
    assert_true(cg_mail_done_read(done_text, strlen(done_text), id, &confirmed, &err));
    assert_int_equal(confirmed, NOW);
    char other[CG_RENEWAL_ID_MAX];
    memset(other, '0', sizeof other - 1);
    other[sizeof other - 1] = '\0';
    assert_false(cg_mail_done_read(done_text, strlen(done_text), other, &confirmed, &err));
}

/* A file that was cut off is no file; what follows the object is refused, except for the line feed. */
static void test_truncations(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool (*reads)(const char *text, size_t len);
    } files[] = {{request_text, request_reads},
                 {answer_text, answer_reads},
                 {refusal_text, answer_reads},
                 {done_text, done_reads}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const size_t whole = strlen(files[i].text);
        char *exact = malloc(whole + 2);
        assert_non_null(exact);
        for (size_t len = 0; len <= whole; len++) {
            memcpy(exact, files[i].text, len);
            assert_int_equal(files[i].reads(exact, len), len == whole);
        }
        exact[whole] = '\n';
        assert_true(files[i].reads(exact, whole + 1));
        exact[whole] = '{';
        assert_false(files[i].reads(exact, whole + 1));
        free(exact);
    }
}

/* Replaces one member by JSON text; "" removes it. */
static char *with(const char *text, const char *key, const char *json)
{
    cJSON *object = cJSON_Parse(text);
    assert_non_null(object);
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    if (json[0])
        assert_true(cJSON_AddItemToObject(object, key, cJSON_Parse(json)));
    return print(object);
}

static const struct {
    const char *key, *json;
    bool ok;
} request_rows[] = {
    {"id", "", false},
    {"id", "null", false},
    {"id", "\"\"", false},
    {"id", "\"../../../etc/passwd\"", false},
    {"id", "\"d3ff76f444fcc83e66e72afe62fa69f66a705073585bc5921e24114a7f629d7b\"", false}, /* another */
    {"received", "", false},
    {"received", "1800000000", false},
    {"received", "\"2027-01-15\"", false},
    {"received", "\"yesterday\"", false},
    {"received", "\"2027-01-15T08:00:00+01:00\"", false},
    {"received", "\"2027-02-30T08:00:00Z\"", false},
    {"received", "\"1999-12-31T23:59:59Z\"", true}, /* any time: it is not trusted */
    {"certificate", "", false},
    {"certificate", "[]", false},
    {"certificate", "\"\"", false},
    {"certificate", "\"MAA=\"", false},
    {"certificate", "\"not base64\"", false},
    {"request", "", false},
    {"request", "\"MAA=\"", false},
    {"request", "7", false},
    {"ID", "\"x\"", false}, /* an unknown key */
    {"confirmed", "\"2027-01-15T08:00:00Z\"", false},
    {"", "1", false},
};

static void test_request_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof request_rows / sizeof *request_rows; i++) {
        char *text = with(request_text, request_rows[i].key, request_rows[i].json);
        if (request_reads(text, strlen(text)) != request_rows[i].ok)
            fail_msg("%s: %s", request_rows[i].key, request_rows[i].json);
        cJSON_free(text);
    }
}

static const struct {
    bool refusal;
    const char *key, *json;
    bool ok;
} answer_rows[] = {
    {false, "id", "", false},
    {false, "id", "\"x\"", false},
    {false, "certificate", "", false},
    {false, "certificate", "\"MAA=\"", false},
    {false, "certificate", "{}", false},
    {false, "chain", "", false},
    {false, "chain", "null", false},
    {false, "chain", "{}", false},
    {false, "chain", "[]", true},
    {false, "chain", "[7]", false},
    {false, "chain", "[\"MAA=\"]", false},
    {false, "refused", "\"renewal_denied\"", false}, /* both a certificate and a refusal */
    {false, "detail", "\"\"", false},
    {false, "other", "1", false},
    {true, "id", "", false},
    {true, "refused", "7", false},
    {true, "refused", "\"expired\"", false}, /* not of renewal */
    {true, "refused", "\"ok\"", false},
    {true, "refused", "\"\"", false},
    {true, "refused", "\"renewal_forked\"", true},
    {true, "detail", "", false},
    {true, "detail", "\"\"", true},
    {true, "detail", "\"a\\nb\"", false},
    {true, "detail", "\"\\u202e\"", false},
    {true, "detail", "\"Stra\xc3\x9f\x65\"", true},
    {true, "chain", "[]", false},
};

static void test_answer_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answer_rows / sizeof *answer_rows; i++) {
        char *text = with(answer_rows[i].refusal ? refusal_text : answer_text, answer_rows[i].key, answer_rows[i].json);
        if (answer_reads(text, strlen(text)) != answer_rows[i].ok)
            fail_msg("%s: %s", answer_rows[i].key, answer_rows[i].json);
        cJSON_free(text);
    }
}

static void test_detail_length(void **state)
{
    (void)state;
    char json[256];
    for (size_t len = 158; len <= 161; len++) {
        snprintf(json, sizeof json, "\"%0*d\"", (int)len, 0);
        char *text = with(refusal_text, "detail", json);
        assert_int_equal(answer_reads(text, strlen(text)), len < 160);
        cJSON_free(text);
    }
}

static void test_chain_length(void **state)
{
    (void)state;
    static const char *const chains[] = {"", "ca", "ca ca", "ca ca ca", "ca ca ca ca", "ca ca ca ca ca"};
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        struct cg_mail_answer answer = {.certificate = cg_pki_cert(pki, "new"), .chain = cg_pki_stack(pki, chains[i])};
        memcpy(answer.id, id, sizeof id);
        char *text = print(cg_mail_answer_json(&answer));
        assert_int_equal(answer_reads(text, strlen(text)), i <= CG_RENEW_CHAIN_MAX);
        cJSON_free(text);
        sk_X509_pop_free(answer.chain, X509_free);
    }
}

/* Texts that are hostile whatever they are read as. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "null",
                                        "[]",
                                        "\"\"",
                                        "7",
                                        "{}",
                                        "{",
                                        "}",
                                        "{\"id\":}",
                                        "[[[[[[[[[[[[[[[[[[[[[[[[",
                                        "{\"id\":1,\"id\":2}",
                                        "{\"id\":\"\\u0000\"}",
                                        "\xff\xfe{}",
                                        "{\"chain\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}",
                                        "// {}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(request_reads(texts[i], strlen(texts[i])));
        assert_false(answer_reads(texts[i], strlen(texts[i])));
        assert_false(done_reads(texts[i], strlen(texts[i])));
    }
}

static void test_size(void **state)
{
    (void)state;
    char *text = malloc(CG_MAILBOX_FILE_MAX + 1);
    assert_non_null(text);
    const size_t len = strlen(request_text);
    memset(text, ' ', CG_MAILBOX_FILE_MAX + 1);
    memcpy(text, request_text, len);
    assert_true(request_reads(text, CG_MAILBOX_FILE_MAX));
    assert_false(request_reads(text, CG_MAILBOX_FILE_MAX + 1));
    free(text);
}

/* A request in the name of another device has another ID, so it never replaces anybody's. */
static void test_other_certificate(void **state)
{
    (void)state;
    struct cg_mail_answer answer = {.certificate = cg_pki_cert(pki, "other")};
    cJSON *json = cg_mail_answer_json(&answer);
    char *certificate = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(json, "certificate"));
    char *text = with(request_text, "certificate", certificate);
    assert_false(request_reads(text, strlen(text)));
    cJSON_free(text);
    cJSON_free(certificate);
    cJSON_Delete(json);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_request_members),
        cmocka_unit_test(test_answer_members),
        cmocka_unit_test(test_detail_length),
        cmocka_unit_test(test_chain_length),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_other_certificate),
    };
    return cmocka_run_group_tests_name("files of the spool", tests, set_up, tear_down);
}
