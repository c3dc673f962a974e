/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The generator of test certificates does what its recipes say. The results are read with OpenSSL's own functions. */
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#define NOW 1800000000

static int verify(struct cg_pki *pki, const char *leaf, const char *between, const char *anchor)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = cg_pki_stack(pki, between);
    X509_STORE_add_cert(store, cg_pki_cert(pki, anchor));
    X509_STORE_CTX_init(ctx, store, cg_pki_cert(pki, leaf), untrusted);
    X509_STORE_CTX_set_default(ctx, "ssl_client");
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
    X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_pop_free(untrusted, X509_free);
    return error;
}

static const struct row {
    const char *sentence, *recipe, *between;
    int error;
} rows[] = {
    {"the default is a valid client", "dev: issuer=inter", "inter", X509_V_OK},
    {"every kind of key verifies",
     "c1: issuer=root ca key=rsa2048\nc2: issuer=c1 ca key=ed448\nc3: issuer=c2 ca key=p521 digest=sha512\n"
     "c4: issuer=c3 ca key=ed25519\nc5: issuer=c4 ca key=rsapss2048\ndev: issuer=c5 key=rsa2048-e3 digest=sha384",
     "c1 c2 c3 c4 c5", X509_V_OK},
    {"days= in the past gives an expired certificate", "dev: issuer=inter days=-9..-1", "inter",
     X509_V_ERR_CERT_HAS_EXPIRED},
    {"broken-signature gives a bad signature", "dev: issuer=inter broken-signature", "inter",
     X509_V_ERR_CERT_SIGNATURE_FAILURE},
    {"eku= sets another purpose", "dev: issuer=inter eku=serverAuth", "inter", X509_V_ERR_INVALID_PURPOSE},
    {"signer= signs with another key", "dev: issuer=inter signer=root", "inter", X509_V_ERR_CERT_SIGNATURE_FAILURE},
    {"name constraints apply", "x: issuer=root ca nc=critical,permitted;DNS:a.lan\ndev: issuer=x san=dns:b.lan", "x",
     X509_V_ERR_PERMITTED_VIOLATION},
    {"the path length applies", "x: issuer=root ca bc=critical,CA:TRUE,pathlen:0\ny: issuer=x ca\ndev: issuer=y", "y x",
     X509_V_ERR_PATH_LENGTH_EXCEEDED},
    {"ext= adds an unknown critical extension", "dev: issuer=inter ext=critical,1.2.3.4=0500", "inter",
     X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION},
    {"proxy= gives a proxy certificate",
     "user: issuer=inter\ndev: issuer=user san=none proxy=critical,language:id-ppl-anyLanguage", "user inter",
     X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED},
};

static void rows_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_pki *pki = cg_pki_new(NOW);
        cg_pki_make(pki, "root: ca\ninter: issuer=root ca\n");
        cg_pki_make(pki, rows[i].recipe);
        int error = verify(pki, "dev", rows[i].between, "root");
        if (error != rows[i].error)
            fail_msg("%s: %s", rows[i].sentence, X509_verify_cert_error_string(error));
        cg_pki_free(pki);
    }
}

static void unusual_values_are_kept(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki,
                "root: ca\n"
                "a: issuer=root serial=-5 subject='/O=My Plant/CN=a\\x0ab' san=dns:a\\x00b,iphex:0102,rid:1.2.3\n"
                "b: issuer=root version=1 serial=0 key=dsa\n"
                "c: issuer=root serial=0x010203040506070809101112131415161718192021 key=p256-explicit digest=sha1\n"
                "d: crl issuer=root revoke=a:keyCompromise,0x77 number=9 idp=critical,onlyuser:TRUE\n");
    X509 *a = cg_pki_cert(pki, "a");
    assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(a)), -5);
    GENERAL_NAMES *names = X509_get_ext_d2i(a, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 3);
    assert_memory_equal(ASN1_STRING_get0_data(sk_GENERAL_NAME_value(names, 0)->d.dNSName), "a\0b", 3);
    GENERAL_NAMES_free(names);
    assert_int_equal(X509_get_version(cg_pki_cert(pki, "b")), X509_VERSION_1);
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(cg_pki_cert(pki, "c"))), 21);
    X509_CRL *crl = cg_pki_crl(pki, "d");
    X509_REVOKED *entry = NULL;
    assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, a), 1);
    assert_int_equal(X509_CRL_verify(crl, cg_pki_key(pki, "root")), 1);
    char *pem = cg_pki_pem(pki, "a d");
    assert_non_null(strstr(pem, "BEGIN X509 CRL"));
    free(pem);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_verify), cmocka_unit_test(unusual_values_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
