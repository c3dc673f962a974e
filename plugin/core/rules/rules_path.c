/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the structure of a path: OpenSSL's errors, CA or not, depth, version, serial number. */
#include "rule.h"

#include "core/base/openssl_const.h"
#include "core/cert/name.h"
#include "core/path/path.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

static enum cg_rule_result x509_anywhere(const struct cg_path_facts *facts, enum cg_reason reason, char *detail)
{
    for (int i = 0; i < facts->ncerts; i++)
        if (cg_rule_x509(facts, reason, i, detail) != CG_RULE_PASS)
            return CG_RULE_FAIL;
    return CG_RULE_PASS;
}

/* Finds a CA of the policy with the name of the issuer: preferably one that can have issued cert. NULL: there is none.
 * *mismatch: NULL, or why this CA cannot have issued it. */
static const struct cg_trust_entry *issuer_of(const struct cg_trust *trust, X509 *cert, const char **mismatch)
{
    const struct cg_trust_entry *first = cg_trust_find(trust, X509_get_issuer_name(cert));
    *mismatch = NULL;
    for (const struct cg_trust_entry *entry = first; entry; entry = cg_trust_next(entry))
        if (cg_path_may_have_issued(entry->cert, cert))
            return entry;
    /* the CA was renewed with the same key, and what it issued names its old serial number */
    bool serial = first && X509_check_issued(first->cert, cert) == X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH;
    *mismatch = serial ? "same name, but another serial number than in authorityKeyIdentifier; issue it again"
                       : "same name, but another key";
    return first;
}

static bool sent_alone(const struct cg_check_input *in)
{
    int others = 0;
    for (int i = 0; i < sk_X509_num(in->sent); i++)
        others += X509_cmp(sk_X509_value(in->sent, i), in->leaf) != 0;
    return others == 0;
}

/* Writes why the chain ends where it does, since the fix differs. */
static enum cg_rule_result explain_untrusted(const struct cg_path_facts *facts, char *detail)
{
    char end[100], issuer[100];
    const char *mismatch;
    struct cg_cert_label label = cg_rule_cert_label(facts, 0);
    const struct cg_trust_entry *ours = issuer_of(facts->in->trust, facts->dead_end, &mismatch);
    cg_name_text(X509_get_subject_name(facts->dead_end), end, sizeof end);
    cg_name_text(X509_get_issuer_name(facts->dead_end), issuer, sizeof issuer);
    if ((X509_get_extension_flags(facts->cert[0].x509) & EXFLAG_SS) && facts->no_path != CG_REASON_SELF_SIGNED)
        return cg_rule_fail(detail,
                            "%s has the same name as its issuer, but another key signed it: a CA and the certificates "
                            "that it issues need different names",
                            label.text);
    if (X509_get_extension_flags(facts->dead_end) & EXFLAG_INVALID)
        return cg_rule_fail(detail, "%s: no path to a trust anchor; an extension of '%s' cannot be decoded", label.text,
                            end);
    if (ours && mismatch)
        return cg_rule_fail(detail, "'%s' was not issued by the %s '%s': %s", end,
                            ours->anchor ? "trust anchor" : "intermediate", issuer, mismatch);
    if (ours && !ours->anchor)
        return cg_rule_fail(detail,
                            "%s: no path to a trust anchor; '%s' is an intermediate of the policy, and no anchor is "
                            "above it (intermediate_anchors would accept all that it issues)",
                            label.text, issuer);
    if (sent_alone(facts->in))
        return cg_rule_fail(detail, "%s, issued by '%s': no path to a trust anchor; the peer sent no other certificate",
                            label.text, issuer);
    return cg_rule_fail(detail, "%s: no path to a trust anchor; the chain ends with '%s', issued by '%s'", label.text,
                        end, issuer);
}

/* RFC 5280 6.1: a path ends in an anchor. If self_signed or path_limit is only audited, untrusted still applies:
 * anyone can sign a certificate with its own key, or send CA certificates until the search gives up. */
enum cg_rule_result cg_rule_no_path(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)depth;
    if (x509_anywhere(facts, reason, detail) != CG_RULE_PASS)
        return CG_RULE_FAIL;
    bool applies = reason == CG_REASON_UNTRUSTED && facts->in->profile->mode[facts->no_path] != CG_ENFORCE;
    if (facts->anchored || (facts->no_path != reason && !applies))
        return CG_RULE_PASS;
    if (reason == CG_REASON_SELF_SIGNED)
        return cg_rule_fail(detail, "%s is signed with its own key and is not a trust anchor",
                            cg_rule_cert_label(facts, 0).text);
    if (reason == CG_REASON_PATH_LIMIT)
        return cg_rule_fail(detail, "%s: no valid path within the limits of the search",
                            cg_rule_cert_label(facts, 0).text);
    return explain_untrusted(facts, detail);
}

static int by_oid(const void *a, const void *b)
{
    CG_OPENSSL4_CONST X509_EXTENSION *const *one = a, *const *other = b;
    return OBJ_cmp(X509_EXTENSION_get_object(*one), X509_EXTENSION_get_object(*other));
}

/* RFC 5280 4.2: also for extensions that OpenSSL does not know, since one reader may use the first and another the
 * last. They are sorted because a peer may send thousands. */
static enum cg_rule_result find_duplicate(X509 *cert, bool *duplicate)
{
    int count = X509_get_ext_count(cert);
    *duplicate = false;
    if (count < 2)
        return CG_RULE_PASS;
    CG_OPENSSL4_CONST X509_EXTENSION **sorted = OPENSSL_malloc(sizeof *sorted * (size_t)count);
    if (!sorted) {
        ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
        return CG_RULE_FAULT;
    }
    for (int i = 0; i < count; i++)
        sorted[i] = X509_get_ext(cert, i);
    qsort(sorted, (size_t)count, sizeof *sorted, by_oid);
    for (int i = 1; i < count && !*duplicate; i++)
        *duplicate = by_oid(&sorted[i - 1], &sorted[i]) == 0;
    OPENSSL_free(sorted);
    return CG_RULE_PASS;
}

/* RFC 5280 4.1, 4.2: certificates that cannot be decoded, and extensions that occur twice. */
enum cg_rule_result cg_rule_malformed(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    const struct cg_cert *cert = &facts->cert[depth];
    bool duplicate;
    if (facts->no_path == CG_REASON_MALFORMED && facts->dead_end != cert->x509) {
        char name[100];
        cg_name_text(X509_get_subject_name(facts->dead_end), name, sizeof name);
        return cg_rule_fail(detail, "'%s', sent as a CA above %s: an extension cannot be decoded", name,
                            cg_rule_cert_label(facts, depth).text);
    }
    if (!cert->dates_ok)
        return cg_rule_fail(detail, "%s: malformed notBefore or notAfter", cg_rule_cert_label(facts, depth).text);
    if (find_duplicate(cert->x509, &duplicate) != CG_RULE_PASS)
        return CG_RULE_FAULT;
    if (duplicate)
        return cg_rule_fail(detail, "%s: an extension occurs twice", cg_rule_cert_label(facts, depth).text);
    if (cert->flags & EXFLAG_INVALID)
        return cg_rule_fail(detail, "%s: an extension cannot be decoded", cg_rule_cert_label(facts, depth).text);
    return cg_rule_x509(facts, reason, depth, detail);
}

/* OpenSSL reports a CA whose key usage lacks keyCertSign as an invalid CA; the rule ca_key_usage is more precise. */
static bool lacks_cert_sign(const struct cg_cert *cert)
{
    return (cert->flags & EXFLAG_CA) && (cert->flags & EXFLAG_KUSAGE) && !(cert->key_usage & KU_KEY_CERT_SIGN);
}

/* RFC 5280 4.2.1.9, 6.1.4 (k): also for version 1 certificates and old key usages that OpenSSL accepts as a CA. */
enum cg_rule_result cg_rule_not_a_ca(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    if (lacks_cert_sign(&facts->cert[depth]))
        return CG_RULE_PASS;
    if (cg_rule_x509(facts, reason, depth, detail) != CG_RULE_PASS)
        return CG_RULE_FAIL;
    if (!(facts->cert[depth].flags & EXFLAG_CA))
        return cg_rule_fail(detail, "%s issued %s, but lacks basicConstraints CA:TRUE",
                            cg_rule_cert_label(facts, depth).text, cg_rule_cert_label(facts, depth - 1).text);
    return CG_RULE_PASS;
}

enum cg_rule_result cg_rule_too_deep(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)depth;
    int between = facts->ncerts - 2;
    if (!facts->anchored || between <= (int)facts->in->profile->max_depth)
        return x509_anywhere(facts, reason, detail);
    return cg_rule_fail(detail, "%d intermediates above %s, the policy allows %u", between,
                        cg_rule_cert_label(facts, 0).text, facts->in->profile->max_depth);
}

enum cg_rule_result cg_rule_ca_as_end_entity(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                             char *detail)
{
    if (!(facts->cert[depth].flags & EXFLAG_CA))
        return cg_rule_x509(facts, reason, depth, detail);
    return cg_rule_fail(detail, "%s has basicConstraints CA:TRUE", cg_rule_cert_label(facts, depth).text);
}

/* RFC 3820: a proxy certificate is not on any CRL. */
enum cg_rule_result cg_rule_proxy_certificate(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                              char *detail)
{
    if (facts->cert[depth].flags & EXFLAG_PROXY)
        return cg_rule_fail(detail, "%s has the extension proxyCertInfo", cg_rule_cert_label(facts, depth).text);
    return cg_rule_x509(facts, reason, depth, detail);
}

enum cg_rule_result cg_rule_not_v3(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    long version = X509_get_version(facts->cert[depth].x509) + 1;
    if (version == 3)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s has version %ld", cg_rule_cert_label(facts, depth).text, version);
}

/* RFC 5280 4.1.2.2 */
enum cg_rule_result cg_rule_bad_serial(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                       char *detail)
{
    (void)reason;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(facts->cert[depth].x509);
    const unsigned char *p = ASN1_STRING_get0_data(serial);
    int len = ASN1_STRING_length(serial);
    bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    bool zero = true;
    for (int i = 0; i < len; i++)
        zero = zero && p[i] == 0;
    /* DER needs one more octet if the top bit is set */
    int octets = len + (len > 0 && (p[0] & 0x80));
    if (!negative && !zero && octets <= 20)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s: serial number %s", cg_rule_cert_label(facts, depth).text,
                        negative ? "is negative"
                        : zero   ? "is zero"
                                 : "is longer than 20 octets");
}
