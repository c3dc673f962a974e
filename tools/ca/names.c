/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "names.h"

#include "base/address.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name_syntax.h"

#include <openssl/err.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host name of letters, digits, hyphens and dots, RFC 5280 4.2.1.6; wildcard: "*." may be its first label. */
static bool is_dns_name(const char *text, bool wildcard)
{
    size_t len = strlen(text);
    if (wildcard && strncmp(text, "*.", 2) == 0)
        text += 2;
    if (len == 0 || len > 253)
        return false;
    for (const char *label = text;;) {
        size_t n = strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
        if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-')
            return false;
        if (label[n] == '\0')
            return true;
        if (label[n] != '.')
            return false;
        label += n + 1;
    }
}

static bool looks_like_ip(const char *text)
{
    unsigned char bytes[16];
    return cg_address_octets(text, bytes) > 0;
}

static bool dns_ok(const char *value, struct cg_error *err)
{
    if (looks_like_ip(value))
        return cg_fail_text(err, "dns:%s is an address. Use ip:%s", value, value);
    if (is_dns_name(value, true))
        return true;
    return cg_fail_text(
        err,
        "dns:%s is not a host name: expected labels of letters, digits and hyphens, separated by dots. Use the "
        "xn-- form of an international name",
        value);
}

static bool ip_ok(const char *value, struct cg_error *err)
{
    if (looks_like_ip(value))
        return true;
    return cg_fail_text(err, "ip:%s is not an address; expected 192.0.2.1 or 2001:db8::1", value);
}

/* RFC 5280 4.2.1.6: absolute, a scheme and a part that follows it */
static bool uri_ok(const char *value, struct cg_error *err)
{
    size_t scheme = isalpha((unsigned char)value[0])
                        ? strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
                        : 0;
    bool ok = scheme && value[scheme] == ':' && value[scheme + 1];
    for (const char *c = value; ok && *c; c++)
        ok = *c > 0x20 && *c < 0x7f && !strchr("<>\"{}|\\^`", *c);
    return ok ||
           cg_fail_text(err, "uri:%s is not an absolute URI; expected urn:dev:sensor1 or spiffe://example.org/sensor1",
                        value);
}

static bool email_ok(const char *value, struct cg_error *err)
{
    bool ok = cg_mailbox_is_well_formed((struct cg_octets){value, strlen(value)}, NULL, NULL);
    return ok || cg_fail_text(err, "email:%s is not a mail address; expected name@example.org", value);
}

#define SAN_RID_EXPECTED   "an OID, for example rid:1.3.6.1.4.1.99999.7"
#define SAN_OTHER_EXPECTED "an OID and a text, for example other:1.3.6.1.4.1.99999.7=dev1"

/* OpenSSL accepts names of objects too. */
static bool rid_ok(const char *value, struct cg_error *err)
{
    bool ok = value[0] && !value[strspn(value, "0123456789.")];
    return ok || cg_fail_text(err, "rid:%s: expected " SAN_RID_EXPECTED, value);
}

static bool other_ok(const char *value, struct cg_error *err)
{
    size_t oid = strspn(value, "0123456789.");
    bool ok = oid && value[oid] == '=' && value[oid + 1];
    return ok || cg_fail_text(err, "other:%s: expected " SAN_OTHER_EXPECTED, value);
}

static GENERAL_NAME *plain(int type, const char *value)
{
    return a2i_GENERAL_NAME(NULL, NULL, NULL, type, value, 0);
}

/* The next "TYPE=value" of RFC 4514 text, unescaped into out; *text moves past its comma. */
static bool next_part(const char **text, char *out, size_t size)
{
    size_t n = 0;
    const char *c = *text;
    for (; *c && *c != ',' && n + 1 < size; c++) {
        if (*c == '\\' && !*++c)
            return false;
        out[n++] = *c;
    }
    out[n] = '\0';
    *text = *c == ',' ? c + 1 : c;
    return *c == '\0' || (*c == ',' && c[1]);
}

/* "CN=dev1,O=Plant": written last part first, RFC 4514 2.1 */
static bool directory_name(X509_NAME *name, const char *text)
{
    char part[256];
    do {
        bool whole = next_part(&text, part, sizeof part);
        char *value = whole ? strchr(part, '=') : NULL;
        if (!value || !value[1])
            return false;
        *value++ = '\0';
        if (!X509_NAME_add_entry_by_txt(name, part + strspn(part, " "), MBSTRING_UTF8, (const unsigned char *)value, -1,
                                        0, 0))
            return false;
    } while (*text);
    return true;
}

static GENERAL_NAME *make_dirname(int type, const char *value)
{
    GENERAL_NAME *san = GENERAL_NAME_new();
    X509_NAME *name = X509_NAME_new();
    if (san && name && directory_name(name, value)) {
        GENERAL_NAME_set0_value(san, type, name);
        return san;
    }
    GENERAL_NAME_free(san);
    X509_NAME_free(name);
    return NULL;
}

/* "OID=text", the text as UTF8String; a2i_GENERAL_NAME has the syntax of ASN1_generate_nconf(3) */
static GENERAL_NAME *make_other(int type, const char *value)
{
    char *text = NULL;
    const int oid = (int)strcspn(value, "=");
    GENERAL_NAME *san = asprintf(&text, "%.*s;FORMAT:UTF8,UTF8:%s", oid, value, value + oid + 1) < 0
                            ? NULL
                            : plain(type, text);
    free(text);
    return san;
}

enum { SAN_DNS, SAN_IP, SAN_URI, SAN_EMAIL, SAN_DIRNAME, SAN_RID, SAN_OTHER };

/* valid explains common mistakes; make only fails */
static const struct san_kind {
    const char *prefix;
    int type;
    bool (*valid)(const char *value, struct cg_error *err);
    GENERAL_NAME *(*make)(int type, const char *value);
    const char *expected;
} san_kinds[] = {
    [SAN_DNS] = {"dns:", GEN_DNS, dns_ok, plain, "a host name"},
    [SAN_IP] = {"ip:", GEN_IPADD, ip_ok, plain, "an address"},
    [SAN_URI] = {"uri:", GEN_URI, uri_ok, plain, "an absolute URI"},
    [SAN_EMAIL] = {"email:", GEN_EMAIL, email_ok, plain, "a mail address"},
    [SAN_DIRNAME] = {"dirname:", GEN_DIRNAME, NULL, make_dirname,
                     "a distinguished name, for example dirname:CN=dev1,O=Plant"},
    [SAN_RID] = {"rid:", GEN_RID, rid_ok, plain, SAN_RID_EXPECTED},
    [SAN_OTHER] = {"other:", GEN_OTHERNAME, other_ok, make_other, SAN_OTHER_EXPECTED},
};

static bool push(GENERAL_NAMES *names, const struct san_kind *kind, const char *value, struct cg_error *err)
{
    GENERAL_NAME *name = kind->make(kind->type, value);
    if (name && sk_GENERAL_NAME_push(names, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    ERR_clear_error();
    return cg_fail_text(err, "%s%s: expected %s", kind->prefix, value, kind->expected);
}

static const struct san_kind *kind_of(const char *typed)
{
    for (size_t i = 0; i < CG_COUNT(san_kinds); i++)
        if (strncasecmp(typed, san_kinds[i].prefix, strlen(san_kinds[i].prefix)) == 0)
            return &san_kinds[i];
    return NULL;
}

bool cg_san_add(GENERAL_NAMES *names, const char *typed, struct cg_error *err)
{
    const struct san_kind *kind = kind_of(typed);
    if (kind) {
        const char *value = typed + strlen(kind->prefix);
        return (!kind->valid || kind->valid(value, err)) && push(names, kind, value, err);
    }
    return cg_fail_text(err, "--san %s has no type. Use dns:NAME, ip:ADDRESS, uri:URI or email:ADDRESS%s%s", typed,
                        looks_like_ip(typed)       ? ", here ip:"
                        : is_dns_name(typed, true) ? ", here dns:"
                                                   : "",
                        looks_like_ip(typed) || is_dns_name(typed, true) ? typed : "");
}

bool cg_san_add_default(GENERAL_NAMES *names, const char *name, bool is_server, struct cg_error *err)
{
    char urn[160];
    if (looks_like_ip(name))
        return push(names, &san_kinds[SAN_IP], name, err);
    if (is_dns_name(name, false))
        return push(names, &san_kinds[SAN_DNS], name, err);
    if (is_server)
        return cg_fail_text(
            err,
            "clients cannot check \"%s\": it is neither a host name nor an address. Give the name that clients "
            "connect to: --san dns:NAME or --san ip:ADDRESS",
            name);
    snprintf(urn, sizeof urn, "urn:mqtt:client:%s", name);
    return push(names, &san_kinds[SAN_URI], urn, err);
}

static const struct {
    const char *field;
    size_t offset, max;
} subject_fields[] = {
    /* upper bounds of RFC 5280 appendix A.1; in the order of a DN, largest first */
    {"C", offsetof(struct cg_subject, country), 2},
    {"O", offsetof(struct cg_subject, organization), 64},
    {"OU", offsetof(struct cg_subject, unit), 64},
    {"CN", offsetof(struct cg_subject, common_name), 64},
};

X509_NAME *cg_subject_make(const struct cg_subject *subject, struct cg_error *err)
{
    X509_NAME *name = X509_NAME_new();
    bool ok = name || cg_fail_memory(err);
    for (size_t i = 0; ok && i < CG_COUNT(subject_fields); i++) {
        const char *value = NULL;
        memcpy(&value, (const char *)subject + subject_fields[i].offset, sizeof value);
        if (!value)
            continue;
        size_t len = strlen(value);
        if (len == 0 || value[0] == ' ' || value[len - 1] == ' ') {
            cg_error_set(err, "invalid %s \"%s\" in the subject: it is empty, or begins or ends with a blank",
                         subject_fields[i].field, value);
            ok = false;
        } else if (!X509_NAME_add_entry_by_txt(name, subject_fields[i].field, MBSTRING_UTF8,
                                               (const unsigned char *)value, (int)len, -1, 0)) {
            cg_fail_openssl(err, "use", value);
            cg_error_prefix(err, "invalid %s in the subject (at most %zu characters)", subject_fields[i].field,
                            subject_fields[i].max);
            ok = false;
        }
    }
    if (!ok) {
        X509_NAME_free(name);
        name = NULL;
    }
    return name;
}

/* "192.168.0.0/16" as address and mask */
static GENERAL_NAME *ip_subtree(const char *text)
{
    char address[64];
    unsigned char bytes[32] = {0};
    const char *slash = strchr(text, '/');
    char *end = NULL;
    long bits = slash ? strtol(slash + 1, &end, 10) : -1;
    if (!slash || end == slash + 1 || *end || (size_t)(slash - text) >= sizeof address)
        return NULL;
    snprintf(address, sizeof address, "%.*s", (int)(slash - text), text);
    int size = (int)cg_address_octets(address, bytes);
    if (!size || bits < 0 || bits > size * 8)
        return NULL;
    for (int i = 0; i < bits; i++)
        bytes[size + i / 8] |= (unsigned char)(0x80 >> (i % 8));
    for (int i = 0; i < size; i++)
        bytes[i] &= bytes[size + i];
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    if (name && value && ASN1_OCTET_STRING_set(value, bytes, 2 * size)) {
        GENERAL_NAME_set0_value(name, GEN_IPADD, value);
        return name;
    }
    GENERAL_NAME_free(name);
    ASN1_OCTET_STRING_free(value);
    return NULL;
}

/* RFC 5280 4.2.1.10: "lan" means lan and all below it; a leading dot is for URIs only */
static GENERAL_NAME *dns_subtree(const char *text)
{
    if (*text == '.')
        text++;
    return is_dns_name(text, false) ? a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_DNS, text, 0) : NULL;
}

static bool permit(NAME_CONSTRAINTS *constraints, const char *const *list, size_t count, const char *option,
                   GENERAL_NAME *(*make)(const char *text), struct cg_error *err)
{
    for (size_t i = 0; i < count; i++) {
        GENERAL_NAME *base = make(list[i]);
        GENERAL_SUBTREE *subtree = base ? GENERAL_SUBTREE_new() : NULL;
        if (!subtree || sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree) <= 0) {
            GENERAL_NAME_free(base);
            GENERAL_SUBTREE_free(subtree);
            return cg_fail_text(err, "--%s %s: expected %s", option, list[i],
                                make == ip_subtree ? "a network, for example 192.168.0.0/16 or fd00::/8"
                                                   : "a domain, for example lan or example.org");
        }
        GENERAL_NAME_free(subtree->base);
        subtree->base = base;
    }
    return true;
}

NAME_CONSTRAINTS *cg_constraints_make(const struct cg_permitted *permitted, struct cg_error *err)
{
    if (!permitted->ndns && !permitted->nip)
        return NULL;
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    if (constraints && (constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null()) &&
        permit(constraints, permitted->dns, permitted->ndns, "permit-dns", dns_subtree, err) &&
        permit(constraints, permitted->ip, permitted->nip, "permit-ip", ip_subtree, err))
        return constraints;
    NAME_CONSTRAINTS_free(constraints);
    return NULL;
}

/* ---- the same as checks ---- */

bool cg_san_list_ok(const char *const *typed, size_t count, struct cg_error *err)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names || cg_fail_memory(err);
    for (size_t i = 0; ok && i < count; i++)
        ok = cg_san_add(names, typed[i], err);
    GENERAL_NAMES_free(names);
    return ok;
}

bool cg_subject_ok(const struct cg_subject *subject, struct cg_error *err)
{
    X509_NAME *name = cg_subject_make(subject, err);
    X509_NAME_free(name);
    return name;
}

bool cg_permitted_ok(const struct cg_permitted *permitted, struct cg_error *err)
{
    NAME_CONSTRAINTS *constraints = cg_constraints_make(permitted, err);
    const bool ok = constraints || (!permitted->ndns && !permitted->nip);
    NAME_CONSTRAINTS_free(constraints);
    return ok;
}
