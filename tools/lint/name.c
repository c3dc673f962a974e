/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Distinguished names: the subject of a certificate (its issuer is the subject of another one). */
#include "core/cert/name.h"
#include "base/array.h"
#include "core/cert/name_syntax.h"
#include "rules.h"
#include "san.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Rules on single attributes of the subject: true when this one is wrong. */
typedef bool entry_test(int nid, const ASN1_STRING *value);

/* Old string types too; what is none of its type, as the octets that it is. */
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

static bool any_entry(const struct cg_lint_object *o, entry_test *wrong, char *detail, size_t size)
{
    const X509_NAME *name = X509_get_subject_name(o->cert);
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        if (!wrong(nid, value))
            continue;
        char text[128];
        value_text(value, text, sizeof text);
        snprintf(detail, size, "%s = \"%s\"", nid == NID_undef ? "attribute" : OBJ_nid2sn(nid), text);
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

static bool blank(int nid, const ASN1_STRING *value)
{
    (void)nid;
    const unsigned char *text = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

static bool blank_ends(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, blank, detail, size);
}

static bool email(int nid, const ASN1_STRING *value)
{
    (void)value;
    return nid == NID_pkcs9_emailAddress;
}

/* RFC 2985 5.2.1: an IA5String */
static bool bad_email(int nid, const ASN1_STRING *value)
{
    return nid == NID_pkcs9_emailAddress &&
           (ASN1_STRING_type(value) != V_ASN1_IA5STRING || !cg_mailbox_is_well_formed(cg_octets_of(value), NULL, NULL));
}

static bool email_malformed(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, bad_email, detail, size);
}

static bool email_in_subject(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, email, detail, size);
}

/* A dot inside and only host name characters: broker.lan, but not "Plant 3" or "ACME Inc." */
static bool host_like(int nid, const ASN1_STRING *value)
{
    const unsigned char *text = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    bool dot = false;
    if (nid != NID_organizationName && nid != NID_organizationalUnitName)
        return false;
    for (int i = 0; i < len; i++) {
        if (!isalnum(text[i]) && text[i] != '-' && text[i] != '.')
            return false;
        dot |= text[i] == '.' && i > 0 && i + 1 < len;
    }
    return dot;
}

/* The name of a host that this certificate is for; "example.com" alone may well be what a company calls itself. */
static bool host_as_organization(const struct cg_lint_object *o, char *detail, size_t size)
{
    const X509_NAME *name = X509_get_subject_name(o->cert);
    char cn[256] = "";
    cg_common_name(name, cn, sizeof cn);
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        char host[256];
        if (!host_like(nid, value))
            continue;
        snprintf(host, sizeof host, "%.*s", ASN1_STRING_length(value), (const char *)ASN1_STRING_get0_data(value));
        snprintf(detail, size, "%s = \"%.120s\"", OBJ_nid2sn(nid), host);
        if (strcasecmp(host, cn) == 0 || cg_lint_names_host(o, host))
            return true;
    }
    return false;
}

/* RFC 5280 appendix A.1, ub-*: in characters; octets are compared, so multi-byte text is given the benefit of the doubt. */
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

static bool long_entry(int nid, const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, value), characters = 0;
    for (int i = 0; i < len; i++)
        characters += (utf8[i] & 0xc0) != 0x80;
    OPENSSL_free(utf8);
    for (size_t i = 0; i < CG_COUNT(bounds); i++)
        if (bounds[i].nid == nid)
            return characters > bounds[i].max;
    return false;
}

static bool too_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, long_entry, detail, size);
}

static bool bad_country(int nid, const ASN1_STRING *value)
{
    const unsigned char *text = ASN1_STRING_get0_data(value);
    return nid == NID_countryName && (ASN1_STRING_length(value) != 2 || !isupper(text[0]) || !isupper(text[1]) ||
                                      ASN1_STRING_type(value) != V_ASN1_PRINTABLESTRING);
}

static bool country(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, bad_country, detail, size);
}

static bool old_type(int nid, const ASN1_STRING *value)
{
    (void)nid;
    int type = ASN1_STRING_type(value);
    return type == V_ASN1_T61STRING || type == V_ASN1_BMPSTRING || type == V_ASN1_UNIVERSALSTRING;
}

static bool old_string_type(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, old_type, detail, size);
}

static bool not_printable(int nid, const ASN1_STRING *value)
{
    (void)nid;
    const unsigned char *text = ASN1_STRING_get0_data(value);
    if (ASN1_STRING_type(value) != V_ASN1_PRINTABLESTRING)
        return false;
    for (int i = 0; i < ASN1_STRING_length(value); i++)
        if (!isalnum(text[i]) && !(text[i] && strchr(" '()+,-./:=?", text[i])))
            return true;
    return false;
}

static bool printable_string(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, not_printable, detail, size);
}

static bool control(int nid, const ASN1_STRING *value)
{
    (void)nid;
    return ASN1_STRING_length(value) == 0 || !cg_string_is_clean(value);
}

static bool control_characters(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_entry(o, control, detail, size);
}

static bool several_cns(const struct cg_lint_object *o)
{
    const X509_NAME *name = X509_get_subject_name(o->cert);
    int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    /* RFC 3820 3.4: a proxy certificate has one more than who issued it */
    return first >= 0 && X509_NAME_get_index_by_NID(name, NID_commonName, first) >= 0 &&
           !cg_lint_has(o, NID_proxyCertInfo);
}

static const struct cg_lint_rule rules[] = {
    {{"ca_subject_empty", CG_LINT_ERROR, "RFC 5280 4.1.2.6", "A CA without a subject name.",
      "Make a new CA with a name, and trust it beside this one until all certificates are of the new one."},
     CG_SCOPE_CA,
     .holds = subject_empty},
    {{"subject_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.6",
      "An empty subject needs a critical subjectAltName in its place.", "Issue it again with names."},
     CG_SCOPE_LEAF,
     .holds = empty_without_critical_san},
    {{"issuer_empty", CG_LINT_ERROR, "RFC 5280 4.1.2.4", "The issuer has no name.", "Issue it from a CA with a name."},
     CG_SCOPE_ALL,
     .holds = issuer_empty},
    {{"name_blanks", CG_LINT_WARNING, "RFC 4518 2.6.1",
      "A name begins or ends with a blank: it looks equal to another one and is not, for some programs.",
      "Issue it again without the blank." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = blank_ends},
    {{"name_email", CG_LINT_WARNING, "RFC 5280 4.1.2.6", "An email address stands in the subject name.",
      "Leave it out, or put it into subjectAltName." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = email_in_subject},
    {{"name_email_malformed", CG_LINT_ERROR, "RFC 5280 4.1.2.6",
      "The email address in the subject name is none, or no IA5String.",
      "Leave it out, or put it into subjectAltName." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = email_malformed},
    {{"name_host_as_organization", CG_LINT_WARNING, "RFC 9525 2",
      "A host name stands in the organization; no program looks for it there.",
      "Put host names into subjectAltName and the owner's name into O."},
     CG_SCOPE_LEAF, /* nobody looks for a host in the name of a CA */
     .found = host_as_organization},
    {{"name_too_long", CG_LINT_ERROR, "RFC 5280 A.1", "A part of the subject name is longer than the standard allows.",
      "Issue it again with a shorter name (CN, O and OU: 64 characters)." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = too_long},
    {{"name_country", CG_LINT_ERROR, "RFC 5280 A.1", "The country is not a code of two capital letters.",
      "Issue it again with a code of ISO 3166, or without." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = country},
    {{"name_old_string_type", CG_LINT_WARNING, "RFC 5280 4.1.2.4", "A name is in an old string type.",
      "Issue it again with UTF8String." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = old_string_type},
    {{"name_printable_string", CG_LINT_ERROR, "RFC 5280 4.1.2.4",
      "A PrintableString holds characters that the type does not have.", "Issue it again with UTF8String." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = printable_string},
    {{"name_control_characters", CG_LINT_ERROR, "RFC 5280 4.1.2.6",
      "A name is empty, broken, or holds control characters.",
      "Issue it again with a name that can be read." CG_NEW_CA},
     CG_SCOPE_ALL,
     .found = control_characters},
    {{"name_several_cns", CG_LINT_WARNING, "", "There are several CNs: programs differ in which one they take.",
      "Issue it again with one CN." CG_NEW_CA},
     CG_SCOPE_ALL,
     .holds = several_cns},
};

const struct cg_lint_rules cg_lint_name_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
