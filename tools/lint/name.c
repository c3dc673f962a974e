/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the subject name of a certificate. Its issuer is the subject of another certificate. */
#include "core/cert/name.h"
#include "base/array.h"
#include "core/cert/name_syntax.h"
#include "rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Converts old string types too. A value that is not valid in its type is shown by its octets. */
static void value_text(const ASN1_STRING *value, char *out, size_t size)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, value);
    if (len >= 0)
        cg_text_escape(utf8, (size_t)len, out, size);
    else
        cg_text_escape(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), out, size);
    OPENSSL_free(utf8);
}

bool cg_lint_any_attribute(const struct cg_lint_object *o, cg_lint_attribute_test *test, char *detail, size_t size)
{
    const X509_NAME *name = X509_get_subject_name(o->cert);
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const struct cg_lint_attribute attribute = {
            .of = o, .nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)), .value = X509_NAME_ENTRY_get_data(entry)};
        char text[128];
        if (!test(&attribute))
            continue;
        value_text(attribute.value, text, sizeof text);
        snprintf(detail, size, "%s = \"%s\"", attribute.nid == NID_undef ? "attribute" : OBJ_nid2sn(attribute.nid),
                 text);
        return true;
    }
    return false;
}

static bool subject_empty(const struct cg_lint_object *o)
{
    return X509_NAME_entry_count(X509_get_subject_name(o->cert)) == 0;
}

static bool empty_without_critical_san(const struct cg_lint_object *o)
{
    return subject_empty(o) && !cg_lint_is_critical(o, NID_subject_alt_name);
}

static bool issuer_empty(const struct cg_lint_object *o)
{
    return X509_NAME_entry_count(X509_get_issuer_name(o->cert)) == 0;
}

static bool has_outer_space(const struct cg_lint_attribute *a)
{
    const unsigned char *text = ASN1_STRING_get0_data(a->value);
    int len = ASN1_STRING_length(a->value);
    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

static bool is_email(const struct cg_lint_attribute *a)
{
    return a->nid == NID_pkcs9_emailAddress;
}

/* RFC 2985 5.2.1: an IA5String */
static bool is_malformed_email(const struct cg_lint_attribute *a)
{
    return is_email(a) && (ASN1_STRING_type(a->value) != V_ASN1_IA5STRING ||
                           !cg_mailbox_is_well_formed(cg_octets_of(a->value), NULL, NULL));
}

/* Only host name characters and a dot inside: "broker.lan", but not "Plant 3" or "ACME Inc." */
static bool is_like_host(const struct cg_lint_attribute *a)
{
    const unsigned char *text = ASN1_STRING_get0_data(a->value);
    int len = ASN1_STRING_length(a->value);
    bool dot = false;
    for (int i = 0; i < len; i++) {
        if (!isalnum(text[i]) && text[i] != '-' && text[i] != '.')
            return false;
        dot |= text[i] == '.' && i > 0 && i + 1 < len;
    }
    return dot;
}

/* A host that this certificate is for. A company may also call itself "example.com". */
static bool is_host_as_organization(const struct cg_lint_attribute *a)
{
    char cn[256] = "", host[256];
    if ((a->nid != NID_organizationName && a->nid != NID_organizationalUnitName) || !is_like_host(a))
        return false;
    snprintf(host, sizeof host, "%.*s", ASN1_STRING_length(a->value), (const char *)ASN1_STRING_get0_data(a->value));
    cg_common_name(X509_get_subject_name(a->of->cert), cn, sizeof cn);
    return strcasecmp(host, cn) == 0 || cg_lint_names_host(a->of, host);
}

/* RFC 5280 appendix A.1, ub-*: in characters. */
static const struct {
    int nid;
    int max;
} bounds[] = {
    {NID_commonName, 64},
    {NID_organizationName, 64},
    {NID_organizationalUnitName, 64},
    {NID_localityName, 128},
    {NID_serialNumber, 64},
    {NID_stateOrProvinceName, 128},
    {NID_title, 64},
    {NID_dnQualifier, 64},
    {NID_name, 32768},
    {NID_pkcs9_emailAddress, 255},
};

static bool is_too_long(const struct cg_lint_attribute *a)
{
    for (size_t i = 0; i < CG_COUNT(bounds); i++)
        if (bounds[i].nid == a->nid)
            return cg_lint_count_characters(a->value) > bounds[i].max;
    return false;
}

static bool is_bad_country(const struct cg_lint_attribute *a)
{
    const unsigned char *text = ASN1_STRING_get0_data(a->value);
    return a->nid == NID_countryName && (ASN1_STRING_length(a->value) != 2 || !isupper(text[0]) || !isupper(text[1]) ||
                                         ASN1_STRING_type(a->value) != V_ASN1_PRINTABLESTRING);
}

static bool has_old_type(const struct cg_lint_attribute *a)
{
    int type = ASN1_STRING_type(a->value);
    return type == V_ASN1_T61STRING || type == V_ASN1_BMPSTRING || type == V_ASN1_UNIVERSALSTRING;
}

static bool is_not_printable(const struct cg_lint_attribute *a)
{
    const unsigned char *text = ASN1_STRING_get0_data(a->value);
    if (ASN1_STRING_type(a->value) != V_ASN1_PRINTABLESTRING)
        return false;
    for (int i = 0; i < ASN1_STRING_length(a->value); i++)
        if (!isalnum(text[i]) && !(text[i] && strchr(" '()+,-./:=?", text[i])))
            return true;
    return false;
}

static bool is_unclean(const struct cg_lint_attribute *a)
{
    return ASN1_STRING_length(a->value) == 0 || !cg_string_is_clean(a->value);
}

static bool several_cns(const struct cg_lint_object *o)
{
    const X509_NAME *name = X509_get_subject_name(o->cert);
    int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    /* RFC 3820 3.4: a proxy certificate adds a CN to its issuer's name. */
    return first >= 0 && X509_NAME_get_index_by_NID(name, NID_commonName, first) >= 0 &&
           !cg_lint_has(o, NID_proxyCertInfo);
}

static const struct cg_lint_rule rules[] = {
    {{"ca_subject_empty", CG_LINT_ERROR, "RFC 5280 4.1.2.6", "The CA has no subject name.",
      "Create a new CA with a name, and " CG_TRUST_BOTH},
     CG_SCOPE_CA,
     .holds = subject_empty},
    {{"subject_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.6",
      "The subject is empty, and there is no critical subjectAltName to replace it.", "Issue it again with names."},
     CG_SCOPE_LEAF,
     .holds = empty_without_critical_san},
    {{"issuer_empty", CG_LINT_ERROR, "RFC 5280 4.1.2.4", "The issuer has no name.", "Issue it from a CA with a name."},
     .holds = issuer_empty},
    {{"name_blanks", CG_LINT_WARNING, "RFC 4518 2.6.1",
      "A name begins or ends with a space. Some programs treat it as equal to the name without the space, others do "
      "not.",
      "Issue it again without the space." CG_NEW_CA},
     .attribute = has_outer_space},
    {{"name_email", CG_LINT_WARNING, "RFC 5280 4.1.2.6", "The subject name contains an email address.",
      "Leave it out, or put it into subjectAltName." CG_NEW_CA},
     .attribute = is_email},
    {{"name_email_malformed", CG_LINT_ERROR, "RFC 5280 4.1.2.6",
      "The email address in the subject name is malformed or not an IA5String.",
      "Leave it out, or put it into subjectAltName." CG_NEW_CA},
     .attribute = is_malformed_email},
    {{"name_host_as_organization", CG_LINT_WARNING, "RFC 9525 2",
      "The organization is a host name. No program looks for host names there.",
      "Put host names into subjectAltName and the owner's name into O."},
     CG_SCOPE_LEAF,
     .attribute = is_host_as_organization},
    {{"name_too_long", CG_LINT_ERROR, "RFC 5280 A.1", "A part of the subject name is longer than the standard allows.",
      "Issue it again with a shorter name (CN, O and OU: 64 characters)." CG_NEW_CA},
     .attribute = is_too_long},
    {{"name_country", CG_LINT_ERROR, "RFC 5280 A.1", "The country is not a code of two capital letters.",
      "Issue it again with an ISO 3166 code, or without a country." CG_NEW_CA},
     .attribute = is_bad_country},
    {{"name_old_string_type", CG_LINT_WARNING, "RFC 5280 4.1.2.4", "A name has an old string type.",
      "Issue it again with UTF8String." CG_NEW_CA},
     .attribute = has_old_type},
    {{"name_printable_string", CG_LINT_ERROR, "RFC 5280 4.1.2.4",
      "A PrintableString contains characters that the type does not allow.",
      "Issue it again with UTF8String." CG_NEW_CA},
     .attribute = is_not_printable},
    {{"name_control_characters", CG_LINT_ERROR, "RFC 5280 4.1.2.6",
      "A name is empty, malformed, or contains control characters.", "Issue it again with a readable name." CG_NEW_CA},
     .attribute = is_unclean},
    {{"name_several_cns", CG_LINT_WARNING, "", "The subject has several CNs. Programs differ in which one they use.",
      "Issue it again with one CN." CG_NEW_CA},
     .holds = several_cns},
};

const struct cg_lint_rules cg_lint_name_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
