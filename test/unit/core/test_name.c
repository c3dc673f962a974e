/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Names and serial numbers as text: nothing that comes out can forge a line. */
#include "core/cert/name.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void text_is_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *says, *in;
        size_t len, room;
        const char *out;
        bool clean;
    } rows[] = {
        {"plain text", "dev1", 4, 32, "dev1", true},
        {"nothing", "", 0, 32, "", true},
        {"UTF-8", "M\xc3\xbcll", 5, 32, "M\xc3\xbcll", true},
        {"NUL inside", "a\0b", 3, 32, "a\\x00b", false},
        {"line feed", "a\nb", 3, 32, "a\\x0ab", false},
        {"DEL", "\x7f", 1, 32, "\\x7f", false},
        {"C1 control", "\xc2\x85", 2, 32, "\\xc2\\x85", false},
        {"line separator", "\xe2\x80\xa8", 3, 32, "\\xe2\\x80\\xa8", false},
        {"right-to-left override", "\xe2\x80\xae", 3, 32, "\\xe2\\x80\\xae", false},
        {"overlong slash", "\xc0\xaf", 2, 32, "\\xc0\\xaf", false},
        {"surrogate", "\xed\xa0\x80", 3, 32, "\\xed\\xa0\\x80", false},
        {"cut-off sequence", "a\xc3", 2, 32, "a\\xc3", false},
        {"fits to the last octet", "1234567", 7, 8, "1234567", true},
        {"too long by one", "12345678", 8, 8, "1234...", false},
        {"never cut inside a character",
         "123\xc3\xbc"
         "678",
         8, 8, "123...", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[64];
        bool clean = cg_text_escape(rows[i].in, rows[i].len, out, rows[i].room);
        if (clean != rows[i].clean || strcmp(out, rows[i].out) != 0)
            fail_msg("%s: got '%s', %s", rows[i].says, out, clean ? "clean" : "not clean");
    }
}

static void serial_numbers_are_hex_without_leading_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"0", "0"}, {"1", "1"}, {"255", "ff"}, {"4096", "1000"}, {"-5", "-"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BIGNUM *n = NULL;
        char out[CG_HEX_MAX];
        assert_true(BN_dec2bn(&n, rows[i].in) > 0);
        ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(n, NULL);
        assert_non_null(serial);
        cg_serial_text(serial, out, sizeof out);
        assert_string_equal(out, rows[i].out);
        ASN1_INTEGER_free(serial);
        BN_free(n);
    }
}

static void distinguished_names_are_rfc_4514(void **state)
{
    (void)state;
    char text[64];
    X509_NAME *name = X509_NAME_new();
    assert_non_null(name);
    assert_true(cg_name_text(name, text, sizeof text));
    assert_string_equal(text, "");
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Plant, Inc", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"a\nb", -1, -1, 0);
    assert_true(cg_name_text(name, text, sizeof text));
    assert_string_equal(text, "CN=a\\x0ab,O=Plant\\, Inc");
    assert_false(cg_name_is_clean(name));
    X509_NAME_free(name);
}

/* What is cut is the start of the whole, wherever a buffer ends, also within a character of several octets. */
static void a_name_is_cut_like_its_text(void **state)
{
    (void)state;
    char whole[2048], cut[2048], expected[2048];
    X509_NAME *name = X509_NAME_new();
    for (int i = 0; i < 12; i++)
        assert_true(X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8,
                                               (const unsigned char *)"M\xc3\xbcll, \xe2\x82\xac+", -1, -1, 0));
    assert_true(cg_name_text(name, whole, sizeof whole));
    assert_true(strlen(whole) > 150);
    for (size_t size = 1; size < 300; size++) {
        assert_true(cg_name_text(name, cut, size));
        cg_text_escape(whole, strlen(whole), expected, size);
        assert_string_equal(cut, expected);
    }
    X509_NAME_free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_cut_like_its_text),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(serial_numbers_are_hex_without_leading_zeros),
        cmocka_unit_test(distinguished_names_are_rfc_4514),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
