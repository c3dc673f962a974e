/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "name_syntax.h"

#include "name.h"

#include <string.h>

#define DNS_MAX   253
#define LABEL_MAX 63
#define LOCAL_MAX 64 /* RFC 5321 4.5.3.1.1 */

struct cg_octets cg_octets_of(const ASN1_STRING *string)
{
    return (struct cg_octets){(const char *)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};
}

static struct cg_octets after(struct cg_octets text, size_t count)
{
    return (struct cg_octets){text.p + count, text.len - count};
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_alphanumeric(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* Not strchr: that finds NUL in every set. */
static bool is_among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

bool cg_dns_is_well_formed(struct cg_octets name)
{
    size_t label = 0;
    if (name.len == 0 || name.len > DNS_MAX)
        return false;
    for (size_t i = 0; i <= name.len; i++) {
        bool end = i == name.len || name.p[i] == '.';
        if (end && (label == 0 || label > LABEL_MAX || name.p[i - 1] == '-' || name.p[i - label] == '-'))
            return false;
        label = end ? 0 : label + 1;
        if (!end && !is_alphanumeric(name.p[i]) && !is_among(name.p[i], "-_"))
            return false;
    }
    return true;
}

bool cg_dns_san_is_well_formed(struct cg_octets name)
{
    bool wildcard = name.len > 2 && name.p[0] == '*' && name.p[1] == '.';
    return name.len <= DNS_MAX && cg_dns_is_well_formed(wildcard ? after(name, 2) : name);
}

/* RFC 5322 3.2.3: atoms of these characters, separated by single dots. */
static bool is_dot_atom(struct cg_octets text)
{
    bool dot = true; /* no dot at the start, after another dot, or at the end */
    for (size_t i = 0; i < text.len; i++) {
        bool here = text.p[i] == '.';
        if (here ? dot : !is_alphanumeric(text.p[i]) && !is_among(text.p[i], "!#$%&'*+-/=?^_`{|}~"))
            return false;
        dot = here;
    }
    return !dot;
}

/* RFC 5321 4.1.2: the length of the quoted string at the start of text, with its quotes; 0 if there is none. */
static size_t quoted_length(struct cg_octets text)
{
    if (text.len < 3 || text.p[0] != '"')
        return 0;
    for (size_t i = 1; i < text.len; i++) {
        if (text.p[i] == '"')
            return i > 1 ? i + 1 : 0;
        i += text.p[i] == '\\';
        if (i == text.len || text.p[i] < ' ' || text.p[i] > '~')
            return 0;
    }
    return 0;
}

bool cg_mailbox_is_well_formed(struct cg_octets name, struct cg_octets *local, struct cg_octets *host)
{
    size_t quoted = quoted_length(name);
    const char *at = memchr(name.p + quoted, '@', name.len - quoted);
    struct cg_octets first = {name.p, at ? (size_t)(at - name.p) : 0};
    if (!at || first.len > LOCAL_MAX || (quoted ? first.len != quoted : !is_dot_atom(first)))
        return false;
    struct cg_octets rest = after(name, first.len + 1);
    if (!cg_dns_is_well_formed(rest))
        return false;
    if (local)
        *local = first;
    if (host)
        *host = rest;
    return true;
}

/* The colon that ends the scheme (RFC 3986 3.1), or NULL. */
static const char *end_of_scheme(struct cg_octets name)
{
    const char *colon = name.len > 0 && is_letter(name.p[0]) ? memchr(name.p, ':', name.len) : NULL;
    for (const char *c = name.p; colon && c < colon; c++)
        if (!is_alphanumeric(*c) && !is_among(*c, "+-."))
            return NULL;
    return colon;
}

/* RFC 3986 2. Readers differ about other characters: some read a backslash as a slash. */
static bool is_uri_character(char c)
{
    return is_alphanumeric(c) || is_among(c, "-._~:/?#[]@!$&'()*+,;=%");
}

/* RFC 3986 2, 3: a scheme, a colon and at least one more character; only characters of URIs. */
static bool uri_is_well_formed(struct cg_octets name)
{
    const char *colon = end_of_scheme(name);
    for (size_t i = 0; i < name.len; i++)
        if (!is_uri_character(name.p[i]))
            return false;
    return colon && colon + 1 < name.p + name.len;
}

/* RFC 3986 3.2: the part between "//" and the path, the query or the fragment. */
static struct cg_octets authority_of(struct cg_octets name)
{
    const char *colon = end_of_scheme(name);
    struct cg_octets text = colon ? after(name, (size_t)(colon + 1 - name.p)) : (struct cg_octets){name.p, 0};
    if (text.len < 2 || memcmp(text.p, "//", 2) != 0)
        return (struct cg_octets){name.p, 0};
    text = after(text, 2);
    for (size_t i = 0; i < text.len; i++)
        if (is_among(text.p[i], "/?#"))
            text.len = i;
    return text;
}

/* Like a dotted address; no top-level domain ends so (RFC 1123 2.1). */
static bool ends_in_number(struct cg_octets name)
{
    size_t i = name.len;
    while (i > 0 && name.p[i - 1] >= '0' && name.p[i - 1] <= '9')
        i--;
    return i < name.len && (i == 0 || name.p[i - 1] == '.');
}

bool cg_uri_host(struct cg_octets name, struct cg_octets *host)
{
    struct cg_octets text = authority_of(name);
    if (!uri_is_well_formed(name))
        return false;
    const char *at = memchr(text.p, '@', text.len);
    if (at)
        text = after(text, (size_t)(at + 1 - text.p));
    const char *port = memchr(text.p, ':', text.len);
    struct cg_octets digits = port ? after(text, (size_t)(port + 1 - text.p)) : (struct cg_octets){text.p, 0};
    for (size_t i = 0; i < digits.len; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
    text.len = port ? (size_t)(port - text.p) : text.len;
    *host = text;
    return cg_dns_is_well_formed(text) && !ends_in_number(text);
}

bool cg_san_is_well_formed(const GENERAL_NAME *san)
{
    if (!cg_san_is_sound(san))
        return false;
    switch (san->type) {
    case GEN_DNS:
        return cg_dns_san_is_well_formed(cg_octets_of(san->d.dNSName));
    case GEN_URI:
        return uri_is_well_formed(cg_octets_of(san->d.uniformResourceIdentifier));
    case GEN_EMAIL:
        return cg_mailbox_is_well_formed(cg_octets_of(san->d.rfc822Name), NULL, NULL);
    default:
        return true;
    }
}

/* A host, or a domain after a leading dot. */
static bool is_host_or_domain(struct cg_octets base)
{
    return cg_dns_is_well_formed(base.len > 0 && base.p[0] == '.' ? after(base, 1) : base);
}

/* An address and a mask of the same length. The mask is ones, followed by zeros. */
static bool is_prefix(const ASN1_OCTET_STRING *base)
{
    const unsigned char *p = ASN1_STRING_get0_data(base);
    int half = ASN1_STRING_length(base) / 2;
    bool zero = false;
    if (ASN1_STRING_length(base) != 8 && ASN1_STRING_length(base) != 32)
        return false;
    for (int bit = 0; bit < half * 8; bit++) {
        bool one = p[half + bit / 8] & (0x80 >> bit % 8);
        if (one && zero)
            return false;
        zero = zero || !one;
    }
    return true;
}

bool cg_constraint_is_well_formed(const GENERAL_NAME *base)
{
    if (base->type == GEN_IPADD)
        return is_prefix(base->d.iPAddress);
    if (base->type != GEN_DNS && base->type != GEN_EMAIL && base->type != GEN_URI)
        return false;
    struct cg_octets text = cg_octets_of(base->d.ia5);
    return text.len == 0 || is_host_or_domain(text) ||
           (base->type == GEN_EMAIL && cg_mailbox_is_well_formed(text, NULL, NULL));
}
