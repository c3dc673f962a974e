/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Name constraints (RFC 5280 4.2.1.10) beyond OpenSSL's own check, which also runs. OpenSSL compares a wildcard as
 * if it were one name, reads the user information of a URI as its host, ignores malformed bases, and compares a
 * common name only if it looks like a host name. Each of these could be used for a name that the CA must not
 * certify. In doubt a name is not allowed: a malformed name is not compared, and a constraint that cannot be used
 * forbids every name of its form. */
#include "rule.h"

#include "core/cert/name.h"
#include "core/cert/name_syntax.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EXPLAINED_MAX    128 /* subtrees of one CA */
#define ADDRESS_TEXT_MAX 45  /* octets of an IPv6 address in its longest form */

enum form { DNS, EMAIL, URI, ADDRESS, FORMS };

/* A name of one form. */
struct name {
    enum form form;
    struct cg_octets text; /* ADDRESS: 4 or 16 octets */
};

/* Whether a subtree contains a name. If implementations differ, a permitted subtree does not contain it and an
 * excluded one does. */
typedef bool contains_function(struct cg_octets base, struct cg_octets name, bool excluded);

/* Whether name is the base or below it: "example.com" and ".example.com" contain "a.example.com"; "" contains
 * everything. */
static bool is_within(struct cg_octets name, struct cg_octets base)
{
    if (base.len == 0)
        return true;
    if (name.len < base.len)
        return false;
    const char *end = name.p + name.len - base.len;
    /* checked first: names and subtrees of one chain may make a hundred thousand pairs */
    bool at_label = base.p[0] == '.' || end == name.p || end[-1] == '.';
    return at_label && strncasecmp(end, base.p, base.len) == 0;
}

static bool dns_contains(struct cg_octets base, struct cg_octets name, bool excluded)
{
    bool wildcard = name.p[0] == '*';
    if (!wildcard)
        return is_within(name, base);
    struct cg_octets above = {name.p + 2, name.len - 2}; /* "*.example.com" -> "example.com" */
    if (excluded)                                        /* it may match a name inside, at any depth */
        return is_within(above, base) || is_within(base, above);
    if (base.len > 0 && base.p[0] == '.') /* "*.example.com" is below ".example.com" */
        base = (struct cg_octets){base.p + 1, base.len - 1};
    return is_within(above, base);
}

/* RFC 5280 4.2.1.10 for mail and URIs: a host means itself, ".domain" all hosts below it. */
static bool is_host_of(struct cg_octets host, struct cg_octets base)
{
    return base.len == 0 || ((base.p[0] == '.' || base.len == host.len) && is_within(host, base));
}

/* "\"a\\b\"" -> "ab": a quoted local part equals the same part without quotes (RFC 5321 4.1.2). */
static size_t unquote(struct cg_octets local, char out[64])
{
    size_t len = 0;
    bool quoted = local.p[0] == '"';
    for (size_t i = quoted; i < local.len - quoted && len < 64; i++) {
        i += quoted && local.p[i] == '\\';
        out[len++] = local.p[i];
    }
    return len;
}

/* By the standard the case of a local part matters; for most mail servers it does not. */
static bool is_local_part(struct cg_octets a, struct cg_octets b, bool excluded)
{
    char one[64], other[64];
    size_t len = unquote(a, one);
    if (len != unquote(b, other))
        return false;
    return excluded ? strncasecmp(one, other, len) == 0 : memcmp(one, other, len) == 0;
}

static bool mailbox_contains(struct cg_octets base, struct cg_octets name, bool excluded)
{
    struct cg_octets local, host, base_local, base_host;
    if (!cg_mailbox_is_well_formed(name, &local, &host))
        return excluded;
    if (!cg_mailbox_is_well_formed(base, &base_local, &base_host))
        return is_host_of(host, base);
    return is_local_part(local, base_local, excluded) && host.len == base_host.len && is_within(host, base_host);
}

static bool uri_contains(struct cg_octets base, struct cg_octets name, bool excluded)
{
    struct cg_octets host;
    return cg_uri_host(name, &host) ? is_host_of(host, base) : excluded;
}

static bool address_contains(struct cg_octets base, struct cg_octets name, bool excluded)
{
    (void)excluded;
    if (base.len != 2 * name.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((name.p[i] ^ base.p[i]) & base.p[name.len + i])
            return false;
    return true;
}

static bool uri_has_host(struct cg_octets name)
{
    struct cg_octets host;
    return cg_uri_host(name, &host);
}

static bool is_mailbox(struct cg_octets name)
{
    return cg_mailbox_is_well_formed(name, NULL, NULL);
}

static bool is_address(struct cg_octets name)
{
    return name.len == 4 || name.len == 16;
}

static const struct {
    int type; /* GEN_* */
    bool (*is_comparable)(struct cg_octets name);
    contains_function *contains;
} forms[FORMS] = {
    [DNS] = {GEN_DNS, cg_dns_san_is_well_formed, dns_contains},
    [EMAIL] = {GEN_EMAIL, is_mailbox, mailbox_contains},
    [URI] = {GEN_URI, uri_has_host, uri_contains},
    [ADDRESS] = {GEN_IPADD, is_address, address_contains},
};

/* ---- constraints */

/* The constraints of one CA, read once for all names of a certificate. */
struct constraints {
    const NAME_CONSTRAINTS *lists;
    bool present[FORMS];                 /* a subtree has this form */
    const GENERAL_NAME *unusable[FORMS]; /* the first base of this form that cannot be used */
};

/* RFC 5280 4.2.1.10: minimum is 0, and there is no maximum. */
static bool is_usable(const GENERAL_SUBTREE *subtree)
{
    return (!subtree->minimum || ASN1_INTEGER_get(subtree->minimum) == 0) && !subtree->maximum &&
           cg_constraint_is_well_formed(subtree->base);
}

static void read_list(struct constraints *out, const STACK_OF(GENERAL_SUBTREE) *list)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(list); i++) {
        const GENERAL_SUBTREE *subtree = sk_GENERAL_SUBTREE_value(list, i);
        for (int form = 0; form < FORMS; form++) {
            if (forms[form].type != subtree->base->type)
                continue;
            out->present[form] = true;
            if (!out->unusable[form] && !is_usable(subtree))
                out->unusable[form] = subtree->base;
        }
    }
}

static struct constraints read_constraints(const NAME_CONSTRAINTS *lists)
{
    struct constraints out = {.lists = lists};
    read_list(&out, lists->permittedSubtrees);
    read_list(&out, lists->excludedSubtrees);
    return out;
}

static bool is_in_list(const STACK_OF(GENERAL_SUBTREE) *list, const struct name *name, bool excluded, bool *any)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(list); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(list, i)->base;
        if (base->type != forms[name->form].type)
            continue;
        *any = true;
        if (forms[name->form].contains(cg_octets_of(base->type == GEN_IPADD ? base->d.iPAddress : base->d.ia5),
                                       name->text, excluded))
            return true;
    }
    return false;
}

static bool is_allowed(const struct constraints *constraints, const struct name *name)
{
    bool any = false;
    if (!constraints->present[name->form])
        return true;
    if (constraints->unusable[name->form] || !forms[name->form].is_comparable(name->text) ||
        is_in_list(constraints->lists->excludedSubtrees, name, true, &any))
        return false;
    any = false;
    return is_in_list(constraints->lists->permittedSubtrees, name, false, &any) || !any;
}

/* ---- the names of a certificate */

/* RFC 9598: the one otherName that is a mailbox. It is not ASCII, so it is never comparable here. */
static bool is_other_mailbox(const GENERAL_NAME *san)
{
    return san->type == GEN_OTHERNAME && OBJ_obj2nid(san->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox;
}

static bool name_of_san(const GENERAL_NAME *san, struct name *out)
{
    static const struct cg_octets not_ascii = {"(SmtpUTF8Mailbox)", 17};
    *out = (struct name){EMAIL, not_ascii};
    if (is_other_mailbox(san))
        return true;
    for (int form = 0; form < FORMS; form++)
        if (forms[form].type == san->type) {
            *out = (struct name){(enum form)form, cg_octets_of(san->type == GEN_IPADD ? san->d.iPAddress : san->d.ia5)};
            return true;
        }
    return false;
}

/* The state while the names of one certificate are checked against one CA. */
struct name_check {
    const struct constraints *constraints;
    bool present[FORMS]; /* a SAN has this form */
    bool violated;
    struct name violation;     /* the first name that is not allowed */
    unsigned char *text;       /* owned: the common name that is checked */
    unsigned char address[16]; /* the address that it contains */
};

static void check_name(struct name_check *check, enum form form, struct cg_octets text)
{
    struct name name = {form, text};
    if (check->violated || is_allowed(check->constraints, &name))
        return;
    check->violated = true;
    check->violation = name;
}

static void check_sans(struct name_check *check, const GENERAL_NAMES *sans)
{
    for (int i = 0; !check->violated && i < sk_GENERAL_NAME_num(sans); i++) {
        struct name name;
        if (!name_of_san(sk_GENERAL_NAME_value(sans, i), &name))
            continue;
        check->present[name.form] = true;
        check_name(check, name.form, name.text);
    }
}

/* RFC 5280 4.2.1.10: a subject's emailAddress is a mailbox. */
static void check_email_attributes(struct name_check *check, const X509_NAME *subject)
{
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) >= 0;)
        check_name(check, EMAIL, cg_octets_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

/* Whether a common name could be used as a DNS name: labels and dots, as in OpenSSL, but also wildcards. */
static bool looks_like_host(struct cg_octets name)
{
    bool dot = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        if (c == '.' || c == '-') { /* no label is empty or ends with a hyphen */
            if (i == 0 || i + 1 == name.len || name.p[i - 1] == '.' || (c == '.' && name.p[i - 1] == '-'))
                return false;
            dot = dot || c == '.';
        } else if (c != '_' && c != '*' && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z')) {
            return false;
        }
    }
    return dot;
}

/* The octets of the address in check->text; none if it is not an address. */
static struct cg_octets address_of(struct name_check *check, size_t len)
{
    struct cg_octets out = {(char *)check->address, 0};
    ASN1_OCTET_STRING *ip = len <= ADDRESS_TEXT_MAX ? a2i_IPADDRESS((char *)check->text) : NULL;
    if (ip && (size_t)ASN1_STRING_length(ip) <= sizeof check->address) {
        out.len = (size_t)ASN1_STRING_length(ip);
        memcpy(check->address, ASN1_STRING_get0_data(ip), out.len);
    }
    ASN1_OCTET_STRING_free(ip);
    return out;
}

/* Without a SAN, many readers still use the common name as a host name or address (RFC 6125 6.4.4). */
static void check_common_name(struct name_check *check, const ASN1_STRING *value)
{
    static const struct cg_octets unread = {"a common name that cannot be read", 33};
    int len = ASN1_STRING_to_UTF8(&check->text, value);
    if (len < 0 || memchr(check->text, 0, (size_t)len)) { /* no memory, or not text: an unknown name is not allowed */
        check_name(check, DNS, unread);
        check_name(check, ADDRESS, unread);
        return;
    }
    while (len > 0 && check->text[len - 1] == '.') /* "example.com." is the same host */
        check->text[--len] = '\0';
    struct cg_octets cn = {(char *)check->text, (size_t)len}, address = address_of(check, cn.len);
    if (address.len > 0 && !check->present[ADDRESS])
        check_name(check, ADDRESS, address);
    else if (address.len == 0 && !check->present[DNS] && looks_like_host(cn))
        check_name(check, DNS, cn);
}

static void check_common_names(struct name_check *check, const X509_NAME *subject)
{
    if (!check->constraints->present[DNS] && !check->constraints->present[ADDRESS])
        return;
    for (int at = -1; !check->violated && (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
        OPENSSL_free(check->text);
        check->text = NULL;
        check_common_name(check, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    }
}

/* ---- the rule */

/* Writes "192.0.2.0"; false if the octets are not an address. */
static bool address_text(struct cg_octets octets, char *out, size_t size)
{
    int family = octets.len == 4 ? AF_INET : AF_INET6;
    return is_address(octets) && inet_ntop(family, octets.p, out, (socklen_t)size) != NULL;
}

static void name_text(const struct name *name, char *out, size_t size)
{
    if (name->form != ADDRESS || !address_text(name->text, out, size))
        cg_text_escape(name->text.p, name->text.len, out, size);
}

/* Writes an address and its mask as "192.0.2.0/255.0.255.0", other bases as SANs. */
static void base_text(const GENERAL_NAME *base, char *out, size_t size)
{
    char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
    if (base->type != GEN_IPADD) {
        cg_san_text(base, out, size);
        return;
    }
    struct cg_octets both = cg_octets_of(base->d.iPAddress);
    size_t half = both.len / 2;
    if (address_text((struct cg_octets){both.p, half}, address, sizeof address) &&
        address_text((struct cg_octets){both.p + half, both.len - half}, mask, sizeof mask))
        snprintf(out, size, "ip:%s/%s", address, mask);
    else
        snprintf(out, size, "ip of %zu octets", both.len);
}

static enum cg_rule_result report(const struct cg_path_facts *facts, int depth, int ca, const struct name_check *check,
                                  char *detail)
{
    char name[120], base[120];
    struct cg_cert_label label = cg_rule_cert_label(facts, depth), of = cg_rule_cert_label(facts, ca);
    const GENERAL_NAME *unusable = check->constraints->unusable[check->violation.form];
    name_text(&check->violation, name, sizeof name);
    if (!unusable)
        return cg_rule_fail(detail, "%s: the name constraints of %s do not allow '%s'%s", label.text, of.text, name,
                            forms[check->violation.form].is_comparable(check->violation.text) ? ""
                                                                                              : ", which is malformed");
    base_text(unusable, base, sizeof base);
    return cg_rule_fail(detail,
                        "%s: cannot check '%s': the name constraint %s of %s is malformed, or has a minimum or maximum",
                        label.text, name, base, of.text);
}

static enum cg_rule_result check_constraints(const struct cg_path_facts *facts, int depth, int ca, char *detail)
{
    const struct cg_cert *cert = &facts->cert[depth], *issuer = &facts->cert[ca];
    if (issuer->name_constraints_broken)
        return cg_rule_fail(detail, "the name constraints of %s cannot be decoded", cg_rule_cert_label(facts, ca).text);
    if (!issuer->name_constraints)
        return CG_RULE_PASS;
    struct constraints constraints = read_constraints(issuer->name_constraints);
    struct name_check check = {.constraints = &constraints};
    check_sans(&check, cert->san);
    check_email_attributes(&check, X509_get_subject_name(cert->x509));
    if (depth == 0) /* intermediates are not hosts */
        check_common_names(&check, X509_get_subject_name(cert->x509));
    enum cg_rule_result result = check.violated ? report(facts, depth, ca, &check, detail) : CG_RULE_PASS;
    OPENSSL_free(check.text);
    return result;
}

/* OpenSSL does not report which name violates the constraints. Finding it compares everything again, which is fine
 * for real constraints but not for excessively long ones. */
static bool are_short(const struct cg_cert *ca)
{
    const NAME_CONSTRAINTS *lists = ca->name_constraints;
    return !lists ||
           sk_GENERAL_SUBTREE_num(lists->permittedSubtrees) + sk_GENERAL_SUBTREE_num(lists->excludedSubtrees) <=
               EXPLAINED_MAX;
}

enum cg_rule_result cg_rule_name_constraints(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                             char *detail)
{
    enum cg_rule_result found = cg_rule_x509(facts, reason, depth, detail), result = CG_RULE_PASS;
    if (depth > 0 && (facts->cert[depth].flags & EXFLAG_SI)) /* RFC 5280 6.1.3 (b) */
        return found;
    for (int ca = depth + 1; ca < facts->ncerts && result == CG_RULE_PASS; ca++)
        if (found == CG_RULE_PASS || are_short(&facts->cert[ca]))
            result = check_constraints(facts, depth, ca, detail);
    return result == CG_RULE_PASS ? found : result;
}
