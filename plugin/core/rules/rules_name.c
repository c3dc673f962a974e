/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on names: subject, issuer, subjectAltName, and the host that a bridge connects to. */
#include "rule.h"

#include "core/cert/name.h"
#include "core/cert/name_syntax.h"
#include "core/policy/match.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

static const struct {
    enum cg_san_type type;
    const char *name;
} types[] = {{CG_SAN_DNS, "dns"},         {CG_SAN_IP, "ip"},   {CG_SAN_URI, "uri"},    {CG_SAN_EMAIL, "email"},
             {CG_SAN_DIRNAME, "dirname"}, {CG_SAN_RID, "rid"}, {CG_SAN_OTHER, "other"}};

struct types_text {
    char text[64];
};

static struct types_text types_text(unsigned bits)
{
    struct types_text out = {""};
    size_t len = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!(bits & types[i].type) || len >= sizeof out.text)
            continue;
        int n = snprintf(out.text + len, sizeof out.text - len, "%s%s", len ? " or " : "", types[i].name);
        len += n > 0 ? (size_t)n : 0;
    }
    return out;
}

static const ASN1_STRING *san_string(const GENERAL_NAME *san)
{
    int type = 0;
    void *value = GENERAL_NAME_get0_value(san, &type);
    return type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL ? value : NULL;
}

static bool san_is_clean(const GENERAL_NAME *san)
{
    int type = 0;
    void *value = GENERAL_NAME_get0_value(san, &type);
    if (type == GEN_DIRNAME)
        return cg_name_is_clean(value);
    const ASN1_STRING *string = san_string(san);
    return !string || cg_string_is_clean(string);
}

/* Names are printed, logged and used as user names: nothing in them may end a string or a line early. */
enum cg_rule_result cg_rule_bad_name(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    const char *where = !cg_name_is_clean(X509_get_subject_name(cert->x509))  ? "subject"
                        : !cg_name_is_clean(X509_get_issuer_name(cert->x509)) ? "issuer"
                                                                              : NULL;
    for (int i = 0; !where && i < sk_GENERAL_NAME_num(cert->san); i++)
        if (!san_is_clean(sk_GENERAL_NAME_value(cert->san, i)))
            where = "subjectAltName";
    if (!where)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s: NUL, control characters or malformed text in the %s",
                        cg_rule_cert_label(facts, depth).text, where);
}

enum cg_rule_result cg_rule_san_missing(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                        char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    if (facts->in->profile->san_types == 0 || cert->san_broken || sk_GENERAL_NAME_num(cert->san) > 0)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s has no subjectAltName, expected %s", cg_rule_cert_label(facts, depth).text,
                        types_text(facts->in->profile->san_types).text);
}

enum cg_rule_result cg_rule_san_type(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_profile *profile = facts->in->profile;
    const GENERAL_NAMES *san = facts->cert[depth].san;
    unsigned found = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        enum cg_san_type type = cg_san_type(sk_GENERAL_NAME_value(san, i));
        found |= type;
        if (type & profile->san_types_allowed)
            continue;
        char text[128];
        cg_san_text(sk_GENERAL_NAME_value(san, i), text, sizeof text);
        return cg_rule_fail(detail, "%s has the name %s; allowed types: %s", cg_rule_cert_label(facts, depth).text,
                            text, types_text(profile->san_types_allowed).text);
    }
    if (found == 0 || profile->san_types == 0 || (found & profile->san_types))
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s has only names of type %s, expected %s", cg_rule_cert_label(facts, depth).text,
                        types_text(found).text, types_text(profile->san_types).text);
}

/* RFC 5280 4.2.1.6 */
enum cg_rule_result cg_rule_san_malformed(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                          char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    if (cert->san_broken)
        return cg_rule_fail(detail, "%s: its subjectAltName cannot be decoded or occurs twice",
                            cg_rule_cert_label(facts, depth).text);
    if (cert->san && sk_GENERAL_NAME_num(cert->san) == 0)
        return cg_rule_fail(detail, "%s: its subjectAltName is empty", cg_rule_cert_label(facts, depth).text);
    for (int i = 0; i < sk_GENERAL_NAME_num(cert->san); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(cert->san, i);
        if (cg_san_is_well_formed(san))
            continue;
        char text[128];
        cg_san_text(san, text, sizeof text);
        return cg_rule_fail(detail, "%s: malformed name %s", cg_rule_cert_label(facts, depth).text, text);
    }
    return CG_RULE_PASS;
}

/* RFC 9525 6: compares SANs only, with wildcards for whole labels only, and IP addresses with iPAddress only. 1, 0,
 * or -1 for an error. */
static int covers(X509 *cert, const char *name)
{
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    ASN1_OCTET_STRING *ip = a2i_IPADDRESS(name);
    if (!ip)
        return name[0] ? X509_check_host(cert, name, strlen(name), flags, NULL) : 0;
    int result = X509_check_ip(cert, ASN1_STRING_get0_data(ip), (size_t)ASN1_STRING_length(ip), flags);
    ASN1_OCTET_STRING_free(ip);
    return result;
}

static enum cg_rule_result check_host(const struct cg_path_facts *facts, int depth, const char *name, char *detail)
{
    const struct cg_cert *cert = &facts->cert[depth];
    int result = covers(cert->x509, name);
    if (result < 0)
        return CG_RULE_FAULT;
    if (result == 1)
        return CG_RULE_PASS;
    char first[100] = "no subjectAltName";
    if (sk_GENERAL_NAME_num(cert->san) > 0)
        cg_san_text(sk_GENERAL_NAME_value(cert->san, 0), first, sizeof first);
    return cg_rule_fail(detail, "'%s' is not among the names of %s: %s%s", name, cg_rule_cert_label(facts, depth).text,
                        first, sk_GENERAL_NAME_num(cert->san) > 1 ? ", ..." : "");
}

enum cg_rule_result cg_rule_host(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_strings *names = &facts->in->profile->names;
    enum cg_rule_result result = CG_RULE_PASS;
    if (facts->in->host)
        result = check_host(facts, depth, facts->in->host, detail);
    for (size_t i = 0; i < names->count && result == CG_RULE_PASS; i++)
        result = check_host(facts, depth, names->item[i], detail);
    return result;
}

/* The attribute must occur, and every occurrence must match. */
static enum cg_rule_result check_attribute(const struct cg_path_facts *facts, int depth,
                                           const struct cg_subject_rule *rule, char *detail)
{
    const X509_NAME *name = X509_get_subject_name(facts->cert[depth].x509);
    char wanted[120], found[80] = "none";
    bool present = false, matches = true;
    ASN1_OBJECT *object = OBJ_txt2obj(rule->attribute, 0);
    if (!object)
        return CG_RULE_FAULT;
    for (int at = -1; matches && (at = X509_NAME_get_index_by_OBJ(name, object, at)) >= 0;) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        unsigned char *text = NULL;
        int len = ASN1_STRING_to_UTF8(&text, value);
        bool whole = len >= 0 && strlen((char *)text) == (size_t)len;
        present = true;
        matches = cg_match(&rule->match, whole ? (char *)text : NULL, ASN1_STRING_get0_data(value),
                           (size_t)ASN1_STRING_length(value));
        cg_text_escape(text ? (char *)text : "?", text ? (size_t)len : 1, found, sizeof found);
        OPENSSL_free(text);
    }
    ASN1_OBJECT_free(object);
    if (present && matches)
        return CG_RULE_PASS;
    cg_match_text(&rule->match, wanted, sizeof wanted);
    return cg_rule_fail(detail, "%s: %s: expected %s, found '%s'", cg_rule_cert_label(facts, depth).text,
                        rule->attribute, wanted, found);
}

enum cg_rule_result cg_rule_subject_attributes(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                               char *detail)
{
    (void)reason;
    const struct cg_profile *profile = facts->in->profile;
    for (size_t i = 0; i < profile->nsubject; i++) {
        enum cg_rule_result result = check_attribute(facts, depth, &profile->subject[i], detail);
        if (result != CG_RULE_PASS)
            return result;
    }
    return CG_RULE_PASS;
}
