/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Verification of renewal requests and of the certificates that answer them: each code has a case, and each kind of key makes
 * the round. */
#include "core/base/datetime.h"
#include "core/cert/cert_kinds.h"
#include "core/policy/policy_load.h"
#include "core/renewal/request_check.h"
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
static struct cg_policy *policy;
static struct cg_made request; /* the last one that was made */

static int set_up(void **state)
{
    (void)state;
    struct cg_error err = {""};
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "ca: ca\ndev: issuer=ca san=uri:urn:dev:1,dns:dev1.example\nother: issuer=ca san=uri:urn:dev:2\n"
                     "plain: issuer=ca san=none\nempty: issuer=ca subject=/ san=critical,uri:urn:dev:1");
    policy = cg_policy_default("none.pem", &err);
    return policy ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cg_pki_free(pki);
    cg_policy_free(policy);
    return 0;
}

static struct cg_request_parts parts_of(const char *name, EVP_PKEY *key)
{
    return (struct cg_request_parts){.current = cg_pki_cert(pki, name), .old = cg_pki_key(pki, name), .key = key};
}

static EVP_PKEY *p256(void)
{
    return cg_pki_cached_key("p256", 60);
}

/* The reason by which the made request is refused; the error queue stays as it is. */
static enum cg_reason verify(X509 *current, const struct cg_profile *profile)
{
    struct cg_renewal_request parsed;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    assert_true(cg_renewal_parse(request.data, request.len, &parsed, &refusal));
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    const bool ok = cg_renewal_verify(&parsed, current, profile, &refusal);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
    assert_int_equal(ERR_get_error(), 0);
    assert_int_equal(ok, refusal.reason == CG_REASON_UNSET);
    assert_int_equal(ok, refusal.detail[0] == '\0');
    return ok ? CG_REASON_OK : refusal.reason;
}

static enum cg_reason make_and_verify(const struct cg_request_parts *parts)
{
    struct cg_made der = {.len = 0};
    cg_request_make(parts, &request);
    unsigned char *encoded = NULL;
    const int len = i2d_X509(parts->current, &encoded);
    cg_made_add(&der, encoded, (size_t)len);
    OPENSSL_free(encoded);
    const unsigned char *at = der.data;
    X509 *current = d2i_X509(NULL, &at, len); /* as a peer's: nothing of it was decoded yet */
    const enum cg_reason reason = verify(current, &policy->base.client);
    X509_free(current);
    return reason;
}

/* Each kind of key, as the old one and as the new one. */
static void test_round_trips(void **state)
{
    (void)state;
    static const char *const names[] = {"p256", "p384", "p521", "rsa2048", "rsa3072", "ed25519", "ed448"};
    char recipe[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct cg_request_parts to = parts_of("dev", cg_pki_cached_key(names[i], 62));
        assert_int_equal(make_and_verify(&to), CG_REASON_OK);
        snprintf(recipe, sizeof recipe, "old: issuer=ca key=%s", names[i]);
        cg_pki_make(pki, recipe);
        const struct cg_request_parts from = parts_of("old", p256());
        assert_int_equal(make_and_verify(&from), CG_REASON_OK);
    }
}

static void test_ml_dsa(void **state)
{
    (void)state;
    static const char *const names[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
    int known = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        EVP_PKEY *old = cg_key_if_known(names[i]), *new = cg_key_if_known(names[i]);
        if (old && new) {
            X509 *current = cg_cert_with_key(cg_pki_cert(pki, "dev"), old, cg_pki_key(pki, "ca"));
            const struct cg_request_parts parts = {.current = current, .old = old, .key = new};
            assert_int_equal(make_and_verify(&parts), CG_REASON_OK);
            print_message("%s: %zu octets\n", names[i], request.len);
            request.data[request.len - 1] ^= 1;
            assert_int_equal(verify(current, &policy->base.client), CG_REASON_RENEWAL_BAD_SIGNATURE);
            X509_free(current);
            known++;
        }
        EVP_PKEY_free(old);
        EVP_PKEY_free(new);
    }
    if (known == 0)
        skip();
}

/* The shape is read, but the library has no such keys, or the octets are no key. */
static void test_no_key(void **state)
{
    (void)state;
    struct cg_made spki = {.len = 0};
    struct cg_request_parts parts = parts_of("dev", p256());
    unsigned char point[65] = {4, 1, 2, 3}; /* not on the curve */
    cg_made_add(&spki, "\x00", 1);
    cg_made_add(&spki, point, sizeof point);
    cg_made_wrap(&spki, 0x03);
    struct cg_made whole = {.len = 0};
    cg_made_add(&whole, "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 21);
    cg_made_join(&whole, &spki);
    parts.spki = cg_made_wrap(&whole, 0x30);
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_KEY_NOT_ALLOWED);
}

static void test_signature(void **state)
{
    (void)state;
    struct cg_request_parts parts = parts_of("dev", p256());
    parts.old = cg_pki_key(pki, "other"); /* another device wraps it */
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_SIGNATURE);
    parts.old = p256(); /* the new key */
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_SIGNATURE);
    parts = parts_of("dev", p256());
    parts.prefix = "certguard root v1\n"; /* made for another purpose */
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_SIGNATURE);
    parts.prefix = "";
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_SIGNATURE);
}

/* The old key is the same, but S names another certificate. */
static void test_other_certificate(void **state)
{
    (void)state;
    cg_pki_make(pki, "twin: issuer=ca key=@dev san=uri:urn:dev:1,dns:dev1.example");
    const struct cg_request_parts parts = parts_of("dev", p256());
    cg_request_make(&parts, &request);
    assert_int_equal(verify(cg_pki_cert(pki, "dev"), &policy->base.client), CG_REASON_OK);
    assert_int_equal(verify(cg_pki_cert(pki, "twin"), &policy->base.client), CG_REASON_RENEWAL_BAD_SIGNATURE);
}

/* RSA signs with PKCS#1 v1.5 alone: a key for PSS verifies nothing. */
static void test_signer_types(void **state)
{
    (void)state;
    static const char *const names[] = {"rsapss2048", "dsa"};
    char recipe[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(recipe, sizeof recipe, "pss: issuer=ca key=%s", names[i]);
        cg_pki_make(pki, recipe);
        const struct cg_request_parts parts = parts_of("pss", p256());
        assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_SIGNATURE);
    }
}

static void test_proof(void **state)
{
    (void)state;
    struct cg_request_parts parts = parts_of("dev", p256());
    parts.proof = cg_pki_cached_key("p256", 61);
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_PROOF);
    parts.proof = parts.old; /* a request for a key that another has */
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_BAD_PROOF);
    parts.proof = NULL;
    parts.digest = "SHA512";
    assert_int_equal(make_and_verify(&parts), CG_REASON_OK);
}

static void test_same_key(void **state)
{
    (void)state;
    const struct cg_request_parts parts = parts_of("dev", cg_pki_key(pki, "dev"));
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_KEY_NOT_NEW);
}

static const struct {
    const char *current, *subject, *names; /* of which certificate; NULL: empty */
    enum cg_reason reason;
} names_rows[] = {
    {"dev", NULL, NULL, CG_REASON_OK},
    {"dev", "dev", NULL, CG_REASON_OK},
    {"dev", NULL, "dev", CG_REASON_OK},
    {"dev", "dev", "dev", CG_REASON_OK},
    {"dev", "other", NULL, CG_REASON_RENEWAL_NAMES_DIFFER},
    {"dev", NULL, "other", CG_REASON_RENEWAL_NAMES_DIFFER},
    {"dev", "dev", "other", CG_REASON_RENEWAL_NAMES_DIFFER},
    {"plain", "plain", NULL, CG_REASON_OK},
    {"plain", NULL, "dev", CG_REASON_RENEWAL_NAMES_DIFFER}, /* it has no names */
    {"empty", NULL, "empty", CG_REASON_OK},
    {"empty", "dev", NULL, CG_REASON_RENEWAL_NAMES_DIFFER},
};

static void test_names(void **state)
{
    (void)state;
    static struct cg_made subject, names;
    for (size_t i = 0; i < sizeof names_rows / sizeof *names_rows; i++) {
        struct cg_request_parts parts = parts_of(names_rows[i].current, p256());
        if (names_rows[i].subject) {
            cg_made_subject(cg_pki_cert(pki, names_rows[i].subject), &subject);
            parts.subject = &subject;
        }
        if (names_rows[i].names) {
            cg_made_names(cg_pki_cert(pki, names_rows[i].names), &names);
            parts.attributes = &names;
        }
        assert_int_equal(make_and_verify(&parts), names_rows[i].reason);
    }
}

/* The same name in another string type is another name: the comparison is by octets. */
static void test_name_encoding(void **state)
{
    (void)state;
    static struct cg_made subject;
    struct cg_request_parts parts = parts_of("dev", p256());
    cg_made_subject(parts.current, &subject);
    unsigned char *type = memmem(subject.data, subject.len, "\x55\x04\x03\x0c", 4); /* commonName, UTF8String */
    assert_non_null(type);
    type[3] = 0x13; /* PrintableString */
    parts.subject = &subject;
    assert_int_equal(make_and_verify(&parts), CG_REASON_RENEWAL_NAMES_DIFFER);
}

/* What the shape allows, but OpenSSL writes otherwise or does not read. */
static void test_encoding(void **state)
{
    (void)state;
    static const struct {
        const char *value; /* of an attribute */
        size_t len;
        enum cg_reason reason;
    } rows[] = {
        {"\x02\x01\x01", 3, CG_REASON_OK},
        {"\x02\x02\x00\x01", 4, CG_REASON_RENEWAL_MALFORMED},     /* INTEGER with a leading 0 */
        {"\x24\x03\x04\x01\x41", 5, CG_REASON_RENEWAL_MALFORMED}, /* OCTET STRING in parts */
        {"\x03\x02\x03\xff", 4, CG_REASON_RENEWAL_MALFORMED},     /* BIT STRING with unused bits that are set */
        {"\x05\x01\x00", 3, CG_REASON_RENEWAL_MALFORMED},         /* NULL with content */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_made attribute = {.len = 0}, value = {.len = 0};
        struct cg_request_parts parts = parts_of("dev", p256());
        cg_made_add(&value, rows[i].value, rows[i].len);
        cg_made_add(&attribute, "\x06\x02\x2a\x03", 4);
        cg_made_join(&attribute, cg_made_wrap(&value, 0x31));
        parts.attributes = cg_made_wrap(cg_made_wrap(&attribute, 0x30), 0xa0);
        const enum cg_reason reason = make_and_verify(&parts);
        if (reason != rows[i].reason)
            print_error("row %zu: %s\n", i, cg_reason_row(reason)->code);
        assert_int_equal(reason, rows[i].reason);
    }
}

static void test_absent_attributes(void **state)
{
    (void)state;
    const struct cg_made nothing = {.len = 0};
    struct cg_request_parts parts = parts_of("dev", p256());
    parts.attributes = &nothing;
    assert_int_equal(make_and_verify(&parts), CG_REASON_OK);
}

static const struct {
    const char *key;
    unsigned algorithms, least, most; /* 0: as in the default policy */
    enum cg_reason reason;
} key_rows[] = {
    {"rsa2048", 0, 0, 0, CG_REASON_OK},
    {"rsa1024", 0, 0, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"rsa2048", 0, 3072, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"rsa3072", 0, 3072, 0, CG_REASON_OK},
    {"rsa3072", 0, 0, 2048, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"rsa2048", CG_KEY_EC_P256, 0, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"rsa2048-e3", 0, 0, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"rsa2048-even", 0, 0, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"p384", CG_KEY_EC_P256, 0, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"p256", CG_KEY_EC_P256, 0, 0, CG_REASON_OK},
    {"ed25519", CG_KEY_EC_P256, 0, 0, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
};

static void test_key_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof key_rows / sizeof *key_rows; i++) {
        struct cg_profile profile = policy->base.client;
        struct cg_request_parts parts = parts_of("dev", cg_pki_cached_key(key_rows[i].key, 62));
        if (key_rows[i].algorithms)
            profile.key_algorithms = key_rows[i].algorithms;
        if (key_rows[i].least)
            profile.rsa_min_bits = key_rows[i].least;
        if (key_rows[i].most)
            profile.rsa_max_bits = key_rows[i].most;
        if (strstr(key_rows[i].key, "even")) /* it has no private key: the rules go before the proof */
            parts.proof = cg_pki_cached_key("rsa2048", 62);
        cg_request_make(&parts, &request);
        const enum cg_reason reason = verify(cg_pki_cert(pki, "dev"), &profile);
        if (reason != key_rows[i].reason)
            print_error("%s: %s\n", key_rows[i].key, cg_reason_row(reason)->code);
        assert_int_equal(reason, key_rows[i].reason);
    }
}

/* Leaves that may or may not replace "dev", which is from now-1 day. */
static const struct {
    const char *words;
    enum cg_reason reason;
} leaves[] = {
    {"", CG_REASON_OK},
    {"days=0..200", CG_REASON_OK},
    {"days=-2..90", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"raw-not-after=99991231235959Z", CG_REASON_OK},
    {"cn=other", CG_REASON_RENEWAL_NAMES_DIFFER},
    {"san=uri:urn:dev:2", CG_REASON_RENEWAL_NAMES_DIFFER},
    {"san=dns:dev1.example,uri:urn:dev:1", CG_REASON_RENEWAL_NAMES_DIFFER}, /* another order */
    {"san=none", CG_REASON_RENEWAL_NAMES_DIFFER},
    {"bc=critical,CA:TRUE", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"bc=CA:FALSE", CG_REASON_OK},
    {"bc=none", CG_REASON_OK},
    {"ku=keyCertSign", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"eku=serverAuth", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"eku=none", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"eku=anyExtendedKeyUsage", CG_REASON_RENEWAL_NOT_ACCEPTED},
    {"eku=serverAuth,clientAuth", CG_REASON_OK},
};

static enum cg_reason succeeds(const X509 *leaf, const struct cg_renewal_request *parsed)
{
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    const bool ok = cg_renewal_successor_ok(cg_pki_cert(pki, "dev"), leaf, parsed, &refusal);
    assert_int_equal(ok, refusal.reason == CG_REASON_UNSET);
    assert_int_equal(ERR_peek_error(), 0);
    return ok ? CG_REASON_OK : refusal.reason;
}

static void test_successor(void **state)
{
    (void)state;
    char recipe[256];
    struct cg_renewal_request parsed;
    struct cg_refusal refusal;
    cg_pki_make(pki, "new: issuer=ca cn=dev san=uri:urn:dev:1,dns:dev1.example");
    const struct cg_request_parts parts = parts_of("dev", cg_pki_key(pki, "new"));
    cg_request_make(&parts, &request);
    assert_true(cg_renewal_parse(request.data, request.len, &parsed, &refusal));
    ERR_clear_error();
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        snprintf(recipe, sizeof recipe, "leaf: issuer=ca key=@new cn=dev %s %s",
                 strstr(leaves[i].words, "san=") ? "" : "san=uri:urn:dev:1,dns:dev1.example", leaves[i].words);
        cg_pki_make(pki, recipe);
        const enum cg_reason reason = succeeds(cg_pki_cert(pki, "leaf"), &parsed);
        if (reason != leaves[i].reason)
            print_error("%s: %s\n", leaves[i].words, cg_reason_row(reason)->code);
        assert_int_equal(reason, leaves[i].reason);
        assert_int_equal(succeeds(cg_pki_cert(pki, "leaf"), NULL), leaves[i].reason);
    }
}

static void test_successor_key(void **state)
{
    (void)state;
    struct cg_renewal_request parsed;
    struct cg_refusal refusal;
    cg_pki_make(pki, "new: issuer=ca cn=dev san=uri:urn:dev:1,dns:dev1.example\n"
                     "swapped: issuer=ca cn=dev san=uri:urn:dev:1,dns:dev1.example\n"
                     "same: issuer=ca cn=dev key=@dev san=uri:urn:dev:1,dns:dev1.example");
    const struct cg_request_parts parts = parts_of("dev", cg_pki_key(pki, "new"));
    cg_request_make(&parts, &request);
    assert_true(cg_renewal_parse(request.data, request.len, &parsed, &refusal));
    ERR_clear_error();
    assert_int_equal(succeeds(cg_pki_cert(pki, "new"), &parsed), CG_REASON_OK);
    assert_int_equal(succeeds(cg_pki_cert(pki, "swapped"), &parsed), CG_REASON_RENEWAL_NOT_ACCEPTED);
    assert_int_equal(succeeds(cg_pki_cert(pki, "swapped"), NULL), CG_REASON_OK);
    assert_int_equal(succeeds(cg_pki_cert(pki, "same"), &parsed), CG_REASON_RENEWAL_NOT_ACCEPTED);
    assert_int_equal(succeeds(cg_pki_cert(pki, "same"), NULL), CG_REASON_RENEWAL_NOT_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_ml_dsa),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_other_certificate),
        cmocka_unit_test(test_signer_types),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_same_key),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_name_encoding),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_absent_attributes),
        cmocka_unit_test(test_key_rules),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_successor_key),
    };
    return cmocka_run_group_tests_name("verification of renewals", tests, set_up, tear_down);
}
