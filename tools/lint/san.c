/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* subjectAltName: the names that peers look at. */
#include "san.h"

#include "base/address.h"
#include "base/array.h"
#include "core/cert/name.h"
#include "core/cert/name_syntax.h"
#include "rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const ASN1_STRING *san_string(const struct cg_lint_object *o, int i, int type)
{
    const GENERAL_NAME *san = sk_GENERAL_NAME_value(o->san, i);
    return san->type == type ? san->d.ia5 : NULL;
}

/* The value as a C string when it fits and has no NUL inside. */
static bool as_text(const ASN1_STRING *value, char *out, size_t size)
{
    int len = ASN1_STRING_length(value);
    if (len < 0 || (size_t)len >= size || memchr(ASN1_STRING_get0_data(value), 0, (size_t)len))
        return false;
    memcpy(out, ASN1_STRING_get0_data(value), (size_t)len);
    out[len] = '\0';
    return true;
}

static bool is_address(const char *text)
{
    unsigned char octets[16];
    return cg_address_octets(text, octets) > 0;
}

/* RFC 1123 2.1: no underscores, which the plugin lets pass. */
static bool has_underscore(const GENERAL_NAME *san)
{
    return san->type == GEN_DNS &&
           memchr(ASN1_STRING_get0_data(san->d.dNSName), '_', (size_t)ASN1_STRING_length(san->d.dNSName));
}

static bool any_malformed(const GENERAL_NAMES *names, char *detail, size_t size)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        cg_san_text(name, detail, size);
        if (!cg_san_is_well_formed(name) || has_underscore(name))
            return true;
    }
    return false;
}

static bool malformed(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_malformed(o->san, detail, size);
}

/* RFC 5280 4.2.1.7: of the forms of subjectAltName. */
static bool issuer_malformed(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_malformed(o->ian, detail, size);
}

/* A leaf that may serve: serverAuth, or nothing that says it may not. */
static bool may_serve(const struct cg_lint_object *o)
{
    return o->server || o->any_purpose || !cg_lint_has(o, NID_ext_key_usage);
}

/* RFC 3820 3.2: a proxy certificate has none. */
static bool missing(const struct cg_lint_object *o)
{
    return !cg_lint_has(o, NID_subject_alt_name) && !cg_lint_has(o, NID_proxyCertInfo);
}

static bool server_has_none(const struct cg_lint_object *o)
{
    return missing(o) && may_serve(o);
}

static bool client_has_none(const struct cg_lint_object *o)
{
    return missing(o) && o->client && !may_serve(o);
}

static bool empty(const struct cg_lint_object *o)
{
    return o->san && sk_GENERAL_NAME_num(o->san) == 0;
}

static bool single_labels(const struct cg_lint_object *o, char *detail, size_t size)
{
    char value[600];
    int names = 0;
    for (int i = 0; may_serve(o) && i < sk_GENERAL_NAME_num(o->san); i++) {
        const ASN1_STRING *dns = san_string(o, i, GEN_DNS);
        if (san_string(o, i, GEN_IPADD) || (dns && as_text(dns, value, sizeof value) && strchr(value, '.')))
            return false;
        if (dns && as_text(dns, value, sizeof value) && ++names)
            snprintf(detail, size, "only dns:%.100s", value);
    }
    return names > 0;
}

bool cg_lint_names_host(const struct cg_lint_object *o, const char *host)
{
    char value[600];
    unsigned char octets[16];
    const size_t len = cg_address_octets(host, octets);
    for (int i = 0; i < sk_GENERAL_NAME_num(o->san); i++) {
        const ASN1_STRING *dns = san_string(o, i, GEN_DNS), *ip = san_string(o, i, GEN_IPADD);
        if (dns && as_text(dns, value, sizeof value) && strcasecmp(value, host) == 0)
            return true;
        if (ip && len && ASN1_STRING_length(ip) == (int)len && memcmp(ASN1_STRING_get0_data(ip), octets, len) == 0)
            return true;
    }
    return false;
}

static bool cn_not_covered(const struct cg_lint_object *o, char *detail, size_t size)
{
    char cn[256];
    if (!o->san || !may_serve(o) || !cg_common_name(X509_get_subject_name(o->cert), cn, sizeof cn))
        return false;
    /* one label alone is as often the name of a device ("broker") as that of a host */
    bool host = is_address(cn) || (strchr(cn, '.') && cg_dns_is_well_formed((struct cg_octets){cn, strlen(cn)}));
    if (host)
        snprintf(detail, size, "CN \"%.120s\"", cn);
    return host && !cg_lint_names_host(o, cn);
}

static bool address_as_dns(const struct cg_lint_object *o, char *detail, size_t size)
{
    char value[600];
    for (int i = 0; i < sk_GENERAL_NAME_num(o->san); i++) {
        const ASN1_STRING *dns = san_string(o, i, GEN_DNS);
        if (dns && as_text(dns, value, sizeof value) && is_address(value)) {
            snprintf(detail, size, "dns:%.100s", value);
            return true;
        }
    }
    return false;
}

static bool wildcard(const struct cg_lint_object *o, char *detail, size_t size)
{
    char value[600];
    for (int i = 0; i < sk_GENERAL_NAME_num(o->san); i++) {
        const ASN1_STRING *dns = san_string(o, i, GEN_DNS);
        if (dns && as_text(dns, value, sizeof value) && strchr(value, '*')) {
            snprintf(detail, size, "dns:%.100s", value);
            return true;
        }
    }
    return false;
}

/* OpenSSL's X509_check_host, and browsers, ask for two labels behind the "*". */
static bool wide_wildcard(const struct cg_lint_object *o, char *detail, size_t size)
{
    char value[600];
    for (int i = 0; i < sk_GENERAL_NAME_num(o->san); i++) {
        const ASN1_STRING *dns = san_string(o, i, GEN_DNS);
        if (!dns || !as_text(dns, value, sizeof value) || strncmp(value, "*.", 2) != 0 || strchr(value + 2, '.'))
            continue;
        snprintf(detail, size, "dns:%.100s", value);
        return true;
    }
    return false;
}

static bool critical_beside_subject(const struct cg_lint_object *o)
{
    return cg_lint_is_critical(o, NID_subject_alt_name) && X509_NAME_entry_count(X509_get_subject_name(o->cert)) > 0;
}

static const struct cg_lint_rule rules[] = {
    {{"san_missing", CG_LINT_ERROR, "RFC 9525 2",
      "There is no subjectAltName: clients find no host name in it, and the CN no longer counts.",
      "Issue it again with names: certguard issue broker NAME --san dns:HOST --san ip:ADDRESS"},
     CG_SCOPE_LEAF,
     .holds = server_has_none},
    {{"san_missing_client", CG_LINT_WARNING, "",
      "There is no subjectAltName: certguard refuses such a client, where its policy does not say otherwise.",
      "Issue it again with a name: certguard issue client NAME"},
     CG_SCOPE_LEAF,
     .holds = client_has_none},
    {{"san_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.6", "The subjectAltName has no entry.", "Issue it again with names."},
     CG_SCOPE_ALL,
     .holds = empty},
    {{"san_malformed", CG_LINT_ERROR, "RFC 5280 4.2.1.6",
      "A subjectAltName is no DNS name, address, URI or email address of the right form.",
      "Issue it again; certguard checks each --san."},
     CG_SCOPE_ALL,
     .found = malformed},
    {{"san_single_label", CG_LINT_WARNING, "RFC 9525 6.3",
      "The only names are short ones without a dot and without an address. Where openssl's configuration had several "
      "\"subjectAltName =\" lines, only the last one survived.",
      "Issue it again with every name and address that clients use to connect."},
     CG_SCOPE_LEAF,
     .found = single_labels},
    {{"san_lacks_cn", CG_LINT_WARNING, "RFC 9525 2",
      "The CN is a host name that is not among the subjectAltNames: clients that connect to it will refuse.",
      "Issue it again with that name as a --san too."},
     CG_SCOPE_LEAF,
     .found = cn_not_covered},
    {{"san_address_as_dns", CG_LINT_ERROR, "RFC 9525 3", "An IP address stands as a DNS name: no client matches it.",
      "Issue it again with --san ip:ADDRESS"},
     CG_SCOPE_ALL,
     .found = address_as_dns},
    {{"san_wildcard", CG_LINT_NOTICE, "RFC 9525 7.1",
      "A wildcard name: whoever holds the key can pose as each host below.",
      "Name the hosts one by one where you can."},
     CG_SCOPE_LEAF,
     .found = wildcard},
    {{"san_wildcard_wide", CG_LINT_WARNING, "RFC 9525 6.3",
      "A wildcard with one label behind it: clients that use OpenSSL do not take it for any host.",
      "Name the hosts one by one, or put them below a domain of two labels, as *.home.lan"},
     CG_SCOPE_LEAF,
     .found = wide_wildcard},
    {{"issuer_name_malformed", CG_LINT_ERROR, "RFC 5280 4.2.1.7",
      "An issuerAltName is no DNS name, address, URI or email address of the right form.",
      "Issue it again without issuerAltName; no verifier needs it."},
     CG_SCOPE_ALL,
     .found = issuer_malformed},
    {{"san_critical", CG_LINT_NOTICE, "RFC 5280 4.2.1.6",
      "The subjectAltName is critical although the subject has a name.", "Issue it again with it not critical."},
     CG_SCOPE_ALL,
     .holds = critical_beside_subject},
};

const struct cg_lint_rules cg_lint_san_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
