/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the shape of a path: what OpenSSL said of it, CA or not, depth, version, serial number. */
#include "rules_path.h"

#include "core/base/openssl_const.h"
#include "core/cert/name.h"
#include "core/path/path.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

static enum cg_rule_result x509_anywhere(const struct cg_rule_input *input, enum cg_reason reason, char *detail)
{
    for (int i = 0; i < input->ncerts; i++)
        if (cg_rule_x509(input, reason, i, detail) != CG_RULE_PASS)
            return CG_RULE_FAIL;
    return CG_RULE_PASS;
}

/* A CA of ours with the name of the issuer: one that can have issued it, or any; NULL where there is none. other: NULL where
 * it fits, or what is different in it. */
static const struct cg_trust_entry *issuer_of(const struct cg_trust *trust, X509 *cert, const char **other)
{
    const struct cg_trust_entry *first = cg_trust_find(trust, X509_get_issuer_name(cert));
    *other = NULL;
    for (const struct cg_trust_entry *entry = first; entry; entry = cg_trust_next(entry))
        if (cg_path_may_have_issued(entry->cert, cert))
            return entry;
    /* a CA that was renewed with the same key, where its old serial number stands in what it issued */
    bool serial = first && X509_check_issued(first->cert, cert) == X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH;
    *other = serial ? "same name, and a serial number that is not the one in authorityKeyIdentifier; issue it again"
                    : "same name, another key";
    return first;
}

static bool came_alone(const struct cg_check_input *in)
{
    int others = 0;
    for (int i = 0; i < sk_X509_num(in->sent); i++)
        others += X509_cmp(sk_X509_value(in->sent, i), in->leaf) != 0;
    return others == 0;
}

/* Why the chain ends where it does: what to do about it differs. */
static enum cg_rule_result say_untrusted(const struct cg_rule_input *input, char *detail)
{
    char end[100], issuer[100];
    const char *other;
    struct cg_cert_label who = cg_rule_cert_label(input, 0);
    const struct cg_trust_entry *ours = issuer_of(input->in->trust, input->dead_end, &other);
    cg_name_text(X509_get_subject_name(input->dead_end), end, sizeof end);
    cg_name_text(X509_get_issuer_name(input->dead_end), issuer, sizeof issuer);
    if ((X509_get_extension_flags(input->cert[0].x509) & EXFLAG_SS) && input->no_path != CG_REASON_SELF_SIGNED)
        return cg_rule_fail(detail,
                            "%s has the name of its own issuer, and another key signed it: a CA and the certificates "
                            "that it issues need different names",
                            who.text);
    if (X509_get_extension_flags(input->dead_end) & EXFLAG_INVALID)
        return cg_rule_fail(detail, "%s: no path to a trust anchor; an extension of '%s' cannot be decoded", who.text,
                            end);
    if (ours && other)
        return cg_rule_fail(detail, "'%s' was issued by another CA than the %s '%s': %s", end,
                            ours->anchor ? "trust anchor" : "intermediate", issuer, other);
    if (ours && !ours->anchor)
        return cg_rule_fail(detail,
                            "%s: no path to a trust anchor; '%s' is an intermediate of the policy, and no anchor is "
                            "above it (intermediate_anchors would let in all that it issues)",
                            who.text, issuer);
    if (came_alone(input->in))
        return cg_rule_fail(detail, "%s, issued by '%s': no path to a trust anchor; no other certificate came with it",
                            who.text, issuer);
    return cg_rule_fail(detail, "%s: no path to a trust anchor; the chain ends with '%s', issued by '%s'", who.text,
                        end, issuer);
}

/* RFC 5280 6.1: a path ends in an anchor. Where self_signed or path_limit is only audited, untrusted still stands: anybody
 * can sign a certificate with its own key, and send CA certificates until the search gives up. */
enum cg_rule_result cg_rule_no_path(const struct cg_rule_input *input, enum cg_reason reason, int depth, char *detail)
{
    (void)depth;
    if (x509_anywhere(input, reason, detail) != CG_RULE_PASS)
        return CG_RULE_FAIL;
    bool stands = reason == CG_REASON_UNTRUSTED && input->in->profile->mode[input->no_path] != CG_ENFORCE;
    if (input->anchored || (input->no_path != reason && !stands))
        return CG_RULE_PASS;
    if (reason == CG_REASON_SELF_SIGNED)
        return cg_rule_fail(detail, "%s is signed with its own key and is no trust anchor",
                            cg_rule_cert_label(input, 0).text);
    if (reason == CG_REASON_PATH_LIMIT)
        return cg_rule_fail(detail, "%s: no good path within the bounds of the search",
                            cg_rule_cert_label(input, 0).text);
    return say_untrusted(input, detail);
}

static int by_oid(const void *a, const void *b)
{
    CG_OPENSSL4_CONST X509_EXTENSION *const *one = a, *const *other = b;
    return OBJ_cmp(X509_EXTENSION_get_object(*one), X509_EXTENSION_get_object(*other));
}

/* RFC 5280 4.2, also of extensions that OpenSSL does not know: one reader may take the first, another the last. Sorted,
 * since a peer may send thousands. */
static enum cg_rule_result no_extension_twice(X509 *cert, bool *twice)
{
    int count = X509_get_ext_count(cert);
    *twice = false;
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
    for (int i = 1; i < count && !*twice; i++)
        *twice = by_oid(&sorted[i - 1], &sorted[i]) == 0;
    OPENSSL_free(sorted);
    return CG_RULE_PASS;
}

/* RFC 5280 4.1, 4.2: what cannot be decoded, and extensions that occur twice. */
enum cg_rule_result cg_rule_malformed(const struct cg_rule_input *input, enum cg_reason reason, int depth, char *detail)
{
    const struct cg_cert *cert = &input->cert[depth];
    bool twice;
    if (input->no_path == CG_REASON_MALFORMED && input->dead_end != cert->x509) {
        char name[100];
        cg_name_text(X509_get_subject_name(input->dead_end), name, sizeof name);
        return cg_rule_fail(detail, "'%s', sent as a CA above %s: an extension cannot be decoded", name,
                            cg_rule_cert_label(input, depth).text);
    }
    if (!cert->dates_ok)
        return cg_rule_fail(detail, "%s: malformed notBefore or notAfter", cg_rule_cert_label(input, depth).text);
    if (no_extension_twice(cert->x509, &twice) != CG_RULE_PASS)
        return CG_RULE_FAULT;
    if (twice)
        return cg_rule_fail(detail, "%s: an extension occurs twice", cg_rule_cert_label(input, depth).text);
    if (cert->flags & EXFLAG_INVALID)
        return cg_rule_fail(detail, "%s: an extension cannot be decoded", cg_rule_cert_label(input, depth).text);
    return cg_rule_x509(input, reason, depth, detail);
}

/* OpenSSL calls a CA whose key usage lacks keyCertSign an invalid CA; ca_key_usage tells that one better. */
static bool lacks_cert_sign(const struct cg_cert *cert)
{
    return (cert->flags & EXFLAG_CA) && (cert->flags & EXFLAG_KUSAGE) && !(cert->key_usage & KU_KEY_CERT_SIGN);
}

/* RFC 5280 4.2.1.9, 6.1.4 (k): also where OpenSSL lets version 1 certificates and old key usages pass for a CA. */
enum cg_rule_result cg_rule_not_a_ca(const struct cg_rule_input *input, enum cg_reason reason, int depth, char *detail)
{
    if (lacks_cert_sign(&input->cert[depth]))
        return CG_RULE_PASS;
    if (cg_rule_x509(input, reason, depth, detail) != CG_RULE_PASS)
        return CG_RULE_FAIL;
    if (!(input->cert[depth].flags & EXFLAG_CA))
        return cg_rule_fail(detail, "%s issued %s without basicConstraints CA:TRUE",
                            cg_rule_cert_label(input, depth).text, cg_rule_cert_label(input, depth - 1).text);
    return CG_RULE_PASS;
}

enum cg_rule_result cg_rule_too_deep(const struct cg_rule_input *input, enum cg_reason reason, int depth, char *detail)
{
    (void)depth;
    int between = input->ncerts - 2;
    if (!input->anchored || between <= (int)input->in->profile->max_depth)
        return x509_anywhere(input, reason, detail);
    return cg_rule_fail(detail, "%d intermediates above %s, the policy allows %u", between,
                        cg_rule_cert_label(input, 0).text, input->in->profile->max_depth);
}

enum cg_rule_result cg_rule_ca_as_end_entity(const struct cg_rule_input *input, enum cg_reason reason, int depth,
                                             char *detail)
{
    if (!(input->cert[depth].flags & EXFLAG_CA))
        return cg_rule_x509(input, reason, depth, detail);
    return cg_rule_fail(detail, "%s has basicConstraints CA:TRUE", cg_rule_cert_label(input, depth).text);
}

/* RFC 3820: nobody revokes a proxy certificate, so it would slip past the CRLs. */
enum cg_rule_result cg_rule_proxy_certificate(const struct cg_rule_input *input, enum cg_reason reason, int depth,
                                              char *detail)
{
    if (input->cert[depth].flags & EXFLAG_PROXY)
        return cg_rule_fail(detail, "%s has the extension proxyCertInfo", cg_rule_cert_label(input, depth).text);
    return cg_rule_x509(input, reason, depth, detail);
}

enum cg_rule_result cg_rule_not_v3(const struct cg_rule_input *input, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    long version = X509_get_version(input->cert[depth].x509) + 1;
    if (version == 3)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s has version %ld", cg_rule_cert_label(input, depth).text, version);
}

/* RFC 5280 4.1.2.2 */
enum cg_rule_result cg_rule_bad_serial(const struct cg_rule_input *input, enum cg_reason reason, int depth,
                                       char *detail)
{
    (void)reason;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(input->cert[depth].x509);
    const unsigned char *p = ASN1_STRING_get0_data(serial);
    int len = ASN1_STRING_length(serial);
    bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    bool zero = true;
    for (int i = 0; i < len; i++)
        zero = zero && p[i] == 0;
    /* a set top bit takes one octet more in DER */
    int octets = len + (len > 0 && (p[0] & 0x80));
    if (!negative && !zero && octets <= 20)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s: serial number %s", cg_rule_cert_label(input, depth).text,
                        negative ? "is negative"
                        : zero   ? "is zero"
                                 : "is longer than 20 octets");
}
