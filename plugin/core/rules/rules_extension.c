/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on extensions: unknown critical ones (RFC 5280 4.2), and those that the policy requires or forbids. */
#include "rule.h"

#include "core/base/openssl_const.h"
#include "core/policy/match.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

struct oid_text {
    char text[80];
};

static struct oid_text oid_of(const X509_EXTENSION *extension)
{
    struct oid_text out;
    const ASN1_OBJECT *object = X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)extension);
    int len = OBJ_obj2txt(out.text, sizeof out.text, object, 1);
    if (len <= 0 || (size_t)len >= sizeof out.text)
        strcpy(out.text, "?"); /* longer than any OID that a policy can contain */
    return out;
}

/* An extension that the policy requires counts as processed: its value is compared with the policy. */
static bool is_processed(const struct cg_profile *profile, const char *oid)
{
    for (size_t i = 0; i < profile->nextensions; i++)
        if (!profile->extensions[i].forbidden && strcmp(profile->extensions[i].oid, oid) == 0 &&
            profile->mode[CG_REASON_EXTENSION_VALUE] == CG_ENFORCE)
            return true;
    return false;
}

/* RFC 5280 4.2.1.4: a critical certificatePolicies must be interpreted completely, including its qualifiers. */
static bool policies_are_known(const X509 *cert)
{
    int at = X509_get_ext_by_NID(cert, NID_certificate_policies, -1), critical = 0;
    if (at < 0 || !X509_EXTENSION_get_critical(X509_get_ext(cert, at)))
        return true;
    CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(cert, NID_certificate_policies, &critical, NULL);
    bool known = policies != NULL;
    for (int i = 0; known && i < sk_POLICYINFO_num(policies); i++) {
        const STACK_OF(POLICYQUALINFO) *qualifiers = sk_POLICYINFO_value(policies, i)->qualifiers;
        for (int j = 0; known && j < sk_POLICYQUALINFO_num(qualifiers); j++) {
            int nid = OBJ_obj2nid(sk_POLICYQUALINFO_value(qualifiers, j)->pqualid);
            known = nid == NID_id_qt_cps || nid == NID_id_qt_unotice;
        }
    }
    CERTIFICATEPOLICIES_free(policies);
    return known;
}

enum cg_rule_result cg_rule_unknown_critical(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                             char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    if (!policies_are_known(cert->x509))
        return cg_rule_fail(detail, "%s: certificatePolicies is critical and has an unknown qualifier",
                            cg_rule_cert_label(facts, depth).text);
    if (!(cert->flags & EXFLAG_CRITICAL))
        return CG_RULE_PASS;
    for (int i = 0; i < X509_get_ext_count(cert->x509); i++) {
        CG_OPENSSL4_CONST X509_EXTENSION *extension = X509_get_ext(cert->x509, i);
        if (!X509_EXTENSION_get_critical(extension) || X509_supported_extension(extension))
            continue;
        struct oid_text oid = oid_of(extension);
        if (depth > 0 || !is_processed(facts->in->profile, oid.text))
            return cg_rule_fail(detail, "%s has the critical extension %s", cg_rule_cert_label(facts, depth).text,
                                oid.text);
    }
    return CG_RULE_PASS;
}

/* The text of a value that is exactly one DER string, else NULL. The caller frees it with OPENSSL_free. */
static char *der_text(const ASN1_OCTET_STRING *value)
{
    const unsigned char *p = ASN1_STRING_get0_data(value), *end = p + ASN1_STRING_length(value);
    ASN1_STRING *string = d2i_ASN1_PRINTABLE(NULL, &p, ASN1_STRING_length(value));
    unsigned char *text = NULL;
    int len = string && p == end && ASN1_STRING_type(string) != V_ASN1_BIT_STRING ? ASN1_STRING_to_UTF8(&text, string)
                                                                                  : -1;
    ASN1_STRING_free(string);
    if (len >= 0 && strlen((char *)text) == (size_t)len)
        return (char *)text;
    OPENSSL_free(text);
    return NULL;
}

static bool value_fits(const struct cg_value_match *match, CG_OPENSSL4_CONST X509_EXTENSION *extension)
{
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    char *text = der_text(value);
    bool fits = cg_match(match, text, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    OPENSSL_free(text);
    return fits;
}

/* CG_REASON_OK, or the reason why the certificate violates this entry of the policy. */
static enum cg_reason violation(const struct cg_extension_rule *rule, const X509 *cert)
{
    enum cg_reason reason = rule->forbidden ? CG_REASON_OK : CG_REASON_EXTENSION_MISSING;
    for (int i = 0; i < X509_get_ext_count(cert); i++) {
        CG_OPENSSL4_CONST X509_EXTENSION *extension = X509_get_ext(cert, i);
        if (strcmp(oid_of(extension).text, rule->oid) != 0)
            continue;
        if (rule->forbidden)
            return CG_REASON_EXTENSION_FORBIDDEN;
        if (!value_fits(&rule->match, extension))
            return CG_REASON_EXTENSION_VALUE;
        reason = CG_REASON_OK;
    }
    return reason;
}

enum cg_rule_result cg_rule_extensions(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                       char *detail)
{
    const struct cg_profile *profile = facts->in->profile;
    for (size_t i = 0; i < profile->nextensions; i++) {
        const struct cg_extension_rule *rule = &profile->extensions[i];
        if (violation(rule, facts->cert[depth].x509) != reason)
            continue;
        char wanted[120];
        cg_match_text(&rule->match, wanted, sizeof wanted);
        struct cg_cert_label label = cg_rule_cert_label(facts, depth);
        if (reason == CG_REASON_EXTENSION_FORBIDDEN)
            return cg_rule_fail(detail, "%s has the extension %s", label.text, rule->oid);
        return cg_rule_fail(detail, "%s: extension %s: expected %s, found %s", label.text, rule->oid, wanted,
                            reason == CG_REASON_EXTENSION_MISSING ? "none" : "another value");
    }
    return CG_RULE_PASS;
}
