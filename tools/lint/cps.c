/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on certificatePolicies with their qualifiers, and on policyMappings. */
#include "base/array.h"
#include "core/cert/name.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

bool cg_lint_any_qualifier(const struct cg_lint_object *o, cg_lint_qualifier_test *test, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(o->policies, i);
        for (int j = 0; j < sk_POLICYQUALINFO_num(policy->qualifiers); j++) {
            const POLICYQUALINFO *info = sk_POLICYQUALINFO_value(policy->qualifiers, j);
            const struct cg_lint_qualifier q = {o, policy, info};
            int type = OBJ_obj2nid(info->pqualid);
            if (!test(&q))
                continue;
            if (type == NID_id_qt_cps)
                cg_text_escape(ASN1_STRING_get0_data(info->d.cpsuri), (size_t)ASN1_STRING_length(info->d.cpsuri),
                               detail, size);
            else if (type != NID_id_qt_unotice)
                OBJ_obj2txt(detail, (int)size, info->pqualid, 1);
            return true;
        }
    }
    return false;
}

/* Arcs from manual pages and examples. They belong to somebody else or to nobody. */
static const char *const example_arcs[] = {"1.3.5.8", "1.2.3.4", "1.5.6.7", "2.16.840.1.101.3.2.1.48"};

static bool example_arc(const struct cg_lint_object *o, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++) {
        OBJ_obj2txt(detail, (int)size, sk_POLICYINFO_value(o->policies, i)->policyid, 1);
        for (size_t j = 0; j < CG_COUNT(example_arcs); j++) {
            size_t len = strlen(example_arcs[j]);
            if (strncmp(detail, example_arcs[j], len) == 0 && (detail[len] == '\0' || detail[len] == '.'))
                return true;
        }
    }
    return false;
}

static bool repeated_policy(const struct cg_lint_object *o, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++)
        for (int j = 0; j < i; j++)
            if (OBJ_cmp(sk_POLICYINFO_value(o->policies, i)->policyid, sk_POLICYINFO_value(o->policies, j)->policyid) ==
                0) {
                OBJ_obj2txt(detail, (int)size, sk_POLICYINFO_value(o->policies, i)->policyid, 1);
                return true;
            }
    return false;
}

/* The address of the CPS is not a web address, or is one on this machine. */
static bool cps_unreachable(const struct cg_lint_qualifier *q)
{
    char uri[512];
    if (OBJ_obj2nid(q->info->pqualid) != NID_id_qt_cps)
        return false;
    int len = ASN1_STRING_length(q->info->d.cpsuri);
    snprintf(uri, sizeof uri, "%.*s", len, (const char *)ASN1_STRING_get0_data(q->info->d.cpsuri));
    const char *host = strstr(uri, "://");
    host = host ? host + 3 : uri;
    return (strncasecmp(uri, "http://", 7) != 0 && strncasecmp(uri, "https://", 8) != 0) ||
           strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           strncasecmp(host, "my.host.name", 12) == 0 || strncasecmp(host, "my.your.name", 12) == 0;
}

static bool has_notice_ref(const struct cg_lint_qualifier *q)
{
    return OBJ_obj2nid(q->info->pqualid) == NID_id_qt_unotice && q->info->d.usernotice->noticeref;
}

/* The text of a user notice; NULL: none. */
static const ASN1_STRING *notice_text(const struct cg_lint_qualifier *q)
{
    return OBJ_obj2nid(q->info->pqualid) == NID_id_qt_unotice ? q->info->d.usernotice->exptext : NULL;
}

static bool notice_long(const struct cg_lint_qualifier *q)
{
    const ASN1_STRING *text = notice_text(q);
    int count = text ? cg_lint_count_characters(text) : 0;
    return text && (count <= 0 || count > 200);
}

/* RFC 6818 3 forbids the type, which RFC 5280 4.2.1.4 allows. */
static bool notice_ia5(const struct cg_lint_qualifier *q)
{
    const ASN1_STRING *text = notice_text(q);
    return text && ASN1_STRING_type(text) == V_ASN1_IA5STRING;
}

static bool notice_not_utf8(const struct cg_lint_qualifier *q)
{
    const ASN1_STRING *text = notice_text(q);
    return text && ASN1_STRING_type(text) != V_ASN1_UTF8STRING && !notice_ia5(q);
}

static bool notice_control(const struct cg_lint_qualifier *q)
{
    const ASN1_STRING *text = notice_text(q);
    return text && !cg_string_is_clean(text);
}

static bool is_unknown(const struct cg_lint_qualifier *q)
{
    int type = OBJ_obj2nid(q->info->pqualid);
    return type != NID_id_qt_cps && type != NID_id_qt_unotice;
}

static bool is_of_any_policy(const struct cg_lint_qualifier *q)
{
    return OBJ_obj2nid(q->policy->policyid) == NID_any_policy;
}

static bool qualifier_unknown(const struct cg_lint_qualifier *q)
{
    return is_unknown(q) && !is_of_any_policy(q);
}

/* A verifier that does not know a critical extension must reject the certificate. The plugin does. */
static bool qualifier_critical(const struct cg_lint_qualifier *q)
{
    return is_unknown(q) && cg_lint_is_critical(q->of, NID_certificate_policies);
}

static bool any_qualifier_unknown(const struct cg_lint_qualifier *q)
{
    return is_unknown(q) && is_of_any_policy(q);
}

static bool qualifiers_empty(const struct cg_lint_object *o, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(o->policies, i);
        OBJ_obj2txt(detail, (int)size, policy->policyid, 1);
        if (policy->qualifiers && sk_POLICYQUALINFO_num(policy->qualifiers) == 0)
            return true;
    }
    return false;
}

static bool maps_any(const struct cg_lint_object *o)
{
    for (int i = 0; i < sk_POLICY_MAPPING_num(o->mappings); i++) {
        const POLICY_MAPPING *mapping = sk_POLICY_MAPPING_value(o->mappings, i);
        if (OBJ_obj2nid(mapping->issuerDomainPolicy) == NID_any_policy ||
            OBJ_obj2nid(mapping->subjectDomainPolicy) == NID_any_policy)
            return true;
    }
    return false;
}

static bool has_policy(const struct cg_lint_object *o, const ASN1_OBJECT *id)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++) {
        const ASN1_OBJECT *policy = sk_POLICYINFO_value(o->policies, i)->policyid;
        if (OBJ_cmp(policy, id) == 0 || OBJ_obj2nid(policy) == NID_any_policy)
            return true;
    }
    return false;
}

static bool maps_unlisted(const struct cg_lint_object *o, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICY_MAPPING_num(o->mappings); i++) {
        const ASN1_OBJECT *from = sk_POLICY_MAPPING_value(o->mappings, i)->issuerDomainPolicy;
        OBJ_obj2txt(detail, (int)size, from, 1);
        if (!has_policy(o, from))
            return true;
    }
    return false;
}

#define LEAVE_OUT "Leave certificatePolicies out. A private CA rarely needs them."

static const struct cg_lint_rule rules[] = {
    {{"policy_example_arc", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "The certificate policy has an identifier from an example in a manual. It belongs to somebody else or to nobody.",
      LEAVE_OUT},
     .found = example_arc},
    {{"policy_repeated", CG_LINT_ERROR, "RFC 5280 4.2.1.4", "A certificate policy occurs twice.", LEAVE_OUT},
     .found = repeated_policy},
    {{"policy_cps", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "The CPS pointer is not an address that other people can open.",
      "Use an https address that you own, or leave the pointer out."},
     .qualifier = cps_unreachable},
    {{"policy_notice_ref", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "The user notice has a noticeRef, which should not be used.", "Use only explicitText, or leave the notice out."},
     .qualifier = has_notice_ref},
    {{"policy_notice_long", CG_LINT_ERROR, "RFC 5280 4.2.1.4",
      "The user notice is empty or longer than 200 characters.",
      "Write a notice of 1 to 200 characters, or leave it out."},
     .qualifier = notice_long},
    {{"policy_notice_type", CG_LINT_WARNING, "RFC 6818 3", "The user notice is not a UTF8String.",
      "Write it as \"UTF8:text\" in the configuration for openssl."},
     .qualifier = notice_not_utf8},
    {{"policy_notice_ia5", CG_LINT_ERROR, "RFC 6818 3", "The user notice is an IA5String, which is forbidden.",
      "Write it as \"UTF8:text\" in the configuration for openssl."},
     .qualifier = notice_ia5},
    {{"policy_notice_control", CG_LINT_WARNING, "RFC 5280 4.2.1.4", "The user notice contains control characters.",
      LEAVE_OUT},
     .qualifier = notice_control},
    {{"policy_qualifier_unknown", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "A policy has a qualifier that is neither a CPS pointer nor a user notice. No verifier knows it.", LEAVE_OUT},
     .qualifier = qualifier_unknown},
    {{"policy_qualifier_critical", CG_LINT_ERROR, "RFC 5280 4.2.1.4",
      "certificatePolicies is critical and has a qualifier that no verifier knows. Verifiers must reject the "
      "certificate.",
      LEAVE_OUT},
     .qualifier = qualifier_critical},
    {{"policy_any_qualifier", CG_LINT_ERROR, "RFC 5280 4.2.1.4",
      "anyPolicy has a qualifier that is neither a CPS pointer nor a user notice.", LEAVE_OUT},
     .qualifier = any_qualifier_unknown},
    {{"policy_qualifiers_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.4", "A policy has an empty list of qualifiers.",
      LEAVE_OUT},
     .found = qualifiers_empty},
    {{"policy_mapping_any", CG_LINT_ERROR, "RFC 5280 4.2.1.5",
      "A policy is mapped to or from anyPolicy. Verifiers reject the certificate.",
      "Map policies by identifier, or leave policyMappings out."},
     .holds = maps_any},
    {{"policy_mapping_unlisted", CG_LINT_NOTICE, "RFC 5280 4.2.1.5",
      "A mapped policy is missing from the certificatePolicies of the certificate.", "Add it to certificatePolicies."},
     .found = maps_unlisted},
    {{"policy_mapping_in_leaf", CG_LINT_WARNING, "RFC 5280 4.2.1.5",
      "The certificate has policyMappings but is not a CA.", "Issue it again without them."},
     CG_SCOPE_LEAF,
     .has = NID_policy_mappings},
};

const struct cg_lint_rules cg_lint_cps_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
