/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check.h"
#include "base/failure.h"
#include "core/path/path.h"
#include "core/policy/policy_load.h"
#include "lint/lint.h"

#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

static bool add_anchor(struct cg_trust *trust, const char *place, X509 *root, struct cg_error *err)
{
    char *pem = cg_cert_pem(root);
    bool ok = pem ? cg_trust_add_anchors(trust, place, pem, strlen(pem), err) : cg_fail_memory(err);
    free(pem);
    return ok;
}

static bool is_signed(X509 *subject, X509 *issuer)
{
    ERR_set_mark();
    const bool ok = cg_path_may_have_issued(issuer, subject) && X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
    ERR_pop_to_mark();
    return ok;
}

/* The intermediate's signature is verified here, not again for each certificate. */
static bool set_above(struct cg_ca_checker *checker, const struct cg_ca *ca)
{
    if (!cg_ca_is_two_tier(ca) || !is_signed(ca->cert, ca->root))
        return true;
    return (checker->above = sk_X509_new_null()) && sk_X509_push(checker->above, ca->cert) &&
           sk_X509_push(checker->above, ca->root);
}

/* The path of a certificate with a valid signature; else the check finds what is wrong. */
static STACK_OF(X509) *path_of(const struct cg_ca_checker *checker, X509 *cert)
{
    if (!checker->above || !is_signed(cert, sk_X509_value(checker->above, 0)))
        return NULL;
    STACK_OF(X509) *path = sk_X509_dup(checker->above);
    if (path && sk_X509_unshift(path, cert))
        return path;
    sk_X509_free(path);
    return NULL;
}

/* Without CRLs: an expired one must not prevent new certificates. */
bool cg_ca_checker_open(struct cg_ca_checker *checker, const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    *checker = (struct cg_ca_checker){0};
    cg_ca_path(ca, path, "ca.pem");
    return (checker->policy = cg_policy_default(path, err)) && (checker->trust = cg_trust_new()) &&
           add_anchor(checker->trust, path, ca->root, err) && (checker->sent = sk_X509_new_null()) &&
           X509_add_cert(checker->sent, ca->cert, X509_ADD_FLAG_UP_REF) && set_above(checker, ca);
}

void cg_ca_checker_close(struct cg_ca_checker *checker)
{
    cg_policy_free(checker->policy);
    cg_trust_free(checker->trust);
    sk_X509_pop_free(checker->sent, X509_free);
    sk_X509_free(checker->above);
    *checker = (struct cg_ca_checker){0};
}

/* Only errors of lint: warnings are advice, and options ask for some of what they advise against. */
static bool passes_lint(X509 *cert, int64_t now, struct cg_error *err)
{
    struct cg_lint *lint = cg_lint_new(now);
    bool ok = lint && cg_lint_add_certificate(lint, cert) && cg_lint_run(lint);
    if (!ok)
        cg_fail_memory(err);
    for (size_t i = 0; ok && i < cg_lint_count(lint); i++) {
        const struct cg_lint_finding *finding = cg_lint_finding(lint, i);
        ok = finding->row->severity != CG_LINT_ERROR;
        if (!ok)
            cg_error_set(err, "not issued: %s (%s)%s%s. %s", finding->row->why, finding->row->id,
                         finding->detail[0] ? ": " : "", finding->detail, finding->row->fix);
    }
    cg_lint_free(lint);
    return ok;
}

bool cg_ca_checker_verdict(const struct cg_ca_checker *checker, const struct cg_ca_profile *profile, X509 *cert,
                           int64_t now, struct cg_error *err)
{
    const struct cg_listener_policy *rules = &checker->policy->base;
    STACK_OF(X509) *path = path_of(checker, cert);
    const struct cg_check_input in = {
        .profile = profile->purpose == CG_PURPOSE_SERVER ? &rules->server : &rules->client,
        .trust = checker->trust,
        .purpose = profile->purpose,
        .leaf = cert,
        .sent = checker->sent,
        .known_path = path,
        .now = now,
    };
    struct cg_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    cg_check(&in, &verdict);
    sk_X509_free(path);
    bool ok = verdict.decision == CG_ACCEPT;
    if (!ok) {
        const struct cg_reason_row *row = cg_reason_row(verdict.reason);
        const bool own = profile->purpose == CG_PURPOSE_SERVER;
        cg_error_set(err, "%s (%s)%s%s. %s", row->sentence, row->code, verdict.detail[0] ? ": " : "", verdict.detail,
                     cg_reason_fix(verdict.reason, own ? CG_OF_BROKER : CG_OF_CLIENT));
    }
    cg_verdict_clear(&verdict);
    return ok;
}

bool cg_ca_checker_accepts(const struct cg_ca_checker *checker, const struct cg_ca_profile *profile, X509 *cert,
                           int64_t now, struct cg_error *err)
{
    if (cg_ca_checker_verdict(checker, profile, cert, now, err))
        return passes_lint(cert, now, err);
    cg_error_prefix(err, "not issued: the plugin would refuse this certificate");
    return false;
}
