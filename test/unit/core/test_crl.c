/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which CRLs are refused at load, and with which words. */
#include "core/crl/crl.h"
#include "crl_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct draft {
    struct crl_shape shape;
    struct piece entries, extensions;
};

static struct ca ca, other_ca, rsa_ca, ed_ca, no_crl_sign_ca;

static void plain(struct draft *d)
{
    der_entry(&d->entries, "\x05", 1, MAKER_NOW - DAY, -1);
}

static void with_reason(struct draft *d, int reason)
{
    der_entry(&d->entries, "\x05", 1, MAKER_NOW - DAY, reason);
}

static void key_compromise(struct draft *d)
{
    with_reason(d, 1);
}

static void remove_from_crl(struct draft *d)
{
    with_reason(d, 8);
}

static void reason_seven(struct draft *d)
{
    with_reason(d, 7);
}

static void none(struct draft *d)
{
    (void)d;
}

static void empty_list(struct draft *d)
{
    d->shape.entries = &d->entries;
}

static void v1(struct draft *d)
{
    d->shape.v1 = true;
}

static void no_next_update(struct draft *d)
{
    d->shape.no_next_update = true;
}

static void dates_swapped(struct draft *d)
{
    d->shape.this_update = DAY;
    d->shape.next_update = -DAY;
}

static void no_number(struct draft *d)
{
    d->shape.number = -1;
}

static void negative_number(struct draft *d)
{
    d->shape.number = -1;
    der_extension(&d->extensions, 20, false, &(struct piece){.data = (unsigned char[]){2, 1, 0xff}, .len = 3});
}

static void long_number(struct draft *d)
{
    static unsigned char number[2 + 21] = {2, 21, 1};
    d->shape.number = -1;
    der_extension(&d->extensions, 20, false, &(struct piece){.data = number, .len = sizeof number});
}

static void number_twice(struct draft *d)
{
    der_extension(&d->extensions, 20, false, &(struct piece){.data = (unsigned char[]){2, 1, 9}, .len = 3});
}

static void bad_signature(struct draft *d)
{
    d->shape.break_signature = true;
}

static void trailing_byte(struct draft *d)
{
    d->shape.trailing_byte = true;
}

static void algorithms_differ(struct draft *d)
{
    d->shape.other_inner_algorithm = true;
}

static void other_name(struct draft *d)
{
    d->shape.name = "Nobody";
}

static void other_key(struct draft *d)
{
    d->shape.issuer = &other_ca;
    d->shape.name = "CA";
}

static void no_crl_sign(struct draft *d)
{
    d->shape.issuer = &no_crl_sign_ca;
}

static void rsa(struct draft *d)
{
    d->shape.issuer = &rsa_ca;
}

static void rsa_pss(struct draft *d)
{
    rsa(d);
    d->shape.pss = true;
}

static void rsa_pss_sha384(struct draft *d)
{
    rsa_pss(d);
    d->shape.digest = "SHA384";
}

static void rsa_pss_broken(struct draft *d)
{
    rsa_pss(d);
    d->shape.break_signature = true;
}

static void ed25519(struct draft *d)
{
    d->shape.issuer = &ed_ca;
}

static void ed25519_broken(struct draft *d)
{
    ed25519(d);
    d->shape.break_signature = true;
}

static void sha1(struct draft *d)
{
    d->shape.digest = "SHA1";
}

static void unknown_extension(struct draft *d, bool critical)
{
    der_extension(&d->extensions, 99, critical, &(struct piece){.data = (unsigned char[]){5, 0}, .len = 2});
}

static void unknown_critical(struct draft *d)
{
    unknown_extension(d, true);
}

static void unknown_not_critical(struct draft *d)
{
    unknown_extension(d, false);
}

/* An extension that the RFC names, with the other criticality; not its value is at fault. */
static void wrong_bit(struct draft *d, int arc, bool critical, const char *bytes, size_t len)
{
    struct piece value = {0};
    piece_add(&value, bytes, len);
    der_extension(&d->extensions, arc, critical, &value);
    piece_free(&value);
}

static void critical_number(struct draft *d)
{
    d->shape.number = -1;
    wrong_bit(d, 20, true, "\x02\x01\x09", 3);
}

static void critical_key_id(struct draft *d)
{
    wrong_bit(d, 35, true, "\x30\x03\x80\x01\x01", 5);
}

static void critical_alt_name(struct draft *d)
{
    wrong_bit(d, 18, true,
              "\x30\x03\x82\x01"
              "a",
              5);
}

static void alt_name(struct draft *d)
{
    wrong_bit(d, 18, false,
              "\x30\x03\x82\x01"
              "a",
              5);
}

static void critical_freshest(struct draft *d)
{
    wrong_bit(d, 46, true, "\x30\x00", 2);
}

static void soft_delta(struct draft *d)
{
    wrong_bit(d, 27, false, "\x02\x01\x01", 3);
}

static void soft_scope(struct draft *d)
{
    wrong_bit(d, 28, false, "\x30\x03\x81\x01\xff", 5);
}

static void information_access(struct draft *d, bool critical)
{
    piece_add(&d->extensions,
              critical ? "\x30\x11\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x01\x01\x01\xff\x04\x02\x30\x00"
                       : "\x30\x0e\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x01\x04\x02\x30\x00",
              critical ? 19 : 16);
}

static void critical_information_access(struct draft *d)
{
    information_access(d, true);
}

static void soft_information_access(struct draft *d)
{
    information_access(d, false);
}

/* 0.0.85.29.20: its octets end as those of cRLNumber, behind one of 0 */
static void looks_like_number(struct draft *d)
{
    piece_add(&d->extensions, "\x30\x0b\x06\x04\x00\x55\x1d\x14\x04\x03\x02\x01\x09", 13);
}

static void delta(struct draft *d)
{
    der_extension(&d->extensions, 27, true, &(struct piece){.data = (unsigned char[]){2, 1, 1}, .len = 3});
}

static void scope(struct draft *d, const char *bytes, size_t len)
{
    struct piece value = {0};
    piece_add(&value, bytes, len);
    piece_wrap(&value, 0x30);
    der_extension(&d->extensions, 28, true, &value);
    piece_free(&value);
}

static void scope_empty(struct draft *d)
{
    scope(d, "", 0);
}

static void scope_users(struct draft *d)
{
    scope(d, "\x81\x01\xff", 3);
}

static void scope_users_and_cas(struct draft *d)
{
    scope(d, "\x81\x01\xff\x82\x01\xff", 6);
}

static void scope_ber_boolean(struct draft *d)
{
    scope(d, "\x81\x01\x01", 3);
}

static void scope_no_reasons(struct draft *d)
{
    scope(d, "\x83\x01\x00", 3);
}

static void scope_garbage(struct draft *d)
{
    scope(d, "\x30\x80", 2);
}

static void indirect(struct draft *d)
{
    scope(d, "\x84\x01\xff", 3);
}

static void raw_entry(struct draft *d, const char *bytes, size_t len)
{
    piece_add(&d->entries, bytes, len);
    der_time(&d->entries, MAKER_NOW);
}

static void entry_with(struct draft *d, int arc, bool critical, const char *bytes, size_t len)
{
    struct piece value = {0}, list = {0};
    piece_add(&value, bytes, len);
    der_extension(&list, arc, critical, &value);
    piece_wrap(&list, 0x30);
    raw_entry(d, "\x02\x01\x05", 3);
    piece_join(&d->entries, &list);
    piece_free(&value);
    piece_wrap(&d->entries, 0x30);
}

static void entry_unknown_critical(struct draft *d)
{
    entry_with(d, 99, true, "\x05\x00", 2);
}

static void entry_unknown(struct draft *d)
{
    entry_with(d, 99, false, "\x05\x00", 2);
}

static void entry_invalidity_date(struct draft *d)
{
    entry_with(d, 24, false,
               "\x18\x0f"
               "20251231235959Z",
               17);
}

static void entry_invalidity_date_utc(struct draft *d)
{
    entry_with(d, 24, false,
               "\x17\x0d"
               "251231235959Z",
               15);
}

static void entry_certificate_issuer(struct draft *d)
{
    entry_with(d, 29, true,
               "\x30\x04\x81\x02"
               "ab",
               6);
}

static void entry_critical_reason(struct draft *d)
{
    entry_with(d, 21, true, "\x0a\x01\x01", 3);
}

static void entry_critical_invalidity_date(struct draft *d)
{
    entry_with(d, 24, true,
               "\x18\x0f"
               "20251231235959Z",
               17);
}

static void entry_soft_certificate_issuer(struct draft *d)
{
    entry_with(d, 29, false,
               "\x30\x04\x81\x02"
               "ab",
               6);
}

static void entry_reason_two_octets(struct draft *d)
{
    entry_with(d, 21, false, "\x0a\x02\x00\x01", 4);
}

static void entry_serial_not_minimal(struct draft *d)
{
    raw_entry(d, "\x02\x02\x00\x05", 4);
    piece_wrap(&d->entries, 0x30);
}

static void entry_serial_empty(struct draft *d)
{
    raw_entry(d, "\x02\x00", 2);
    piece_wrap(&d->entries, 0x30);
}

static void entry_serial_long(struct draft *d)
{
    static const unsigned char serial[21] = {1};
    der_entry(&d->entries, serial, sizeof serial, MAKER_NOW, -1);
}

static void entry_serial_20(struct draft *d)
{
    static const unsigned char serial[20] = {0xff};
    der_entry(&d->entries, serial, sizeof serial, MAKER_NOW, -1);
}

static void entry_long_length(struct draft *d)
{
    raw_entry(d, "\x02\x81\x01\x05", 4);
    piece_wrap(&d->entries, 0x30);
}

static void entry_indefinite(struct draft *d)
{
    piece_add(&d->entries, "\x30\x80\x02\x01\x05\x00\x00", 7);
}

static void entry_no_date(struct draft *d)
{
    piece_add(&d->entries, "\x30\x03\x02\x01\x05", 5);
}

static void entry_thirtieth_of_february(struct draft *d)
{
    piece_add(&d->entries,
              "\x30\x12\x02\x01\x05\x17\x0d"
              "250230000000Z",
              20);
}

static void entry_not_a_sequence(struct draft *d)
{
    piece_add(&d->entries, "\x05\x00", 2);
}

static const struct {
    const char *sentence;
    void (*shape)(struct draft *);
    const char *strict_words, *lax_words; /* of the error; NULL: accepted */
} rows[] = {
    {"an empty CRL without revokedCertificates is good", none, NULL, NULL},
    {"one entry", plain, NULL, NULL},
    {"an entry with a reason", key_compromise, NULL, NULL},
    {"RSA with PKCS 1 v1.5", rsa, NULL, NULL},
    {"RSASSA-PSS", rsa_pss, NULL, NULL},
    {"RSASSA-PSS with another digest", rsa_pss_sha384, NULL, NULL},
    {"RSASSA-PSS, one bit wrong", rsa_pss_broken, "bad signature", "bad signature"},
    {"Ed25519", ed25519, NULL, NULL},
    {"Ed25519, one bit wrong", ed25519_broken, "bad signature", "bad signature"},
    {"SHA-1 can be forged", sha1, "SHA1", NULL},
    {"revokedCertificates present but empty", empty_list, "5.1.2.6", "5.1.2.6"},
    {"version 1", v1, "CRL of CN=CA: not a version 2 CRL", "even with crl_extended"},
    {"no nextUpdate", no_next_update, "CRL of CN=CA: no nextUpdate", "even with crl_extended"},
    {"nextUpdate before thisUpdate", dates_swapped, "before thisUpdate", "before thisUpdate"},
    {"no cRLNumber", no_number, "set crl_extended", NULL},
    {"negative cRLNumber", negative_number, "negative", "negative"},
    {"cRLNumber of 21 octets", long_number, "20 octets", "20 octets"},
    {"cRLNumber twice", number_twice, "twice", "twice"},
    {"one bit of the signature wrong", bad_signature, "bad signature", "bad signature"},
    {"a byte after the CRL", trailing_byte, "1 bytes follow", "1 bytes follow"},
    {"inner and outer signature algorithm differ", algorithms_differ, "differ", "differ"},
    {"an issuer that we do not know", other_name, "not among the certificates", "not among the certificates"},
    {"signed by another CA in the issuer's name", other_key, "bad signature", "bad signature"},
    {"issuer without cRLSign", no_crl_sign, "cRLSign", "cRLSign"},
    {"unknown critical CRL extension", unknown_critical, "critical", "critical"},
    {"unknown CRL extension that is not critical", unknown_not_critical, NULL, NULL},
    {"critical cRLNumber", critical_number, "cRLNumber is critical, but must not be",
     "CRL of CN=CA: crlExtensions: cRLN"},
    {"critical authorityKeyIdentifier", critical_key_id, "authorityKeyIdentifier is critical", "5.2.1"},
    {"critical issuerAltName", critical_alt_name, "issuerAltName is critical", "5.2.2"},
    {"issuerAltName", alt_name, NULL, NULL},
    {"critical freshestCRL", critical_freshest, "freshestCRL is critical", "5.2.6"},
    {"critical authorityInfoAccess", critical_information_access, "authorityInfoAccess is critical", "5.2.7"},
    {"authorityInfoAccess", soft_information_access, NULL, NULL},
    {"deltaCRLIndicator that is not critical", soft_delta, "deltaCRLIndicator is not critical, but must be", "5.2.4"},
    {"issuingDistributionPoint that is not critical, as CAs have written it", soft_scope, NULL, NULL},
    {"an OID that is no cRLNumber", looks_like_number, NULL, NULL},
    {"delta CRL", delta, "set crl_extended", NULL},
    {"indirect CRL", indirect, "set crl_extended", NULL},
    {"issuingDistributionPoint for user certificates", scope_users, NULL, NULL},
    {"empty issuingDistributionPoint", scope_empty, "issuingDistributionPoint: empty",
     "issuingDistributionPoint: empty"},
    {"only users and only CAs at once", scope_users_and_cas, "more than one", "more than one"},
    {"issuingDistributionPoint with a BER boolean", scope_ber_boolean, "not strict DER", "not strict DER"},
    {"onlySomeReasons without one", scope_no_reasons, "issuingDistributionPoint", "issuingDistributionPoint"},
    {"issuingDistributionPoint that is garbage", scope_garbage, "not strict DER", "not strict DER"},
    {"removeFromCRL in a complete CRL", remove_from_crl, "removeFromCRL", "removeFromCRL"},
    {"a reason that does not exist", reason_seven, "reasonCode 7", "reasonCode 7"},
    {"a reason of two octets", entry_reason_two_octets, "reasonCode", "reasonCode"},
    {"critical reasonCode", entry_critical_reason, "entry 1: reasonCode is critical", "5.3.1"},
    {"critical invalidityDate", entry_critical_invalidity_date, "invalidityDate is critical", "5.3.2"},
    {"certificateIssuer that is not critical", entry_soft_certificate_issuer, "certificateIssuer is not", "5.3.3"},
    {"unknown critical entry extension", entry_unknown_critical, "entry 1", "entry 1"},
    {"unknown entry extension that is not critical", entry_unknown, NULL, NULL},
    {"invalidityDate", entry_invalidity_date, NULL, NULL},
    {"invalidityDate as UTCTime", entry_invalidity_date_utc, "invalidityDate", "invalidityDate"},
    {"certificateIssuer in a direct CRL", entry_certificate_issuer, "certificateIssuer", "certificateIssuer"},
    {"serial number with a needless zero", entry_serial_not_minimal, "userCertificate", "userCertificate"},
    {"serial number without octets", entry_serial_empty, "userCertificate", "userCertificate"},
    {"serial number of 21 octets", entry_serial_long, "20 octets", "20 octets"},
    {"serial number of 20 octets with the top bit set", entry_serial_20, NULL, NULL},
    {"length in a longer form than needed", entry_long_length, "userCertificate", "userCertificate"},
    {"indefinite length", entry_indefinite, "entry 1", "entry 1"},
    {"entry without date", entry_no_date, "revocationDate", "revocationDate"},
    {"30 February", entry_thirtieth_of_february, "revocationDate", "revocationDate"},
    {"something else in place of an entry", entry_not_a_sequence, "entry 1", "entry 1"},
};

static STACK_OF(X509) *issuers;

static void check_row(size_t i, bool strict)
{
    struct draft d = {.shape = {.issuer = &ca}};
    const char *words = strict ? rows[i].strict_words : rows[i].lax_words;
    rows[i].shape(&d);
    if (d.entries.len > 0)
        d.shape.entries = &d.entries;
    d.shape.extensions = &d.extensions;
    size_t len;
    unsigned char *der = make_crl(&d.shape, &len);
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_error err = {""};
    bool ok = cg_crl_set_add(set, der, len, issuers, strict, &err);
    if (ok != (words == NULL) || (words && !strstr(err.text, words)))
        fail_msg("%s (%s): expected %s, got %s", rows[i].sentence, strict ? "strict" : "lax",
                 words ? words : "no error", ok ? "no error" : err.text);
    assert_int_equal(cg_crl_set_count(set), ok ? 1 : 0);
    cg_crl_set_free(set);
    free(der);
    piece_free(&d.entries);
    piece_free(&d.extensions);
}

static void refuses_with_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(i, true);
        check_row(i, false);
    }
}

/* Every prefix of a good CRL, and every CRL with one byte changed, is refused: all of it is signed or structure. */
static void refuses_every_cut_and_every_flip(void **state)
{
    (void)state;
    struct draft d = {.shape = {.issuer = &ca}};
    key_compromise(&d);
    scope_users(&d);
    d.shape.entries = &d.entries;
    d.shape.extensions = &d.extensions;
    size_t len;
    unsigned char *der = make_crl(&d.shape, &len);
    struct cg_crl_set *set = cg_crl_set_new();
    for (size_t i = 0; i < len; i++) {
        unsigned char *cut = malloc(i ? i : 1); /* its own block, so that a sanitizer sees a read past it */
        assert_non_null(cut);
        memcpy(cut, der, i);
        assert_false(cg_crl_set_add(set, cut, i, issuers, true, NULL));
        free(cut);
        der[i] ^= 0x10;
        struct cg_error err = {""};
        if (cg_crl_set_add(set, der, len, issuers, true, &err))
            fail_msg("accepted with byte %zu changed", i);
        assert_true(err.text[0] != '\0');
        der[i] ^= 0x10;
    }
    assert_true(cg_crl_set_add(set, der, len, issuers, true, NULL));
    cg_crl_set_free(set);
    free(der);
    piece_free(&d.entries);
    piece_free(&d.extensions);
}

static bool add_number(struct cg_crl_set *set, long number, int64_t this_update, struct cg_error *err)
{
    struct crl_shape shape = {
        .issuer = &ca, .number = number, .this_update = this_update, .next_update = this_update + 30 * DAY};
    size_t len;
    unsigned char *der = make_crl(&shape, &len);
    bool ok = cg_crl_set_add(set, der, len, issuers, false, err);
    free(der);
    return ok;
}

static const char *number_of(const struct cg_crl_set *set, size_t index)
{
    static struct cg_crl_info info;
    cg_crl_set_info(set, index, &info);
    return info.number;
}

static void never_goes_back(void **state)
{
    (void)state;
    struct cg_crl_set *set = cg_crl_set_new(), *older = cg_crl_set_new();
    struct cg_error err = {""};
    assert_true(add_number(set, 0x100, -2 * DAY, &err));
    assert_string_equal(number_of(set, 0), "100");
    assert_false(add_number(set, 0xff, -DAY, &err)); /* by value, not by length or date */
    assert_non_null(strstr(err.text, "cRLNumber ff is older than 100"));
    assert_string_equal(number_of(set, 0), "100");
    assert_true(add_number(set, 0x100, -2 * DAY, &err)); /* the same again */
    assert_false(add_number(set, 0x100, -3 * DAY, &err));
    assert_true(add_number(set, 0x101, -2 * DAY, &err));
    assert_string_equal(number_of(set, 0), "101");
    assert_int_equal(cg_crl_set_count(set), 1);
    assert_false(add_number(set, -1, -3 * DAY, &err)); /* without a number, by date */

    struct cg_faults faults = {NULL, 0, 0};
    assert_true(add_number(older, 0x100, -2 * DAY, &err));
    assert_true(cg_crl_set_keep(older, set, issuers, &faults));
    assert_int_equal(faults.count, 1);
    assert_non_null(strstr(faults.item[0].error.text, "cRLNumber 100 is older than 101"));
    assert_string_equal(number_of(older, 0), "101");
    assert_true(cg_crl_set_keep(set, older, issuers, &faults) && cg_crl_set_keep(set, NULL, issuers, &faults));
    assert_int_equal(faults.count, 1);
    assert_true(cg_crl_set_same(set, older));
    cg_faults_clear(&faults);
    cg_crl_set_free(set);
    cg_crl_set_free(older);
}

static void no_issuers_no_crl(void **state)
{
    (void)state;
    struct crl_shape shape = {.issuer = &ca};
    struct cg_error err = {""};
    size_t len;
    unsigned char *der = make_crl(&shape, &len);
    struct cg_crl_set *set = cg_crl_set_new();
    assert_false(cg_crl_set_add(set, der, len, NULL, false, &err));
    assert_false(cg_crl_set_add(set, NULL, 0, issuers, false, &err));
    cg_crl_set_free(set);
    free(der);
}

static int set_up(void **state)
{
    (void)state;
    static const char *const extensions[] = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
                                             NULL};
    EVP_PKEY *rsa_key = EVP_RSA_gen(2048), *ed_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ca = make_ca("CA", NULL, NULL);
    other_ca = make_ca("Other CA", NULL, NULL);
    rsa_ca = make_ca("RSA CA", NULL, rsa_key);
    ed_ca = make_ca("Ed CA", NULL, ed_key);
    no_crl_sign_ca = make_ca("Mute CA", NULL, NULL);
    X509_free(no_crl_sign_ca.cert);
    no_crl_sign_ca.cert = make_cert("Mute CA", 1, no_crl_sign_ca.key, NULL, extensions);
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(ed_key);
    issuers = sk_X509_new_null();
    sk_X509_push(issuers, ca.cert);
    sk_X509_push(issuers, other_ca.cert);
    sk_X509_push(issuers, rsa_ca.cert);
    sk_X509_push(issuers, ed_ca.cert);
    sk_X509_push(issuers, no_crl_sign_ca.cert);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sk_X509_free(issuers);
    free_ca(&ca);
    free_ca(&other_ca);
    free_ca(&rsa_ca);
    free_ca(&ed_ca);
    free_ca(&no_crl_sign_ca);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_words),
        cmocka_unit_test(refuses_every_cut_and_every_flip),
        cmocka_unit_test(never_goes_back),
        cmocka_unit_test(no_issuers_no_crl),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
