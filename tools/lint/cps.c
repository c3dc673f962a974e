/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* certificatePolicies with their qualifiers, and policyMappings. */
#include "base/array.h"
#include "core/cert/name.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

/* Rules on single qualifiers of policies. */
typedef bool qualifier_test(const POLICYQUALINFO *q);

static bool any_qualifier(const struct cg_lint_object *o, qualifier_test *wrong, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(o->policies, i);
        for (int j = 0; j < sk_POLICYQUALINFO_num(policy->qualifiers); j++) {
            const POLICYQUALINFO *q = sk_POLICYQUALINFO_value(policy->qualifiers, j);
            if (!wrong(q))
                continue;
            if (OBJ_obj2nid(q->pqualid) == NID_id_qt_cps)
                cg_text_escape(ASN1_STRING_get0_data(q->d.cpsuri), (size_t)ASN1_STRING_length(q->d.cpsuri), detail,
                               size);
            return true;
        }
    }
    return false;
}

/* Arcs that stand in manual pages and examples, and belong to somebody else or to nobody. */
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

static bool cps_nowhere(const POLICYQUALINFO *q)
{
    char uri[512];
    if (OBJ_obj2nid(q->pqualid) != NID_id_qt_cps)
        return false;
    int len = ASN1_STRING_length(q->d.cpsuri);
    snprintf(uri, sizeof uri, "%.*s", len, (const char *)ASN1_STRING_get0_data(q->d.cpsuri));
    const char *host = strstr(uri, "://");
    host = host ? host + 3 : uri;
    return (strncasecmp(uri, "http://", 7) != 0 && strncasecmp(uri, "https://", 8) != 0) ||
           strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           strncasecmp(host, "my.host.name", 12) == 0 || strncasecmp(host, "my.your.name", 12) == 0;
}

static bool bad_cps(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_qualifier(o, cps_nowhere, detail, size);
}

static bool has_notice_ref(const POLICYQUALINFO *q)
{
    return OBJ_obj2nid(q->pqualid) == NID_id_qt_unotice && q->d.usernotice->noticeref;
}

static bool notice_ref(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_qualifier(o, has_notice_ref, detail, size);
}

static bool long_text(const POLICYQUALINFO *q)
{
    unsigned char *utf8 = NULL;
    int characters = 0;
    if (OBJ_obj2nid(q->pqualid) != NID_id_qt_unotice || !q->d.usernotice->exptext)
        return false;
    int len = ASN1_STRING_to_UTF8(&utf8, q->d.usernotice->exptext);
    for (int i = 0; i < len; i++)
        characters += (utf8[i] & 0xc0) != 0x80;
    OPENSSL_free(utf8);
    return len <= 0 || characters > 200;
}

static bool notice_text_long(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_qualifier(o, long_text, detail, size);
}

/* RFC 6818 3 rules the type out; RFC 5280 4.2.1.4 lets it through. */
static bool ia5_text(const POLICYQUALINFO *q)
{
    return OBJ_obj2nid(q->pqualid) == NID_id_qt_unotice && q->d.usernotice->exptext &&
           ASN1_STRING_type(q->d.usernotice->exptext) == V_ASN1_IA5STRING;
}

static bool not_utf8(const POLICYQUALINFO *q)
{
    return OBJ_obj2nid(q->pqualid) == NID_id_qt_unotice && q->d.usernotice->exptext &&
           ASN1_STRING_type(q->d.usernotice->exptext) != V_ASN1_UTF8STRING && !ia5_text(q);
}

static bool notice_text_type(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_qualifier(o, not_utf8, detail, size);
}

static bool notice_text_ia5(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_qualifier(o, ia5_text, detail, size);
}

static bool control_text(const POLICYQUALINFO *q)
{
    return OBJ_obj2nid(q->pqualid) == NID_id_qt_unotice && q->d.usernotice->exptext &&
           !cg_string_is_clean(q->d.usernotice->exptext);
}

static bool notice_text_control(const struct cg_lint_object *o, char *detail, size_t size)
{
    return any_qualifier(o, control_text, detail, size);
}

static bool unknown_qualifier_in(const POLICYINFO *policy, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYQUALINFO_num(policy->qualifiers); i++) {
        const ASN1_OBJECT *id = sk_POLICYQUALINFO_value(policy->qualifiers, i)->pqualid;
        OBJ_obj2txt(detail, (int)size, id, 1);
        if (OBJ_obj2nid(id) != NID_id_qt_cps && OBJ_obj2nid(id) != NID_id_qt_unotice)
            return true;
    }
    return false;
}

static bool unknown_qualifier(const struct cg_lint_object *o, bool of_any, char *detail, size_t size)
{
    for (int i = 0; i < sk_POLICYINFO_num(o->policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(o->policies, i);
        bool any = OBJ_obj2nid(policy->policyid) == NID_any_policy;
        if (any == of_any && unknown_qualifier_in(policy, detail, size))
            return true;
    }
    return false;
}

static bool qualifier_unknown(const struct cg_lint_object *o, char *detail, size_t size)
{
    return unknown_qualifier(o, false, detail, size);
}

/* Who cannot interpret a critical extension must refuse the certificate; the plugin does. */
static bool qualifier_critical(const struct cg_lint_object *o, char *detail, size_t size)
{
    return cg_lint_is_critical(o, NID_certificate_policies) &&
           (unknown_qualifier(o, false, detail, size) || unknown_qualifier(o, true, detail, size));
}

static bool any_qualifier_unknown(const struct cg_lint_object *o, char *detail, size_t size)
{
    return unknown_qualifier(o, true, detail, size);
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

static bool maps_in_leaf(const struct cg_lint_object *o)
{
    return o->mappings;
}

#define LEAVE_OUT "Leave certificatePolicies out; a private CA rarely needs them."

static const struct cg_lint_rule rules[] = {
    {{"policy_example_arc", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "The certificate policy has an identifier from a manual's example: it belongs to somebody else or to nobody.",
      LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = example_arc},
    {{"policy_repeated", CG_LINT_ERROR, "RFC 5280 4.2.1.4", "A certificate policy occurs twice.", LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = repeated_policy},
    {{"policy_cps", CG_LINT_WARNING, "RFC 5280 4.2.1.4", "The CPS pointer is no address that somebody else can open.",
      "Use an https address of your own, or leave it out."},
     CG_SCOPE_ALL,
     .found = bad_cps},
    {{"policy_notice_ref", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "A noticeRef stands in the user notice; it should not be used.", "Use explicitText alone, or leave it out."},
     CG_SCOPE_ALL,
     .found = notice_ref},
    {{"policy_notice_long", CG_LINT_ERROR, "RFC 5280 4.2.1.4",
      "The user notice is empty or longer than 200 characters.", "Shorten it."},
     CG_SCOPE_ALL,
     .found = notice_text_long},
    {{"policy_notice_type", CG_LINT_WARNING, "RFC 6818 3", "The user notice is not a UTF8String.",
      "Write it as \"UTF8:text\" in openssl's configuration."},
     CG_SCOPE_ALL,
     .found = notice_text_type},
    {{"policy_notice_ia5", CG_LINT_ERROR, "RFC 6818 3", "The user notice is an IA5String, which is ruled out.",
      "Write it as \"UTF8:text\" in openssl's configuration."},
     CG_SCOPE_ALL,
     .found = notice_text_ia5},
    {{"policy_notice_control", CG_LINT_WARNING, "RFC 5280 4.2.1.4", "The user notice holds control characters.",
      LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = notice_text_control},
    {{"policy_qualifier_unknown", CG_LINT_WARNING, "RFC 5280 4.2.1.4",
      "A policy has a qualifier that is neither a CPS pointer nor a user notice: no verifier knows it.", LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = qualifier_unknown},
    {{"policy_qualifier_critical", CG_LINT_ERROR, "RFC 5280 4.2.1.4",
      "A critical certificatePolicies has a qualifier that no verifier knows: they must refuse the certificate.",
      LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = qualifier_critical},
    {{"policy_any_qualifier", CG_LINT_ERROR, "RFC 5280 4.2.1.4",
      "anyPolicy has a qualifier that is neither a CPS pointer nor a user notice.", LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = any_qualifier_unknown},
    {{"policy_qualifiers_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.4", "A policy has an empty list of qualifiers.",
      LEAVE_OUT},
     CG_SCOPE_ALL,
     .found = qualifiers_empty},
    {{"policy_mapping_any", CG_LINT_ERROR, "RFC 5280 4.2.1.5",
      "A policy is mapped to or from anyPolicy: verifiers refuse the certificate.", "Map policies by name, or none."},
     CG_SCOPE_ALL,
     .holds = maps_any},
    {{"policy_mapping_unlisted", CG_LINT_NOTICE, "RFC 5280 4.2.1.5",
      "A policy is mapped that the certificate itself does not have.", "List it in certificatePolicies too."},
     CG_SCOPE_ALL,
     .found = maps_unlisted},
    {{"policy_mapping_in_leaf", CG_LINT_WARNING, "RFC 5280 4.2.1.5",
      "policyMappings stand in a certificate that is no CA.", "Issue it again without them."},
     CG_SCOPE_LEAF,
     .holds = maps_in_leaf},
};

const struct cg_lint_rules cg_lint_cps_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
