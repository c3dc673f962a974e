/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The shape of renewal requests: what is read, that nothing but strict DER is, and IDs. What the protocol's own commands made
 * is read, too. */
#include "core/cert/cert_kinds.h"
#include "core/policy/policy_load.h"
#include "core/renewal/question.h"
#include "core/renewal/request.h"
#include "core/renewal/request_check.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW 1800000000

/* Made with the commands of docs/renewal.md, OpenSSL 3.0.19. */
static const char vector_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                         "MIIBjDCCATKgAwIBAgIUM2Tmyx04CiiP8tSVmkS/2wA7Og0wCgYIKoZIzj0EAwIw\n"
                                         "DzENMAsGA1UEAwwEZGV2MTAeFw0yNjExMzAwMTMyNDRaFw0zNjExMjcwMTMyNDRa\n"
                                         "MA8xDTALBgNVBAMMBGRldjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARqj8dl\n"
                                         "8yO918xDJ+SPBfP0q5SoNURFxTJUefy/hk+j/PlWPdePrtgmbDmyByilgZwTQVVD\n"
                                         "qWOmF3JDlSqZdyA+o2wwajAdBgNVHQ4EFgQUPzr5QlyD5gFfV8qGZtpczy5z5Eww\n"
                                         "HwYDVR0jBBgwFoAUPzr5QlyD5gFfV8qGZtpczy5z5EwwDwYDVR0TAQH/BAUwAwEB\n"
                                         "/zAXBgNVHREEEDAOhgx1cm46ZGV2OmRldjEwCgYIKoZIzj0EAwIDSAAwRQIgGgMC\n"
                                         "nbV4OlKOouot7ZS8Fy+ZXgoJ7eVKPrWu+gthC6oCIQDwgIdfWxXJEVfYITH2VS1/\n"
                                         "BPfYTEIVthvATxxaUk7rRA==\n"
                                         "-----END CERTIFICATE-----\n";
static const char vector_request[] = "MIG6MGICAQAwADBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDBgzWQIcYfU+PQJ\n"
                                     "Q+jyYX4wj8n0Y4EL+8pNbNumPaonjUFyUsEKmLgWbOsjg235DK1forAsTKLZJh8N\n"
                                     "NwRUpe6gADAKBggqhkjOPQQDAgNIADBFAiBeLCEaBA95j4MPkbQ5RF+uYEm5JAx4\n"
                                     "Ufvs2PP+8bBXCAIhAO0ETFGuW3bgeZ2c2pZ78pTSKeQ9YjjRGos3AkNcUE4xMEQC\n"
                                     "IGtYbpQt6Y2chdyktaenn00DI/S4vBKApt/Yq8Bk0s2/AiB9hhuv+8BPNBqEg8ha\n"
                                     "gfpp26cK2vuZ7HkqCyCqHQuKHg==\n";
static const char vector_id[] = "d3ff76f444fcc83e66e72afe62fa69f66a705073585bc5921e24114a7f629d7b";

static struct cg_pki *pki;
static struct cg_policy *policy;

static int set_up(void **state)
{
    (void)state;
    struct cg_error err = {""};
    pki = cg_pki_new(NOW);
    cg_pki_make(
        pki, "ca: ca\ndev: issuer=ca san=uri:urn:dev:1,dns:dev1.example\nother: issuer=ca\nplain: issuer=ca san=none");
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

static struct cg_request_parts parts_of(EVP_PKEY *key)
{
    return (struct cg_request_parts){.current = cg_pki_cert(pki, "dev"), .old = cg_pki_key(pki, "dev"), .key = key};
}

static EVP_PKEY *p256(void)
{
    return cg_pki_cached_key("p256", 60);
}

/* CG_REASON_OK, or why parsing refuses. */
static enum cg_reason parse(const struct cg_made *made, struct cg_renewal_request *request)
{
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    /* of the exact size, so that a sanitizer sees what is read beyond the end */
    unsigned char *exact = malloc(made->len ? made->len : 1);
    assert_non_null(exact);
    memcpy(exact, made->data, made->len);
    const bool ok = cg_renewal_parse(exact, made->len, request, &refusal);
    free(exact);
    assert_int_equal(ok, refusal.reason == CG_REASON_UNSET);
    if (ok)
        return CG_REASON_OK;
    assert_string_not_equal(refusal.detail, "");
    return refusal.reason;
}

static void test_vector(void **state)
{
    (void)state;
    unsigned char data[1024];
    char id[CG_RENEWAL_ID_MAX];
    struct cg_renewal_request request;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    BIO *bio = BIO_new_mem_buf(vector_certificate, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    const size_t len = cg_renewal_decode(vector_request, strlen(vector_request), data, sizeof data);
    assert_non_null(cert);
    assert_int_equal(len, 259);
    assert_true(cg_renewal_parse(data, len, &request, &refusal));
    assert_int_equal(cg_der_left(&request.csr), 189);
    assert_int_equal(request.key_algorithm, CG_KEY_EC_P256);
    assert_true(cg_renewal_id(cert, &request, id));
    assert_string_equal(id, vector_id);
    assert_true(cg_renewal_verify(&request, cert, &policy->base.client, &refusal));
    X509_free(cert);
    BIO_free(bio);
}

static void test_id_form(void **state)
{
    (void)state;
    char id[80];
    assert_true(cg_renewal_id_is_valid(vector_id));
    assert_false(cg_renewal_id_is_valid(""));
    assert_false(cg_renewal_id_is_valid("../../../../../../etc/passwd"));
    for (size_t i = 0; i < 64; i++) {
        snprintf(id, sizeof id, "%s", vector_id);
        id[i] = 'A';
        assert_false(cg_renewal_id_is_valid(id));
        id[i] = '\0';
        assert_false(cg_renewal_id_is_valid(id));
    }
    snprintf(id, sizeof id, "%s0", vector_id);
    assert_false(cg_renewal_id_is_valid(id));
}

/* The ID depends on certificate and key, and on nothing else. */
static void test_id(void **state)
{
    (void)state;
    static struct cg_made one, two;
    struct cg_renewal_request first, second;
    struct cg_refusal refusal;
    char ids[4][CG_RENEWAL_ID_MAX];
    struct cg_request_parts parts = parts_of(p256());
    cg_request_make(&parts, &one);
    struct cg_made names = {.len = 0};
    cg_made_names(parts.current, &names);
    parts.attributes = &names;
    cg_request_make(&parts, &two);
    assert_true(cg_renewal_parse(one.data, one.len, &first, &refusal));
    assert_true(cg_renewal_parse(two.data, two.len, &second, &refusal));
    assert_true(cg_renewal_id(parts.current, &first, ids[0]));
    assert_true(cg_renewal_id(parts.current, &second, ids[1]));
    assert_true(cg_renewal_id(cg_pki_cert(pki, "other"), &first, ids[2]));
    assert_string_equal(ids[0], ids[1]);
    assert_string_not_equal(ids[0], ids[2]);
    parts.key = cg_pki_cached_key("p256", 61);
    cg_request_make(&parts, &two);
    assert_true(cg_renewal_parse(two.data, two.len, &second, &refusal));
    assert_true(cg_renewal_id(parts.current, &second, ids[3]));
    assert_string_not_equal(ids[0], ids[3]);
}

static void test_spans(void **state)
{
    (void)state;
    static struct cg_made made, names, subject, san;
    struct cg_renewal_request request;
    struct cg_refusal refusal;
    struct cg_request_parts parts = parts_of(p256());
    cg_made_names(parts.current, &names);
    cg_made_subject(parts.current, &subject);
    cg_made_san(parts.current, &san);
    parts.attributes = &names;
    parts.subject = &subject;
    cg_request_make(&parts, &made);
    assert_true(cg_renewal_parse(made.data, made.len, &request, &refusal));
    assert_int_equal(cg_der_left(&request.whole), made.len);
    assert_ptr_equal(request.csr.at, made.data);
    assert_ptr_equal(request.signature.at, request.csr.end);
    assert_ptr_equal(request.signature.end, made.data + made.len);
    assert_int_equal(cg_der_left(&request.subject), subject.len);
    assert_memory_equal(request.subject.at, subject.data, subject.len);
    assert_int_equal(cg_der_left(&request.names), san.len);
    assert_memory_equal(request.names.at, san.data, san.len);
    assert_ptr_equal(request.spki.at, request.subject.end);
}

static const struct {
    const char *name;
    unsigned bit;
} types[] = {
    {"p256", CG_KEY_EC_P256}, {"p384", CG_KEY_EC_P384},    {"p521", CG_KEY_EC_P521},
    {"rsa2048", CG_KEY_RSA},  {"ed25519", CG_KEY_ED25519}, {"ed448", CG_KEY_ED448},
};

static void test_key_types(void **state)
{
    (void)state;
    static struct cg_made made;
    struct cg_renewal_request request;
    struct cg_refusal refusal;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const struct cg_request_parts parts = parts_of(cg_pki_cached_key(types[i].name, 62));
        cg_request_make(&parts, &made);
        assert_true(cg_renewal_parse(made.data, made.len, &request, &refusal));
        assert_int_equal(request.key_algorithm, types[i].bit);
    }
}

/* Keys that no request can have. */
static void test_other_keys(void **state)
{
    (void)state;
    static const char *const names[] = {"rsapss2048", "secp256k1", "p256-explicit", "dsa", "rsa2048-e300"};
    static struct cg_made made;
    struct cg_renewal_request request;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct cg_request_parts parts = parts_of(cg_pki_cached_key(names[i], 63));
        parts.proof = p256();
        cg_request_make(&parts, &made);
        assert_int_equal(parse(&made, &request), CG_REASON_RENEWAL_KEY_NOT_ALLOWED);
    }
}

/* An RSA key with a modulus of so many bits and this exponent. */
static void make_rsa(unsigned bits, const char *exponent, size_t exponent_len, struct cg_made *out)
{
    struct cg_made e = {.len = 0};
    unsigned char modulus[2048];
    const size_t octets = (bits + 7) / 8;
    memset(modulus, 0xff, sizeof modulus);
    modulus[0] = 0;
    modulus[1] = (unsigned char)(0xff >> (8 * octets - bits));
    out->len = 0;
    cg_made_add(out, modulus + (modulus[1] < 0x80), octets + (modulus[1] >= 0x80));
    cg_made_wrap(out, 0x02);
    cg_made_add(&e, exponent, exponent_len);
    cg_made_join(out, cg_made_wrap(&e, 0x02));
    cg_made_wrap(out, 0x30);
}

static void wrap_rsa(const struct cg_made *key, struct cg_made *out)
{
    struct cg_made bits = {.len = 0};
    cg_made_add(&bits, "", 1);
    cg_made_join(&bits, key);
    out->len = 0;
    cg_made_add(out, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15);
    cg_made_join(out, cg_made_wrap(&bits, 0x03));
    cg_made_wrap(out, 0x30);
}

static void test_rsa_sizes(void **state)
{
    (void)state;
    static const struct {
        unsigned bits;
        const char *exponent;
        size_t len;
        enum cg_reason reason;
    } rows[] = {
        {2048, "\x01\x00\x01", 3, CG_REASON_OK},
        {8191, "\x01\x00\x01", 3, CG_REASON_OK},
        {8192, "\x01\x00\x01", 3, CG_REASON_OK},
        {8193, "\x01\x00\x01", 3, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
        {9000, "\x01\x00\x01", 3, CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
        {2048, "\x00\x01\x00\x01", 4, CG_REASON_RENEWAL_MALFORMED}, /* not its shortest form */
        {2048, "\x80", 1, CG_REASON_RENEWAL_MALFORMED},             /* negative */
        {2048, "\x00", 1, CG_REASON_RENEWAL_MALFORMED},             /* zero */
        {2048, "", 0, CG_REASON_RENEWAL_MALFORMED},
    };
    static struct cg_made made, key, spki;
    struct cg_renewal_request request;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_request_parts parts = parts_of(cg_pki_cached_key("rsa2048", 62));
        make_rsa(rows[i].bits, rows[i].exponent, rows[i].len, &key);
        wrap_rsa(&key, &spki);
        parts.spki = &spki;
        cg_request_make(&parts, &made);
        assert_int_equal(parse(&made, &request), rows[i].reason);
    }
    make_rsa(2048, "\x01\x00\x01", 3, &key);
    cg_made_add(&key, "\x05\x00", 2); /* behind the key */
    wrap_rsa(&key, &spki);
    struct cg_request_parts parts = parts_of(cg_pki_cached_key("rsa2048", 62));
    parts.spki = &spki;
    cg_request_make(&parts, &made);
    assert_int_equal(parse(&made, &request), CG_REASON_RENEWAL_MALFORMED);
}

/* One part, in the place of what it should be. */
static const struct {
    const char *what;
    enum { VERSION, SUBJECT, SPKI, ALGORITHM, ATTRIBUTES } part;
    const char *bytes;
    size_t len;
    enum cg_reason reason;
} variants[] = {
#define BYTES(text) text, sizeof(text) - 1
    {"version 1", VERSION, BYTES("\x02\x01\x01"), CG_REASON_RENEWAL_MALFORMED},
    {"long 0", VERSION, BYTES("\x02\x02\x00\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"empty version", VERSION, BYTES("\x02\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"no version", VERSION, BYTES(""), CG_REASON_RENEWAL_MALFORMED},
    {"enumerated", VERSION, BYTES("\x0a\x01\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"subject with a long length", SUBJECT, BYTES("\x30\x81\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"subject without end", SUBJECT, BYTES("\x30\x80\x00\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"subject as a set", SUBJECT, BYTES("\x31\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"no key", SPKI, BYTES("\x30\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"Ed25519, one octet short", SPKI,
     BYTES("\x30\x29\x30\x05\x06\x03\x2b\x65\x70\x03\x20\x00"
           "0123456789012345678901234567890"),
     CG_REASON_RENEWAL_MALFORMED},
    {"Ed25519 with NULL", SPKI,
     BYTES("\x30\x2c\x30\x07\x06\x03\x2b\x65\x70\x05\x00\x03\x21\x00"
           "01234567890123456789012345678901"),
     CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"Ed25519 with unused bits", SPKI,
     BYTES("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x01"
           "01234567890123456789012345678902"),
     CG_REASON_RENEWAL_MALFORMED},
    {"X25519", SPKI,
     BYTES("\x30\x2a\x30\x05\x06\x03\x2b\x65\x6e\x03\x21\x00"
           "01234567890123456789012345678901"),
     CG_REASON_RENEWAL_KEY_NOT_ALLOWED},
    {"P-256, compressed", SPKI,
     BYTES(
         "\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x22\x00\x02"
         "01234567890123456789012345678901"),
     CG_REASON_RENEWAL_MALFORMED},
    {"ECDSA with NULL", ALGORITHM, BYTES("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00"),
     CG_REASON_RENEWAL_MALFORMED},
    {"ECDSA with SHA-1", ALGORITHM, BYTES("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), CG_REASON_RENEWAL_MALFORMED},
    {"RSA's algorithm", ALGORITHM, BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"),
     CG_REASON_RENEWAL_MALFORMED},
    {"no attributes", ATTRIBUTES, BYTES(""), CG_REASON_OK},
    {"attributes with a long length", ATTRIBUTES, BYTES("\xa0\x81\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"attributes as a set", ATTRIBUTES, BYTES("\x31\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"attributes twice", ATTRIBUTES, BYTES("\xa0\x00\xa0\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"something behind the attributes", ATTRIBUTES, BYTES("\xa0\x00\x05\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"another attribute", ATTRIBUTES,
     BYTES("\xa0\x13\x30\x11\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x04\x0c\x02pw"), CG_REASON_OK},
    {"an attribute without a value", ATTRIBUTES,
     BYTES("\xa0\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x00"), CG_REASON_RENEWAL_MALFORMED},
    {"attributes in the wrong order", ATTRIBUTES,
     BYTES("\xa0\x14\x30\x08\x06\x02\x2a\x04\x31\x02\x05\x00\x30\x08\x06\x02\x2a\x03\x31\x02\x05\x00"),
     CG_REASON_RENEWAL_MALFORMED},
    {"attributes in order", ATTRIBUTES,
     BYTES("\xa0\x14\x30\x08\x06\x02\x2a\x03\x31\x02\x05\x00\x30\x08\x06\x02\x2a\x04\x31\x02\x05\x00"), CG_REASON_OK},
    {"values in the wrong order", ATTRIBUTES, BYTES("\xa0\x0e\x30\x0c\x06\x02\x2a\x03\x31\x06\x02\x01\x02\x02\x01\x01"),
     CG_REASON_RENEWAL_MALFORMED},
    {"a value with a high tag", ATTRIBUTES, BYTES("\xa0\x0b\x30\x09\x06\x02\x2a\x03\x31\x03\x1f\x1f\x00"),
     CG_REASON_RENEWAL_MALFORMED},
    {"a value that ends too early", ATTRIBUTES, BYTES("\xa0\x0a\x30\x08\x06\x02\x2a\x03\x31\x02\x02\x01"),
     CG_REASON_RENEWAL_MALFORMED},
    {"an attribute with an OID that is not whole", ATTRIBUTES,
     BYTES("\xa0\x0a\x30\x08\x06\x02\x2a\x83\x31\x02\x05\x00"), CG_REASON_RENEWAL_MALFORMED},
#undef BYTES
};

static void test_variants(void **state)
{
    (void)state;
    static struct cg_made made, part;
    struct cg_renewal_request request;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct cg_request_parts parts = parts_of(p256());
        const struct cg_made **slots[] = {&parts.version, &parts.subject, &parts.spki, &parts.algorithm,
                                          &parts.attributes};
        part.len = 0;
        cg_made_add(&part, variants[i].bytes, variants[i].len);
        *slots[variants[i].part] = &part;
        cg_request_make(&parts, &made);
        const enum cg_reason reason = parse(&made, &request);
        if (reason != variants[i].reason)
            print_error("%s: %s\n", variants[i].what, cg_reason_row(reason)->code);
        assert_int_equal(reason, variants[i].reason);
    }
}

#define SAN_OID "\x55\x1d\x11", 3

static enum cg_reason parse_with(const struct cg_made *extensions, struct cg_renewal_request *request)
{
    static struct cg_made attributes, made;
    struct cg_request_parts parts = parts_of(p256());
    cg_made_extension_request(extensions, &attributes);
    parts.attributes = &attributes;
    cg_request_make(&parts, &made);
    return parse(&made, request);
}

static void test_extensions(void **state)
{
    (void)state;
    static struct cg_made san, value, extension, list;
    struct cg_renewal_request request;
    cg_made_san(cg_pki_cert(pki, "dev"), &san);
    cg_made_extension(SAN_OID, &san, &list);
    assert_int_equal(parse_with(&list, &request), CG_REASON_OK);
    cg_made_extension("\x55\x1d\x0f", 3, &san, &extension); /* any other extension */
    cg_made_join(&list, &extension);
    cg_made_join(&list, &extension);
    assert_int_equal(parse_with(&list, &request), CG_REASON_OK);
    assert_int_equal(cg_der_left(&request.names), san.len);
    cg_made_extension(SAN_OID, &san, &extension);
    cg_made_join(&list, &extension); /* a second subjectAltName */
    assert_int_equal(parse_with(&list, &request), CG_REASON_RENEWAL_MALFORMED);
    list.len = 0;
    assert_int_equal(parse_with(&list, &request), CG_REASON_OK);
    assert_int_equal(cg_der_left(&request.names), 0);
    value = san;
    cg_made_add(&value, "\x05\x00", 2); /* behind the names */
    cg_made_extension(SAN_OID, &value, &list);
    assert_int_equal(parse_with(&list, &request), CG_REASON_RENEWAL_MALFORMED);
    value.len = 0;
    cg_made_add(&value, "\x30\x00", 2); /* no names */
    cg_made_extension(SAN_OID, &value, &list);
    assert_int_equal(parse_with(&list, &request), CG_REASON_RENEWAL_MALFORMED);
    list.len = 0;
    cg_made_add(&list, "\x30\x0a\x06\x03\x55\x1d\x0f\x01\x01\x00\x04\x00", 12); /* critical FALSE */
    assert_int_equal(parse_with(&list, &request), CG_REASON_RENEWAL_MALFORMED);
    list.len = 0;
    cg_made_add(&list, "\x30\x0a\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x00", 12);
    assert_int_equal(parse_with(&list, &request), CG_REASON_OK);
}

/* The same attribute twice: equal elements are in order, so only the count refuses them. */
static void test_two_extension_requests(void **state)
{
    (void)state;
    static struct cg_made one, both, made;
    struct cg_renewal_request request;
    struct cg_request_parts parts = parts_of(p256());
    cg_made_names(parts.current, &one);
    for (int i = 0; i < 2; i++)
        cg_made_add(&both, one.data + 2, one.len - 2);
    assert_true(one.data[1] < 0x80);
    cg_made_wrap(&both, 0xa0);
    parts.attributes = &both;
    cg_request_make(&parts, &made);
    assert_int_equal(parse(&made, &request), CG_REASON_RENEWAL_MALFORMED);
}

static void test_size(void **state)
{
    (void)state;
    static struct cg_made made;
    struct cg_renewal_request request;
    const struct cg_request_parts parts = parts_of(p256());
    cg_request_make(&parts, &made);
    cg_made_add(&made, (unsigned char[16384]){0}, 16384 - made.len); /* the signature may have any length */
    assert_int_equal(parse(&made, &request), CG_REASON_OK);
    cg_made_add(&made, "", 1);
    assert_int_equal(parse(&made, &request), CG_REASON_RENEWAL_MALFORMED);
    made.len = 0;
    assert_int_equal(parse(&made, &request), CG_REASON_RENEWAL_MALFORMED);
}

static bool accepted(const struct cg_made *made, size_t len)
{
    struct cg_renewal_request request;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    unsigned char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, made->data, len);
    const bool ok = cg_renewal_parse(exact, len, &request, &refusal) &&
                    cg_renewal_verify(&request, cg_pki_cert(pki, "dev"), &policy->base.client, &refusal);
    free(exact);
    assert_true(ok || refusal.reason != CG_REASON_UNSET);
    return ok;
}

static void make_whole(const char *key, struct cg_made *made)
{
    static struct cg_made names, subject;
    struct cg_request_parts parts = parts_of(cg_pki_cached_key(key, 62));
    cg_made_names(parts.current, &names);
    cg_made_subject(parts.current, &subject);
    parts.attributes = &names;
    parts.subject = &subject;
    cg_request_make(&parts, made);
}

/* Each prefix and each flip of a bit of a good request is refused: nothing can be changed after it was signed. */
static void test_flips(void **state)
{
    (void)state;
    static const char *const names[] = {"p256", "ed25519"};
    static struct cg_made made;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        make_whole(names[k], &made);
        assert_true(accepted(&made, made.len));
        for (size_t len = 0; len < made.len; len++)
            assert_false(accepted(&made, len));
        for (size_t bit = 0; bit < 8 * made.len; bit++) {
            made.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_false(accepted(&made, made.len));
            made.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        cg_made_add(&made, "", 1);
        assert_false(accepted(&made, made.len));
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static double micro_seconds(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) * 1e6 + (double)(to->tv_nsec - from->tv_nsec) / 1e3;
}

/* The largest requests of each kind: the time that the broker's main thread needs, in CPU time. It is printed, not asserted:
 * machines differ. */
static void measure(const char *name, const struct cg_made *made)
{
    enum { ROUNDS = 2000 };
    static unsigned char text[CG_RENEW_PAYLOAD_MAX + 1], data[CG_RENEW_REQUEST_MAX];
    struct cg_renewal_request request;
    struct cg_refusal refusal;
    struct timespec times[3];
    char id[CG_RENEWAL_ID_MAX];
    const size_t len = (size_t)EVP_EncodeBlock(text, made->data, (int)made->len);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &times[0]);
    for (int i = 0; i < ROUNDS; i++)
        assert_true(cg_renewal_parse(made->data, made->len, &request, &refusal) &&
                    cg_renewal_id(cg_pki_cert(pki, "dev"), &request, id));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &times[1]);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(cg_renewal_decode((const char *)text, len, data, sizeof data), made->len);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &times[2]);
    print_message("%s: %zu octets, %.1f us to parse and identify, %.1f us to decode from base64\n", name, made->len,
                  micro_seconds(&times[0], &times[1]) / ROUNDS, micro_seconds(&times[1], &times[2]) / ROUNDS);
}

/* As many attributes as fit beside the key. */
static void fill(struct cg_request_parts *parts, struct cg_made *attributes, struct cg_made *made)
{
    attributes->len = 0;
    parts->attributes = attributes;
    cg_request_make(parts, made);
    const size_t room = CG_RENEW_REQUEST_MAX - made->len - 40;
    while (attributes->len + 10 < room)
        cg_made_add(attributes, "\x30\x08\x06\x02\x2a\x03\x31\x02\x05\x00", 10);
    cg_made_wrap(attributes, 0xa0);
    cg_request_make(parts, made);
}

static void test_time(void **state)
{
    (void)state;
    static struct cg_made made, attributes, key, spki;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct cg_request_parts parts = parts_of(cg_pki_cached_key(types[i].name, 62));
        fill(&parts, &attributes, &made);
        measure(types[i].name, &made);
    }
    struct cg_request_parts parts = parts_of(cg_pki_cached_key("rsa2048", 62));
    make_rsa(8192, "\x01\x00\x01", 3, &key);
    wrap_rsa(&key, &spki);
    parts.spki = &spki;
    fill(&parts, &attributes, &made);
    measure("rsa8192", &made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),     cmocka_unit_test(test_id_form),
        cmocka_unit_test(test_id),         cmocka_unit_test(test_spans),
        cmocka_unit_test(test_key_types),  cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_rsa_sizes),  cmocka_unit_test(test_variants),
        cmocka_unit_test(test_extensions), cmocka_unit_test(test_two_extension_requests),
        cmocka_unit_test(test_size),       cmocka_unit_test(test_flips),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests_name("renewal requests", tests, set_up, tear_down);
}
