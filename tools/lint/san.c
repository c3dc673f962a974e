/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on subjectAltName, which contains the names that peers compare. */
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

/* The value as a C string. False if it does not fit or contains a NUL. */
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

/* RFC 1123 2.1 forbids underscores, which the plugin accepts. */
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

/* RFC 5280 4.2.1.7: like subjectAltName. */
static bool issuer_malformed(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_malformed(o->ian, detail, size);
}

/* A leaf with serverAuth, with any purpose, or without extendedKeyUsage. */
static bool may_serve(const struct cg_lint_object *o)
{
    return o->server || o->any_purpose || !cg_lint_has(o, NID_ext_key_usage);
}

/* RFC 3820 3.2: a proxy certificate must not have one. */
static bool lacks_san(const struct cg_lint_object *o)
{
    return !cg_lint_has(o, NID_subject_alt_name) && !cg_lint_has(o, NID_proxyCertInfo);
}

static bool server_has_none(const struct cg_lint_object *o)
{
    return lacks_san(o) && may_serve(o);
}

static bool client_has_none(const struct cg_lint_object *o)
{
    return lacks_san(o) && o->client && !may_serve(o);
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

static bool lacks_cn(const struct cg_lint_object *o, char *detail, size_t size)
{
    char cn[256];
    if (!o->san || !may_serve(o) || !cg_common_name(X509_get_subject_name(o->cert), cn, sizeof cn))
        return false;
    /* A single label may be the name of a device ("broker") as well as that of a host. */
    bool host = is_address(cn) || (strchr(cn, '.') && cg_dns_is_well_formed((struct cg_octets){cn, strlen(cn)}));
    if (host)
        snprintf(detail, size, "CN \"%.120s\"", cn);
    return host && !cg_lint_names_host(o, cn);
}

bool cg_lint_any_dns(const struct cg_lint_object *o, cg_lint_dns_test *test, char *detail, size_t size)
{
    char value[600];
    for (int i = 0; i < sk_GENERAL_NAME_num(o->san); i++) {
        const ASN1_STRING *dns = san_string(o, i, GEN_DNS);
        if (!dns || !as_text(dns, value, sizeof value) || !test(value))
            continue;
        snprintf(detail, size, "dns:%.100s", value);
        return true;
    }
    return false;
}

static bool is_wildcard(const char *name)
{
    return strchr(name, '*');
}

/* X509_check_host of OpenSSL, and browsers, want two labels after the "*". */
static bool is_wide_wildcard(const char *name)
{
    return strncmp(name, "*.", 2) == 0 && !strchr(name + 2, '.');
}

static bool critical_beside_subject(const struct cg_lint_object *o)
{
    return cg_lint_is_critical(o, NID_subject_alt_name) && X509_NAME_entry_count(X509_get_subject_name(o->cert)) > 0;
}

static const struct cg_lint_rule rules[] = {
    {{"san_missing", CG_LINT_ERROR, "RFC 9525 2",
      "The certificate has no subjectAltName. Clients find no host name in it, because they no longer use the CN.",
      "Issue it again with names: certguard issue broker NAME --san dns:HOST --san ip:ADDRESS"},
     CG_SCOPE_LEAF,
     .holds = server_has_none},
    {{"san_missing_client", CG_LINT_WARNING, "",
      "The certificate has no subjectAltName. certguard rejects such a client unless its policy allows it.",
      "Issue it again with a name: certguard issue client NAME"},
     CG_SCOPE_LEAF,
     .holds = client_has_none},
    {{"san_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.6", "The subjectAltName has no entry.", "Issue it again with names."},
     .holds = empty},
    {{"san_malformed", CG_LINT_ERROR, "RFC 5280 4.2.1.6",
      "A subjectAltName is not a well-formed DNS name, address, URI or email address.",
      "Issue it again. certguard issue checks each --san."},
     .found = malformed},
    {{"san_single_label", CG_LINT_WARNING, "RFC 9525 6.3",
      "The only names have no dot, and there is no address. If the configuration for openssl had several "
      "\"subjectAltName =\" lines, only the last one was used.",
      "Issue it again with every name and address that clients connect to."},
     CG_SCOPE_LEAF,
     .found = single_labels},
    {{"san_lacks_cn", CG_LINT_WARNING, "RFC 9525 2",
      "The CN is a host name that is missing from the subjectAltNames. Clients that connect to it reject the "
      "certificate.",
      "Issue it again with that name as another --san."},
     CG_SCOPE_LEAF,
     .found = lacks_cn},
    {{"san_address_as_dns", CG_LINT_ERROR, "RFC 9525 3",
      "An IP address is entered as a DNS name. No client matches it.", "Issue it again with --san ip:ADDRESS"},
     .dns = is_address},
    {{"san_wildcard", CG_LINT_NOTICE, "RFC 9525 7.1",
      "The certificate has a wildcard name. Anyone who holds the key can impersonate every host below it.",
      "List the hosts one by one if you can."},
     CG_SCOPE_LEAF,
     .dns = is_wildcard},
    {{"san_wildcard_wide", CG_LINT_WARNING, "RFC 9525 6.3",
      "A wildcard name has only one label after the \"*\". Clients that use OpenSSL match it with no host.",
      "List the hosts one by one, or put them below a domain of two labels, for example *.home.lan"},
     CG_SCOPE_LEAF,
     .dns = is_wide_wildcard},
    {{"issuer_name_malformed", CG_LINT_ERROR, "RFC 5280 4.2.1.7",
      "An issuerAltName is not a well-formed DNS name, address, URI or email address.",
      "Issue it again without issuerAltName. No verifier needs it."},
     .found = issuer_malformed},
    {{"san_critical", CG_LINT_NOTICE, "RFC 5280 4.2.1.6",
      "The subjectAltName is critical although the subject has a name.",
      "Issue it again with a subjectAltName that is not critical."},
     .holds = critical_beside_subject},
};

const struct cg_lint_rules cg_lint_san_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
