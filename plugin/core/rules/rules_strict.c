/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requirements of RFC 5280 that OpenSSL's strict check does not enforce, or not in all versions. A violation is
 * harmless alone, but shows that the CA did not check the certificate. */
#include "rule.h"

#include <openssl/x509v3.h>

typedef bool violation_function(const struct cg_cert *cert, int critical);

static bool not_critical(const struct cg_cert *cert, int critical)
{
    (void)cert;
    return critical == 0;
}

static bool not_critical_in_ca(const struct cg_cert *cert, int critical)
{
    return (cert->flags & EXFLAG_CA) && critical == 0;
}

static bool in_end_entity(const struct cg_cert *cert, int critical)
{
    (void)critical;
    return !(cert->flags & EXFLAG_CA);
}

static bool list_is_empty(const STACK_OF(GENERAL_SUBTREE) *list)
{
    return list && sk_GENERAL_SUBTREE_num(list) == 0;
}

static bool without_subtrees(const struct cg_cert *cert, int critical)
{
    (void)critical;
    const NAME_CONSTRAINTS *lists = cert->name_constraints;
    return lists && ((!lists->permittedSubtrees && !lists->excludedSubtrees) ||
                     list_is_empty(lists->permittedSubtrees) || list_is_empty(lists->excludedSubtrees));
}

static const struct {
    int nid;
    violation_function *violates;
    const char *text;
} rows[] = {
    {NID_basic_constraints, not_critical_in_ca, "basicConstraints of a CA is not critical (RFC 5280 4.2.1.9)"},
    {NID_name_constraints, not_critical, "nameConstraints is not critical (RFC 5280 4.2.1.10)"},
    {NID_name_constraints, in_end_entity, "nameConstraints is for CA certificates only (RFC 5280 4.2.1.10)"},
    {NID_name_constraints, without_subtrees, "nameConstraints is empty (RFC 5280 4.2.1.10)"},
    {NID_policy_constraints, not_critical, "policyConstraints is not critical (RFC 5280 4.2.1.11)"},
    {NID_inhibit_any_policy, not_critical, "inhibitAnyPolicy is not critical (RFC 5280 4.2.1.14)"},
};

enum cg_rule_result cg_rule_strict(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    const struct cg_cert *cert = &facts->cert[depth];
    for (size_t i = 0; facts->in->profile->strict && i < sizeof rows / sizeof *rows; i++) {
        int at = X509_get_ext_by_NID(cert->x509, rows[i].nid, -1);
        if (at >= 0 && rows[i].violates(cert, X509_EXTENSION_get_critical(X509_get_ext(cert->x509, at))))
            return cg_rule_fail(detail, "%s: %s", cg_rule_cert_label(facts, depth).text, rows[i].text);
    }
    return cg_rule_x509(facts, reason, depth, detail);
}
