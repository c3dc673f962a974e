/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Name constraints (RFC 5280 4.2.1.10) beyond OpenSSL's, which are checked too. OpenSSL compares a wildcard as if it were one
 * name; takes the user information of a URI for its host; passes over bases that say nothing; compares a common name
 * only where it looks like a host name to it. Each could be used to stand for a name that the CA must not vouch for.
 * In doubt a name is not allowed: one that is malformed is not measured, and a constraint that is not understood denies
 * each name of its form. */
#include "rules_constraints.h"

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

/* A name as a form measures it. */
struct name {
    enum form form;
    struct cg_octets text; /* ADDRESS: 4 or 16 octets */
};

/* Whether a subtree holds a name; where that depends on who reads it, a permitted one does not and an excluded one does. */
typedef bool holds_function(struct cg_octets base, struct cg_octets name, bool excluded);

/* Is name the base or below it? "example.com" and ".example.com" hold "a.example.com"; "" holds all. */
static bool is_within(struct cg_octets name, struct cg_octets base)
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

static bool dns_holds(struct cg_octets base, struct cg_octets name, bool excluded)
{
    bool wildcard = name.p[0] == '*';
    if (!wildcard)
        return is_within(name, base);
    struct cg_octets above = {name.p + 2, name.len - 2}; /* "*.example.com" -> "example.com" */
    if (excluded) /* it may stand for a name inside, at whatever depth a peer lets it match */
        return is_within(above, base) || is_within(base, above);
    if (base.len > 0 && base.p[0] == '.') /* all below the base are children of it */
        base = (struct cg_octets){base.p + 1, base.len - 1};
    return is_within(above, base);
}

/* RFC 5280 4.2.1.10 of mail and URIs: a host stands for itself, ".domain" for all hosts below it. */
static bool is_host_of(struct cg_octets host, struct cg_octets base)
{
    return base.len == 0 || ((base.p[0] == '.' || base.len == host.len) && is_within(host, base));
}

/* "\"a\\b\"" -> "ab": a quoted local part means the same as without its quotes (RFC 5321 4.1.2). */
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

/* Upper and lower case of a local part differ by the standard, and for hardly any mail server. */
static bool is_local_part(struct cg_octets a, struct cg_octets b, bool excluded)
{
    char one[64], other[64];
    size_t len = unquote(a, one);
    if (len != unquote(b, other))
        return false;
    return excluded ? strncasecmp(one, other, len) == 0 : memcmp(one, other, len) == 0;
}

static bool mailbox_holds(struct cg_octets base, struct cg_octets name, bool excluded)
{
    struct cg_octets local, host, base_local, base_host;
    if (!cg_mailbox_is_well_formed(name, &local, &host))
        return excluded;
    if (!cg_mailbox_is_well_formed(base, &base_local, &base_host))
        return is_host_of(host, base);
    return is_local_part(local, base_local, excluded) && host.len == base_host.len && is_within(host, base_host);
}

static bool uri_holds(struct cg_octets base, struct cg_octets name, bool excluded)
{
    struct cg_octets host;
    return cg_uri_host(name, &host) ? is_host_of(host, base) : excluded;
}

static bool address_holds(struct cg_octets base, struct cg_octets name, bool excluded)
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
    holds_function *holds;
} forms[FORMS] = {
    [DNS] = {GEN_DNS, cg_dns_san_is_well_formed, dns_holds},
    [EMAIL] = {GEN_EMAIL, is_mailbox, mailbox_holds},
    [URI] = {GEN_URI, uri_has_host, uri_holds},
    [ADDRESS] = {GEN_IPADD, is_address, address_holds},
};

/* ---- constraints */

/* The constraints of one CA, read once for all names of a certificate. */
struct constraints {
    const NAME_CONSTRAINTS *lists;
    bool present[FORMS]; /* there is a subtree of this form */
    const GENERAL_NAME *unclear[FORMS];
};

/* RFC 5280 4.2.1.10: minimum is 0, and there is no maximum. */
static bool is_understood(const GENERAL_SUBTREE *subtree)
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
            if (!out->unclear[form] && !is_understood(subtree))
                out->unclear[form] = subtree->base;
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

static bool is_held(const STACK_OF(GENERAL_SUBTREE) *list, const struct name *name, bool excluded, bool *any)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(list); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(list, i)->base;
        if (base->type != forms[name->form].type)
            continue;
        *any = true;
        if (forms[name->form].holds(cg_octets_of(base->type == GEN_IPADD ? base->d.iPAddress : base->d.ia5), name->text,
                                    excluded))
            return true;
    }
    return false;
}

static bool is_allowed(const struct constraints *constraints, const struct name *name)
{
    bool any = false;
    if (!constraints->present[name->form])
        return true;
    if (constraints->unclear[name->form] || !forms[name->form].is_comparable(name->text) ||
        is_held(constraints->lists->excludedSubtrees, name, true, &any))
        return false;
    any = false;
    return is_held(constraints->lists->permittedSubtrees, name, false, &any) || !any;
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

/* What a judgement of one certificate under one CA collects. */
struct look {
    const struct constraints *constraints;
    bool present[FORMS]; /* there is a SAN of this form */
    bool found;
    struct name bad;           /* then: the first that is not allowed */
    unsigned char *text;       /* owned: the common name that is looked at */
    unsigned char address[16]; /* that it spells out */
};

static void look_at(struct look *look, enum form form, struct cg_octets text)
{
    struct name name = {form, text};
    if (look->found || is_allowed(look->constraints, &name))
        return;
    look->found = true;
    look->bad = name;
}

static void look_at_sans(struct look *look, const GENERAL_NAMES *sans)
{
    for (int i = 0; !look->found && i < sk_GENERAL_NAME_num(sans); i++) {
        struct name name;
        if (!name_of_san(sk_GENERAL_NAME_value(sans, i), &name))
            continue;
        look->present[name.form] = true;
        look_at(look, name.form, name.text);
    }
}

/* RFC 5280 4.2.1.10: where it stands, it is a mailbox. */
static void look_at_mail_attributes(struct look *look, const X509_NAME *input)
{
    for (int at = -1; (at = X509_NAME_get_index_by_NID(input, NID_pkcs9_emailAddress, at)) >= 0;)
        look_at(look, EMAIL, cg_octets_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(input, at))));
}

/* Could someone take it for a DNS name? Labels and dots, as OpenSSL sees it, but with wildcards. */
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

/* The octets of the address that cn spells out; text is its terminated copy. */
static struct cg_octets address_of(struct look *look, size_t len)
{
    struct cg_octets out = {(char *)look->address, 0};
    ASN1_OCTET_STRING *ip = len <= ADDRESS_TEXT_MAX ? a2i_IPADDRESS((char *)look->text) : NULL;
    if (ip && (size_t)ASN1_STRING_length(ip) <= sizeof look->address) {
        out.len = (size_t)ASN1_STRING_length(ip);
        memcpy(look->address, ASN1_STRING_get0_data(ip), out.len);
    }
    ASN1_OCTET_STRING_free(ip);
    return out;
}

/* A common name is a host's or an address where no SAN is (RFC 6125 6.4.4): many still read it so. */
static void look_at_common_name(struct look *look, const ASN1_STRING *value)
{
    static const struct cg_octets unread = {"a common name that cannot be read", 33};
    int len = ASN1_STRING_to_UTF8(&look->text, value);
    if (len < 0 || memchr(look->text, 0, (size_t)len)) { /* no memory, or no text: what is not known is not allowed */
        look_at(look, DNS, unread);
        look_at(look, ADDRESS, unread);
        return;
    }
    while (len > 0 && look->text[len - 1] == '.') /* "example.com." is the same host */
        look->text[--len] = '\0';
    struct cg_octets cn = {(char *)look->text, (size_t)len}, address = address_of(look, cn.len);
    if (address.len > 0 && !look->present[ADDRESS])
        look_at(look, ADDRESS, address);
    else if (address.len == 0 && !look->present[DNS] && looks_like_host(cn))
        look_at(look, DNS, cn);
}

static void look_at_common_names(struct look *look, const X509_NAME *input)
{
    if (!look->constraints->present[DNS] && !look->constraints->present[ADDRESS])
        return;
    for (int at = -1; !look->found && (at = X509_NAME_get_index_by_NID(input, NID_commonName, at)) >= 0;) {
        OPENSSL_free(look->text);
        look->text = NULL;
        look_at_common_name(look, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(input, at)));
    }
}

/* ---- the rule */

/* "192.0.2.0"; false where the octets are no address. */
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

/* An address and its mask as "192.0.2.0/255.0.255.0"; others as the SANs that they are. */
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

static enum cg_rule_result say(const struct cg_rule_input *input, int depth, int ca, const struct look *look,
                               char *detail)
{
    char name[120], base[120];
    struct cg_cert_label who = cg_rule_cert_label(input, depth), of = cg_rule_cert_label(input, ca);
    const GENERAL_NAME *unclear = look->constraints->unclear[look->bad.form];
    name_text(&look->bad, name, sizeof name);
    if (!unclear)
        return cg_rule_fail(detail, "%s: the name constraints of %s do not allow '%s'%s", who.text, of.text, name,
                            forms[look->bad.form].is_comparable(look->bad.text) ? "" : ", which is malformed");
    base_text(unclear, base, sizeof base);
    return cg_rule_fail(
        detail, "%s: '%s' cannot be measured: the name constraint %s of %s is malformed, or has a minimum or maximum",
        who.text, name, base, of.text);
}

static enum cg_rule_result judge(const struct cg_rule_input *input, int depth, int ca, char *detail)
{
    const struct cg_cert *cert = &input->cert[depth], *issuer = &input->cert[ca];
    if (issuer->name_constraints_broken)
        return cg_rule_fail(detail, "the name constraints of %s cannot be decoded", cg_rule_cert_label(input, ca).text);
    if (!issuer->name_constraints)
        return CG_RULE_PASS;
    struct constraints constraints = read_constraints(issuer->name_constraints);
    struct look look = {.constraints = &constraints};
    look_at_sans(&look, cert->san);
    look_at_mail_attributes(&look, X509_get_subject_name(cert->x509));
    if (depth == 0) /* intermediates are no hosts */
        look_at_common_names(&look, X509_get_subject_name(cert->x509));
    enum cg_rule_result result = look.found ? say(input, depth, ca, &look, detail) : CG_RULE_PASS;
    OPENSSL_free(look.text);
    return result;
}

/* OpenSSL's finding does not name the name that breaks them. To find it everything is compared once more: worth it for
 * constraints that people wrote, not for those that are made to be long. */
static bool are_short(const struct cg_cert *ca)
{
    const NAME_CONSTRAINTS *lists = ca->name_constraints;
    return !lists ||
           sk_GENERAL_SUBTREE_num(lists->permittedSubtrees) + sk_GENERAL_SUBTREE_num(lists->excludedSubtrees) <=
               EXPLAINED_MAX;
}

enum cg_rule_result cg_rule_name_constraints(const struct cg_rule_input *input, enum cg_reason reason, int depth,
                                             char *detail)
{
    enum cg_rule_result found = cg_rule_x509(input, reason, depth, detail), result = CG_RULE_PASS;
    if (depth > 0 && (input->cert[depth].flags & EXFLAG_SI)) /* RFC 5280 6.1.3 (b) */
        return found;
    for (int ca = depth + 1; ca < input->ncerts && result == CG_RULE_PASS; ca++)
        if (found == CG_RULE_PASS || are_short(&input->cert[ca]))
            result = judge(input, depth, ca, detail);
    return result == CG_RULE_PASS ? found : result;
}
