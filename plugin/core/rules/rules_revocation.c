/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on revocation (RFC 5280 6.3) for every certificate below the anchor. Each status has its reason. */
#include "rule.h"

#include "core/cert/name.h"

#include <openssl/x509v3.h>

static const enum cg_reason reasons[] = {
    [CG_CRL_STATUS_UNKNOWN] = CG_REASON_CRL_UNKNOWN, [CG_CRL_STATUS_GOOD] = CG_REASON_OK,
    [CG_CRL_STATUS_REVOKED] = CG_REASON_REVOKED,     [CG_CRL_STATUS_NO_CRL] = CG_REASON_CRL_MISSING,
    [CG_CRL_STATUS_EXPIRED] = CG_REASON_CRL_EXPIRED, [CG_CRL_STATUS_NOT_YET_VALID] = CG_REASON_CRL_NOT_YET_VALID,
    [CG_CRL_STATUS_TOO_OLD] = CG_REASON_CRL_TOO_OLD,
};

static const char *revocation_reason(int reason)
{
    static const char *const words[] = {"unspecified",        "keyCompromise", "cACompromise",
                                        "affiliationChanged", "superseded",    "cessationOfOperation",
                                        "certificateHold",    "reason 7",      "removeFromCRL",
                                        "privilegeWithdrawn", "aACompromise"};
    return reason >= 0 && reason < (int)(sizeof words / sizeof *words) ? words[reason] : "no reason given";
}

static enum cg_rule_result fail(const struct cg_path_facts *facts, int depth, const struct cg_crl_answer *answer,
                                char *detail)
{
    struct cg_cert_label label = cg_rule_cert_label(facts, depth);
    char issuer[80], since[32], until[32], at[32];
    cg_name_text(X509_get_issuer_name(facts->cert[depth].x509), issuer, sizeof issuer);
    cg_time_text(answer->this_update, since, sizeof since);
    cg_time_text(answer->next_update, until, sizeof until);
    cg_time_text(answer->revoked_at, at, sizeof at);
    switch (answer->status) {
    case CG_CRL_STATUS_REVOKED:
        return cg_rule_fail(detail, "%s was revoked%s%s (%s), CRL %s of %s", label.text, at[0] ? " on " : "", at,
                            revocation_reason(answer->reason), answer->number, since);
    case CG_CRL_STATUS_NO_CRL:
        return cg_rule_fail(detail, "%s: no CRL of '%s'", label.text, issuer);
    case CG_CRL_STATUS_EXPIRED:
        return cg_rule_fail(detail, "%s: the CRL of '%s' expired on %s", label.text, issuer, until);
    case CG_CRL_STATUS_NOT_YET_VALID:
        return cg_rule_fail(detail, "%s: the CRL of '%s' is dated %s, in the future", label.text, issuer, since);
    case CG_CRL_STATUS_TOO_OLD:
        return cg_rule_fail(detail, "%s: the CRL of '%s' is dated %s, longer ago than crl_max_age", label.text, issuer,
                            since);
    case CG_CRL_STATUS_GOOD:
    case CG_CRL_STATUS_UNKNOWN:
        break;
    }
    return cg_rule_fail(detail, "%s: no CRL of '%s' covers it", label.text, issuer);
}

enum cg_rule_result cg_rule_revocation(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                       char *detail)
{
    if (!facts->crl || !facts->anchored || facts->ncerts == 1)
        return CG_RULE_PASS;
    const struct cg_crl_answer *answer = &facts->crl[depth];
    if ((size_t)answer->status >= sizeof reasons / sizeof *reasons)
        return CG_RULE_FAULT;
    if (reasons[answer->status] != reason)
        return CG_RULE_PASS;
    if (answer->status == CG_CRL_STATUS_NO_CRL && !facts->in->profile->crl_required)
        return CG_RULE_PASS;
    return fail(facts, depth, answer, detail);
}
