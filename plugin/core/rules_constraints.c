/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Name constraints (RFC 5280 4.2.1.10) beyond OpenSSL's: OpenSSL compares a wildcard as if it were one name, and a
 * common name only where it looks like a host name. Both could be used to stand for a name that the CA must not
 * vouch for. OpenSSL's own findings are reported here too. */
#include "rules.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

struct text {
    const char *p;
    size_t len;
};

static struct text text_of(const ASN1_STRING *string)
{
    return (struct text){(const char *)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};
}

/* Is name the subtree's base or below it? "example.com" and ".example.com" hold "a.example.com"; "" holds all. */
static bool is_within(struct text name, struct text base)
{
    if (base.len == 0)
        return true;
    if (name.len < base.len)
        return false;
    const char *end = name.p + name.len - base.len;
    /* asked first: names and subtrees of one chain may make a hundred thousand pairs */
    bool at_label = base.p[0] == '.' || end == name.p || end[-1] == '.';
    return at_label && strncasecmp(end, base.p, base.len) == 0;
}

/* What a wildcard name stands below of: "*.example.com" -> "example.com"; the name itself without a wildcard. */
static struct text wildcard_base(struct text name, bool *wildcard)
{
    const char *star = memchr(name.p, '*', name.len);
    const char *dot = star ? memchr(star, '.', (size_t)(name.p + name.len - star)) : NULL;
    *wildcard = star != NULL;
    if (!star)
        return name;
    return dot ? (struct text){dot + 1, (size_t)(name.p + name.len - dot - 1)} : (struct text){"", 0};
}

static bool violates_excluded(struct text name, const NAME_CONSTRAINTS *constraints)
{
    bool wildcard = false;
    struct text base = wildcard_base(name, &wildcard);
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees); i++) {
        const GENERAL_NAME *subtree = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i)->base;
        if (subtree->type != GEN_DNS)
            continue;
        struct text excluded = text_of(subtree->d.dNSName);
        /* a wildcard above the subtree may stand for a name inside it, at whatever depth a peer lets it match */
        if (is_within(base, excluded) || (wildcard && is_within(excluded, base)))
            return true;
    }
    return false;
}

static bool violates_permitted(struct text name, const NAME_CONSTRAINTS *constraints)
{
    bool wildcard = false, any = false;
    struct text base = wildcard_base(name, &wildcard);
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); i++) {
        const GENERAL_NAME *subtree = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
        if (subtree->type != GEN_DNS)
            continue;
        struct text permitted = text_of(subtree->d.dNSName);
        any = true;
        if (wildcard && permitted.len > 0 && permitted.p[0] == '.') /* all below the base are children of it */
            permitted = (struct text){permitted.p + 1, permitted.len - 1};
        if (is_within(base, permitted))
            return false;
    }
    return any;
}

/* Could someone take it for a DNS name? Labels and dots, as OpenSSL sees it, but with wildcards. */
static bool looks_like_host(struct text name)
{
    bool dot = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        if (c == '.' || c == '-') { /* no label is empty or ends with a hyphen */
            if (i == 0 || i + 1 == name.len || name.p[i - 1] == '.' || (c == '.' && name.p[i - 1] == '-'))
                return false;
            dot = dot || c == '.';
        } else if (!strchr("_*", c) && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z')) {
            return false;
        }
    }
    return dot;
}

static bool violates(struct text name, const NAME_CONSTRAINTS *constraints)
{
    while (name.len > 0 && name.p[name.len - 1] == '.') /* "example.com." is the same host */
        name.len--;
    return violates_excluded(name, constraints) || violates_permitted(name, constraints);
}

/* The first name of cert that breaks the constraints, or an empty text. */
static struct text first_violation(const struct cg_cert *cert, const NAME_CONSTRAINTS *constraints,
                                   unsigned char **owned)
{
    bool dns = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(cert->san); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(cert->san, i);
        if (san->type != GEN_DNS)
            continue;
        dns = true;
        if (violates(text_of(san->d.dNSName), constraints))
            return text_of(san->d.dNSName);
    }
    const X509_NAME *subject = X509_get_subject_name(cert->x509);
    for (int at = -1; !dns && (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
        int len = ASN1_STRING_to_UTF8(owned, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        static const char unread[] = "a common name that cannot be read";
        if (len < 0) /* no memory, or no text: what is not known is not allowed */
            return (struct text){unread, sizeof unread - 1};
        struct text cn = {(const char *)*owned, (size_t)len};
        if (cn.len > 0 && looks_like_host(cn) && violates(cn, constraints))
            return cn;
        OPENSSL_free(*owned);
        *owned = NULL;
    }
    return (struct text){NULL, 0};
}

/* OpenSSL's finding does not name the name that breaks them. To find it everything is decoded once more: worth it for
 * constraints that people wrote, not for those that are made to be long. */
#define EXPLAINED_MAX 4096 /* octets of the extension */

static bool are_long(const X509 *ca)
{
    int at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
    return at >= 0 && ASN1_STRING_length(X509_EXTENSION_get_data(X509_get_ext(ca, at))) > EXPLAINED_MAX;
}

static enum cg_rule_result judge(const struct cg_subject *subject, int depth, int ca, char *detail)
{
    int critical = -1;
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(subject->cert[ca].x509, NID_name_constraints, &critical, NULL);
    if (!constraints) /* absent, or MALFORMED has it */
        return critical == -1 ? CG_RULE_PASS
                              : cg_rule_fail(detail, "the name constraints of %s cannot be decoded",
                                             cg_rule_who(subject, ca).text);
    unsigned char *owned = NULL;
    enum cg_rule_result result = CG_RULE_PASS;
    struct text name = first_violation(&subject->cert[depth], constraints, &owned);
    if (name.p)
        result = cg_rule_fail(detail, "%s: the name constraints of %s do not allow '%.*s'",
                              cg_rule_who(subject, depth).text, cg_rule_who(subject, ca).text, (int)name.len, name.p);
    OPENSSL_free(owned);
    NAME_CONSTRAINTS_free(constraints);
    return result;
}

enum cg_rule_result cg_rule_name_constraints(const struct cg_subject *subject, enum cg_reason reason, int depth,
                                             char *detail)
{
    enum cg_rule_result found = cg_rule_x509(subject, reason, depth, detail), result = CG_RULE_PASS;
    /* intermediates are no hosts: their names are OpenSSL's to check */
    for (int ca = 1; depth == 0 && ca < subject->ncerts && result == CG_RULE_PASS; ca++)
        if (found == CG_RULE_PASS || !are_long(subject->cert[ca].x509))
            result = judge(subject, depth, ca, detail);
    return result == CG_RULE_PASS ? found : result;
}
