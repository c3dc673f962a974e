/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificates: any DER that decodes gives facts and texts without control characters. A second read gives the same facts.
 * Without a trust anchor, no certificate is accepted. */
#include "core/cert/cert.h"
#include "core/cert/name.h"
#include "core/check.h"
#include "core/path/identity.h"
#include "core/policy/policy_load.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static struct cg_policy *policy;
static struct cg_trust *trust;

static void set_up(void)
{
    struct cg_error err = {""};
    policy = cg_policy_default("none.pem", &err);
    trust = cg_trust_new();
    if (!policy || !trust)
        abort();
}

/* A line for a log: terminated UTF-8 that cannot forge another line. */
static void check_text(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = strnlen(text, size), n;
    if (len == size)
        abort();
    for (; len > 0; p += n, len -= n) {
        uint32_t point = 0;
        n = cg_utf8_next(p, len, &point);
        if (n == 0 || point < 0x20 || (point >= 0x7f && point <= 0x9f))
            abort();
    }
}

/* Each text, complete and truncated. */
static void check_names(const X509 *x509)
{
    static const size_t sizes[] = {1, 2, 5, 24, 100, 4096};
    char out[4096];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cg_name_text(X509_get_subject_name(x509), out, sizes[i]);
        check_text(out, sizes[i]);
        cg_name_text(X509_get_issuer_name(x509), out, sizes[i]);
        check_text(out, sizes[i]);
        cg_serial_text(X509_get0_serialNumber(x509), out, sizes[i]);
        check_text(out, sizes[i]);
    }
    cg_name_is_clean(X509_get_subject_name(x509));
    cg_name_is_clean(X509_get_issuer_name(x509));
}

static void check_san(const struct cg_cert *cert)
{
    char out[2048];
    for (int i = 0; i < sk_GENERAL_NAME_num(cert->san); i++) {
        (void)cg_san_is_sound(sk_GENERAL_NAME_value(cert->san, i));
        if (cg_san_type(sk_GENERAL_NAME_value(cert->san, i)) == 0)
            abort();
        cg_san_text(sk_GENERAL_NAME_value(cert->san, i), out, sizeof out);
        check_text(out, sizeof out);
        cg_san_text(sk_GENERAL_NAME_value(cert->san, i), out, 9);
        check_text(out, 9);
    }
}

static void check_facts(X509 *x509)
{
    char text[CG_HEX_MAX], key[80];
    struct cg_cert one, two;
    if (!cg_cert_read(&one, x509) || !cg_cert_read(&two, x509))
        abort();
    if (one.flags != two.flags || one.key_algorithm != two.key_algorithm || one.digest != two.digest ||
        one.dates_ok != two.dates_ok || one.not_before != two.not_before || one.not_after != two.not_after ||
        one.san_broken != two.san_broken || (one.san && one.san_broken))
        abort();
    cg_cert_key_text(&one, key, sizeof key);
    check_text(key, sizeof key);
    cg_time_text(one.not_after, key, sizeof key);
    check_text(key, sizeof key);
    if (!cg_sha256_text(x509, text) || strlen(text) != 64)
        abort();
    (void)cg_spki_sha256(x509, (unsigned char *)text);
    check_names(x509);
    check_san(&one);
    cg_cert_clear(&one);
    cg_cert_clear(&two);
}

static void check_verdict(X509 *x509)
{
    for (int purpose = CG_PURPOSE_CLIENT; purpose <= CG_PURPOSE_SERVER; purpose++) {
        struct cg_verdict verdict;
        const struct cg_check_input in = {.profile = purpose == CG_PURPOSE_CLIENT ? &policy->base.client
                                                                                  : &policy->base.server,
                                          .trust = trust,
                                          .purpose = (enum cg_purpose)purpose,
                                          .leaf = x509,
                                          .host = "broker.example",
                                          .now = 1900000000};
        cg_check(&in, &verdict);
        if (verdict.decision != CG_DENY || verdict.reason == CG_REASON_OK)
            abort();
        for (int i = 0; i < verdict.nfindings; i++)
            check_text(verdict.findings[i].detail, sizeof verdict.findings[i].detail);
        cg_verdict_clear(&verdict);
    }
}

/* A username becomes part of topics: it is complete and has no characters that match other topics. */
static void check_identity(const X509 *x509)
{
    for (int source = CG_IDENTITY_SAN_URI; source <= CG_IDENTITY_SUBJECT; source++) {
        const struct cg_identity_policy rule = {.username = (enum cg_identity_source)source};
        struct cg_identity identity;
        cg_identity_of(x509, &rule, &identity);
        check_text(identity.name, sizeof identity.name);
        check_text(identity.detail, sizeof identity.detail);
        if ((identity.reason == CG_REASON_OK) != (identity.name[0] != '\0') || strpbrk(identity.name, "+#/*"))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    if (!policy)
        set_up();
    X509 *x509 = size <= 65536 ? d2i_X509(NULL, &at, (long)size) : NULL;
    ERR_clear_error();
    if (!x509)
        return 0;
    check_facts(x509);
    check_verdict(x509);
    check_identity(x509);
    X509_free(x509);
    ERR_clear_error();
    return 0;
}
