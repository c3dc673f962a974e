/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on extensions in general, and on rare ones. use.c has those on what a key may be used for. */
#include "base/array.h"
#include "core/base/openssl_const.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

/* RFC 5280 section 4.2: extensions with a fixed criticality. */
struct criticality {
    int nid;
    bool critical;
};

static const struct criticality required[] = {
    {NID_authority_key_identifier, false},
    {NID_subject_key_identifier, false},
    {NID_subject_directory_attributes, false},
    {NID_freshest_crl, false},
    {NID_info_access, false},
    {NID_sinfo_access, false},
    {NID_name_constraints, true},
    {NID_policy_constraints, true},
    {NID_inhibit_any_policy, true},
};

static const struct criticality advised[] = {
    {NID_issuer_alt_name, false},
    {NID_crl_distribution_points, false},
    {NID_policy_mappings, true},
};

static bool differs(const struct cg_lint_object *o, const struct criticality *rows, size_t count, const char *verb,
                    char *detail, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (!cg_lint_has(o, rows[i].nid) || cg_lint_is_critical(o, rows[i].nid) == rows[i].critical)
            continue;
        snprintf(detail, size, "%s %s%s be critical", OBJ_nid2sn(rows[i].nid), verb, rows[i].critical ? "" : " not");
        return true;
    }
    return false;
}

static bool wrong_criticality(const struct cg_lint_object *o, char *detail, size_t size)
{
    return differs(o, required, CG_COUNT(required), "must", detail, size);
}

static bool unusual_criticality(const struct cg_lint_object *o, char *detail, size_t size)
{
    return differs(o, advised, CG_COUNT(advised), "should", detail, size);
}

bool cg_lint_any_extension(const struct cg_lint_object *o, cg_lint_extension_test *test, char *detail, size_t size)
{
    for (int i = 0; i < X509_get_ext_count(o->cert); i++) {
        const struct cg_lint_extension e = {o, X509_get_ext(o->cert, i), i};
        if (!test(&e))
            continue;
        OBJ_obj2txt(detail, (int)size, X509_EXTENSION_get_object(e.extension), 0);
        return true;
    }
    return false;
}

static bool is_repeated(const struct cg_lint_extension *e)
{
    return X509_get_ext_by_OBJ(e->of->cert, X509_EXTENSION_get_object(e->extension), e->index) >= 0;
}

static bool is_malformed(const struct cg_lint_extension *e)
{
    const X509V3_EXT_METHOD *method = X509V3_EXT_get(e->extension);
    if (!method || !method->it)
        return false;
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(e->extension);
    const unsigned char *der = ASN1_STRING_get0_data(data), *p = der;
    ASN1_VALUE *value = ASN1_item_d2i(NULL, &p, ASN1_STRING_length(data), ASN1_ITEM_ptr(method->it));
    bool malformed = !value || p != der + ASN1_STRING_length(data);
    ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
    return malformed;
}

static bool is_unknown_critical(const struct cg_lint_extension *e)
{
    return X509_EXTENSION_get_critical(e->extension) && !X509_supported_extension(e->extension);
}

/* RFC 5280 4.2.1.13 */
static bool crl_point_empty(const struct cg_lint_object *o)
{
    for (int i = 0; i < sk_DIST_POINT_num(o->points); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(o->points, i);
        if (!point->distpoint && !point->CRLissuer)
            return true;
    }
    return false;
}

static bool netscape(const struct cg_lint_object *o, char *detail, size_t size)
{
    static const int old[] = {NID_netscape_cert_type,      NID_netscape_comment,           NID_netscape_base_url,
                              NID_netscape_revocation_url, NID_netscape_ca_revocation_url, NID_netscape_ca_policy_url,
                              NID_netscape_ssl_server_name};
    for (size_t i = 0; i < CG_COUNT(old); i++) {
        snprintf(detail, size, "%s", OBJ_nid2ln(old[i]));
        if (cg_lint_has(o, old[i]))
            return true;
    }
    return false;
}

static const struct cg_lint_rule rules[] = {
    {{"extension_repeated", CG_LINT_ERROR, "RFC 5280 4.2", "An extension occurs more than once.", CG_AGAIN_ANY},
     .extension = is_repeated},
    {{"extension_malformed", CG_LINT_ERROR, "RFC 5280 4.2", "An extension cannot be decoded.", CG_AGAIN_ANY},
     .extension = is_malformed},
    {{"extension_unknown_critical", CG_LINT_WARNING, "RFC 5280 4.2",
      "The certificate has a critical extension that verifiers do not know. They must reject the certificate.",
      CG_AGAIN_ANY},
     .extension = is_unknown_critical},
    {{"extension_criticality", CG_LINT_ERROR, "RFC 5280 4.2",
      "An extension is critical but must not be, or must be critical but is not.", CG_AGAIN_ANY},
     .found = wrong_criticality},
    {{"extension_criticality_unusual", CG_LINT_NOTICE, "RFC 5280 4.2",
      "An extension is critical but should not be, or should be critical but is not.", CG_AGAIN_ANY},
     .found = unusual_criticality},
    {{"crl_point_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.13",
      "A CRL distribution point names neither a location nor a CRL issuer.", CG_AGAIN_ANY},
     .holds = crl_point_empty},
    {{"netscape_extension", CG_LINT_NOTICE, "", "The certificate has a Netscape extension, which has no meaning today.",
      CG_AGAIN_ANY},
     .found = netscape},
    {{"proxy_certificate", CG_LINT_WARNING, "RFC 3820", "This is a proxy certificate, which certguard rejects.",
      CG_AGAIN},
     .has = NID_proxyCertInfo},
};

const struct cg_lint_rules cg_lint_ext_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
