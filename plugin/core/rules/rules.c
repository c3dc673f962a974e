/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "rules.h"

#include <string.h>

/* The certificates that a rule checks. */
enum scope {
    PATH = 0, /* once, for the path as a whole */
    LEAF,
    CAS,   /* every certificate except the end entity; includes the anchor */
    BELOW, /* every certificate below the anchor, whose own signature and revocation do not matter */
    EACH,
};

static const struct row {
    enum cg_reason reason;
    enum scope scope;
    cg_rule_function *check;
} rows[] = {
    {CG_REASON_MALFORMED, EACH, cg_rule_malformed},
    {CG_REASON_DENY_LISTED, EACH, cg_rule_deny_list},
    {CG_REASON_UNTRUSTED, PATH, cg_rule_no_path},
    {CG_REASON_SELF_SIGNED, PATH, cg_rule_no_path},
    {CG_REASON_PATH_LIMIT, PATH, cg_rule_no_path},
    {CG_REASON_BAD_SIGNATURE, EACH, cg_rule_x509},
    {CG_REASON_REVOKED, BELOW, cg_rule_revocation},
    {CG_REASON_CRL_MISSING, BELOW, cg_rule_revocation},
    {CG_REASON_CRL_EXPIRED, BELOW, cg_rule_revocation},
    {CG_REASON_CRL_NOT_YET_VALID, BELOW, cg_rule_revocation},
    {CG_REASON_CRL_TOO_OLD, BELOW, cg_rule_revocation},
    {CG_REASON_CRL_UNKNOWN, BELOW, cg_rule_revocation},
    {CG_REASON_EXPIRED, LEAF, cg_rule_expired},
    {CG_REASON_NOT_YET_VALID, LEAF, cg_rule_not_yet_valid},
    {CG_REASON_CA_EXPIRED, CAS, cg_rule_expired},
    {CG_REASON_CA_NOT_YET_VALID, CAS, cg_rule_not_yet_valid},
    {CG_REASON_PROXY_CERTIFICATE, EACH, cg_rule_proxy_certificate},
    {CG_REASON_NOT_A_CA, CAS, cg_rule_not_a_ca},
    {CG_REASON_CA_KEY_USAGE, CAS, cg_rule_ca_key_usage},
    {CG_REASON_PATH_LENGTH, EACH, cg_rule_x509},
    {CG_REASON_TOO_DEEP, PATH, cg_rule_too_deep},
    {CG_REASON_CA_AS_END_ENTITY, LEAF, cg_rule_ca_as_end_entity},
    {CG_REASON_NOT_V3, EACH, cg_rule_not_v3},
    {CG_REASON_BAD_SERIAL, BELOW, cg_rule_bad_serial},
    {CG_REASON_UNKNOWN_CRITICAL_EXTENSION, EACH, cg_rule_unknown_critical},
    {CG_REASON_WRONG_PURPOSE, LEAF, cg_rule_eku},
    {CG_REASON_EKU_MISSING, LEAF, cg_rule_eku},
    {CG_REASON_EKU_ANY, LEAF, cg_rule_eku},
    {CG_REASON_CA_WRONG_PURPOSE, CAS, cg_rule_ca_eku},
    {CG_REASON_KEY_USAGE, LEAF, cg_rule_key_usage},
    {CG_REASON_NAME_CONSTRAINTS, EACH, cg_rule_name_constraints},
    {CG_REASON_CERTIFICATE_POLICIES, EACH, cg_rule_x509},
    {CG_REASON_KEY_ALGORITHM, EACH, cg_rule_key_algorithm},
    {CG_REASON_KEY_SIZE, EACH, cg_rule_key_size},
    {CG_REASON_RSA_EXPONENT, EACH, cg_rule_rsa_exponent},
    {CG_REASON_EC_PARAMETERS, EACH, cg_rule_ec_parameters},
    {CG_REASON_SIGNATURE_DIGEST, BELOW, cg_rule_signature_digest},
    {CG_REASON_BAD_NAME, EACH, cg_rule_bad_name},
    {CG_REASON_SAN_MALFORMED, BELOW, cg_rule_san_malformed},
    {CG_REASON_SAN_MISSING, LEAF, cg_rule_san_missing},
    {CG_REASON_SAN_TYPE, LEAF, cg_rule_san_type},
    {CG_REASON_HOST_MISMATCH, LEAF, cg_rule_host},
    {CG_REASON_LIFETIME_TOO_LONG, LEAF, cg_rule_lifetime},
    {CG_REASON_TOO_LITTLE_LIFE_LEFT, LEAF, cg_rule_remaining},
    {CG_REASON_EXTENSION_MISSING, LEAF, cg_rule_extensions},
    {CG_REASON_EXTENSION_VALUE, LEAF, cg_rule_extensions},
    {CG_REASON_EXTENSION_FORBIDDEN, LEAF, cg_rule_extensions},
    {CG_REASON_SUBJECT_MISMATCH, LEAF, cg_rule_subject_attributes},
    {CG_REASON_NOT_ALLOW_LISTED, LEAF, cg_rule_allow_list},
    {CG_REASON_STRICT, EACH, cg_rule_strict},
    {CG_REASON_PATH_OTHER, EACH, cg_rule_x509},
};

#define ROWS ((int)(sizeof rows / sizeof *rows))

size_t cg_rules_count(void)
{
    return ROWS;
}

enum cg_reason cg_rules_reason(size_t index)
{
    return index < ROWS ? rows[index].reason : CG_REASON_UNSET;
}

/* First and last depth of a scope; none when first > last. */
static void range(const struct cg_path_facts *facts, enum scope scope, int *first, int *last)
{
    int top = facts->ncerts - 1; /* the anchor, or the lone end entity */
    int below = facts->anchored && top > 0 ? top - 1 : top;
    *first = scope == CAS ? 1 : scope == PATH ? -1 : 0;
    *last = scope == PATH ? -1 : scope == LEAF ? 0 : scope == BELOW ? below : top;
}

static void add_finding(struct cg_verdict *out, enum cg_reason reason, enum cg_mode mode, int depth, const char *detail)
{
    if (mode == CG_ENFORCE && out->reason == CG_REASON_OK) {
        out->reason = reason;
        out->depth = depth;
        memcpy(out->detail, detail, sizeof out->detail);
    }
    if (out->nfindings == CG_FINDINGS_MAX)
        return;
    struct cg_finding *finding = &out->findings[out->nfindings++];
    finding->reason = reason;
    finding->mode = mode;
    finding->depth = depth;
    memcpy(finding->detail, detail, sizeof finding->detail);
}

static void run_row(const struct row *row, const struct cg_path_facts *facts, enum cg_mode mode, struct cg_verdict *out)
{
    int first, last;
    range(facts, row->scope, &first, &last);
    for (int depth = first; depth <= last; depth++) {
        char detail[CG_DETAIL_MAX] = "";
        enum cg_rule_result result = row->check(facts, row->reason, depth, detail);
        if (result == CG_RULE_PASS)
            continue;
        if (result == CG_RULE_FAIL) {
            add_finding(out, row->reason, mode, depth, detail);
            return; /* one finding per rule: the certificate nearest to the end entity */
        }
        cg_rule_fail(detail, "cannot check the rule %s", cg_reason_row(row->reason)->code);
        add_finding(out, CG_REASON_INTERNAL_ERROR, CG_ENFORCE, depth, detail);
        return;
    }
}

/* A peer that is not trusted is refused, so most other rules are not run. If a certificate cannot be decoded, that
 * is why there is no path. The deny list is always checked: otherwise a client on it could hide that with made-up CA
 * certificates, and the reported fix would be a new certificate. */
static bool applies(enum cg_reason rule, const struct cg_path_facts *facts)
{
    bool undecoded = facts->cert[0].flags & EXFLAG_INVALID;
    return facts->untrusted == CG_REASON_UNSET || rule == facts->untrusted || rule == CG_REASON_DENY_LISTED ||
           (rule == CG_REASON_MALFORMED && undecoded);
}

void cg_rules_run(const struct cg_path_facts *facts, struct cg_verdict *out)
{
    memset(out, 0, sizeof *out);
    out->reason = CG_REASON_OK;
    out->complete = facts->anchored && facts->untrusted == CG_REASON_UNSET;
    for (int i = 0; i < ROWS; i++) {
        enum cg_mode mode = facts->in->profile->mode[rows[i].reason];
        if (mode != CG_OFF && applies(rows[i].reason, facts))
            run_row(&rows[i], facts, mode, out);
    }
    out->decision = out->reason == CG_REASON_OK ? CG_ACCEPT : CG_DENY;
}
