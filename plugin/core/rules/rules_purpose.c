/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on what a key may be used for: extended key usage (RFC 5280 4.2.1.12) and key usage (4.2.1.3). */
#include "rule.h"

#include <openssl/x509v3.h>

static uint32_t wanted_eku(enum cg_purpose purpose)
{
    return purpose == CG_PURPOSE_CLIENT ? XKU_SSL_CLIENT : XKU_SSL_SERVER;
}

static const char *eku_name(enum cg_purpose purpose)
{
    return purpose == CG_PURPOSE_CLIENT ? "clientAuth" : "serverAuth";
}

/* CG_REASON_OK, or the reason why this extended key usage is not accepted. */
static enum cg_reason eku_violation(const struct cg_cert *cert, const struct cg_check_input *in)
{
    if (!(cert->flags & EXFLAG_XKUSAGE))
        return in->profile->allow_missing_eku ? CG_REASON_OK : CG_REASON_EKU_MISSING;
    if (cert->eku & wanted_eku(in->purpose))
        return CG_REASON_OK;
    if (cert->eku & XKU_ANYEKU)
        return in->profile->allow_any_eku ? CG_REASON_OK : CG_REASON_EKU_ANY;
    return CG_REASON_WRONG_PURPOSE;
}

/* Netscape Cert Type, which OpenSSL still honors: no extended key usage allows what it forbids. */
static bool forbidden_by_netscape_type(const struct cg_cert *cert, enum cg_purpose purpose)
{
    if (!(cert->flags & EXFLAG_NSCERT))
        return false;
    ASN1_BIT_STRING *type = X509_get_ext_d2i(cert->x509, NID_netscape_cert_type, NULL, NULL);
    bool forbidden = !type || !ASN1_BIT_STRING_get_bit(type, purpose == CG_PURPOSE_CLIENT ? 0 : 1);
    ASN1_BIT_STRING_free(type);
    return forbidden;
}

enum cg_rule_result cg_rule_eku(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    const struct cg_check_input *in = facts->in;
    const struct cg_cert *cert = &facts->cert[depth];
    if (in->purpose == CG_PURPOSE_ANY)
        return CG_RULE_PASS;
    if (reason == CG_REASON_WRONG_PURPOSE && forbidden_by_netscape_type(cert, in->purpose))
        return cg_rule_fail(detail, "the Netscape Cert Type of %s does not allow a TLS %s",
                            cg_rule_cert_label(facts, depth).text,
                            in->purpose == CG_PURPOSE_CLIENT ? "client" : "server");
    if (eku_violation(cert, in) != reason)
        return CG_RULE_PASS;
    struct cg_cert_label label = cg_rule_cert_label(facts, depth);
    if (reason == CG_REASON_EKU_MISSING)
        return cg_rule_fail(detail, "%s has no extended key usage, expected %s", label.text, eku_name(in->purpose));
    if (reason == CG_REASON_EKU_ANY)
        return cg_rule_fail(detail, "%s has anyExtendedKeyUsage, expected %s", label.text, eku_name(in->purpose));
    return cg_rule_fail(detail, "%s lacks %s in its extended key usage", label.text, eku_name(in->purpose));
}

/* A CA without the extension may issue for any purpose, one with it only for the purposes that it names. This
 * includes the anchor. */
enum cg_rule_result cg_rule_ca_eku(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_check_input *in = facts->in;
    const struct cg_cert *cert = &facts->cert[depth];
    if (in->purpose == CG_PURPOSE_ANY || !(cert->flags & EXFLAG_XKUSAGE))
        return CG_RULE_PASS;
    if (eku_violation(cert, in) == CG_REASON_OK)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "the CA %s lacks %s in its extended key usage", cg_rule_cert_label(facts, depth).text,
                        eku_name(in->purpose));
}

/* RFC 8446 4.4.2.2: the peer signs the handshake. If the extension is present, it must allow that. */
enum cg_rule_result cg_rule_key_usage(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    if (facts->in->purpose == CG_PURPOSE_ANY || !(cert->flags & EXFLAG_KUSAGE) ||
        (cert->key_usage & KU_DIGITAL_SIGNATURE))
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s lacks digitalSignature in its key usage", cg_rule_cert_label(facts, depth).text);
}

enum cg_rule_result cg_rule_ca_key_usage(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                         char *detail)
{
    const struct cg_cert *cert = &facts->cert[depth];
    if (!(cert->flags & EXFLAG_KUSAGE) || (cert->key_usage & KU_KEY_CERT_SIGN))
        return cg_rule_x509(facts, reason, depth, detail);
    return cg_rule_fail(detail, "the CA %s lacks keyCertSign in its key usage", cg_rule_cert_label(facts, depth).text);
}
