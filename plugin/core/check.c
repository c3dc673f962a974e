/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check.h"

#include "core/base/datetime.h"
#include "core/path/path.h"
#include "core/rules/rules.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* The state of one search for a path. Zero-initialized: nothing was found. */
struct attempt {
    const struct cg_check_input *in;
    bool any;               /* best is the verdict on a path */
    struct cg_verdict best; /* path and not_after included */
    enum cg_reason fault;   /* CG_REASON_UNSET, or the error that stopped the search */
};

static void deny(struct cg_verdict *out, enum cg_reason reason, const char *detail)
{
    cg_verdict_clear(out);
    out->not_after = CG_TIME_NO_END;
    out->reason = reason;
    snprintf(out->detail, sizeof out->detail, "%s", detail);
    out->findings[0].reason = reason;
    out->findings[0].depth = out->depth = -1;
    memcpy(out->findings[0].detail, out->detail, sizeof out->detail);
    out->nfindings = 1;
}

/* Checks count and bytes of the certificates before any work that grows with them. False: *finding has the rule. */
static bool within_limits(const struct cg_check_input *in, struct cg_finding *finding)
{
    size_t bytes = 0;
    int sent = sk_X509_num(in->sent) > 0 ? sk_X509_num(in->sent) : 0;
    bool leaf_sent = sent > 0 && X509_cmp(sk_X509_value(in->sent, 0), in->leaf) == 0;
    unsigned count = (unsigned)sent + (leaf_sent ? 0 : 1);
    memset(finding, 0, sizeof *finding);
    finding->depth = -1;
    if (count > in->profile->max_chain) {
        finding->reason = CG_REASON_CHAIN_TOO_LONG;
        snprintf(finding->detail, sizeof finding->detail, "the peer sent %u certificates, the policy allows %u", count,
                 in->profile->max_chain);
        return false;
    }
    for (int i = leaf_sent ? 0 : -1; i < sent; i++) {
        int len = i2d_X509(i < 0 ? in->leaf : sk_X509_value(in->sent, i), NULL);
        bytes += len > 0 ? (size_t)len : SIZE_MAX / 2;
        if (bytes <= in->profile->max_chain_bytes)
            continue;
        finding->reason = CG_REASON_CHAIN_TOO_LARGE;
        snprintf(finding->detail, sizeof finding->detail, "the peer sent more than %zu bytes of certificates",
                 in->profile->max_chain_bytes);
        return false;
    }
    return true;
}

static bool look_up_revocation(struct cg_path_facts *facts)
{
    const struct cg_check_input *in = facts->in;
    const struct cg_crl_set *crls = cg_trust_crls(in->trust);
    if (!in->profile->crl_required && cg_crl_set_count(crls) == 0)
        return true;
    const struct cg_crl_params params = {.now = in->now,
                                         .max_age = in->profile->crl_max_age,
                                         .grace = in->profile->crl_grace,
                                         .skew = in->profile->clock_skew};
    facts->crl = OPENSSL_zalloc(sizeof *facts->crl * (size_t)facts->ncerts);
    for (int i = 0; facts->crl && i + 1 < facts->ncerts; i++)
        cg_crl_set_look_up(crls, facts->cert[i].x509, facts->cert[i + 1].x509, &params, &facts->crl[i]);
    return facts->crl != NULL;
}

/* The last second at which the rules accept this path, or this end entity if the lack of a path is only audited. An
 * expiry that no rule enforces does not count. */
static int64_t last_second(const struct cg_path_facts *facts)
{
    const struct cg_profile *profile = facts->in->profile;
    int64_t earliest = CG_TIME_NO_END;
    for (int i = 0; i < facts->ncerts; i++) {
        enum cg_reason rule = i == 0 ? CG_REASON_EXPIRED : CG_REASON_CA_EXPIRED;
        int64_t last = facts->cert[i].not_after + profile->clock_skew;
        if (profile->mode[rule] == CG_ENFORCE && last < earliest)
            earliest = last;
    }
    return earliest;
}

static bool keep_path(const STACK_OF(X509) *path, struct cg_verdict *verdict)
{
    verdict->path = X509_chain_up_ref((STACK_OF(X509) *)(uintptr_t)path);
    return verdict->path != NULL;
}

/* False: the path could not be verified, and attempt->fault has the error. */
static bool verify_path(struct attempt *attempt, const STACK_OF(X509) *path, bool signatures_known,
                        struct cg_path_facts *facts)
{
    const struct cg_profile *profile = attempt->in->profile;
    if (!facts->anchored) {
        facts->untrusted = profile->mode[facts->no_path] == CG_ENFORCE        ? facts->no_path
                           : profile->mode[CG_REASON_UNTRUSTED] == CG_ENFORCE ? CG_REASON_UNTRUSTED
                                                                              : CG_REASON_UNSET;
        return true;
    }
    if (!cg_path_verify(path, profile, signatures_known, attempt->in->signatures, &facts->x509, &attempt->fault))
        return false;
    facts->untrusted = facts->x509.stopped_early ? CG_REASON_BAD_SIGNATURE : CG_REASON_UNSET;
    attempt->fault = CG_REASON_NO_MEMORY;
    return facts->untrusted != CG_REASON_UNSET || look_up_revocation(facts);
}

/* Of a certificate that is not trusted, decodes only what the rules need to report that. An attacker could send any
 * number of them to cause the work. */
static bool read_certificate(const struct cg_path_facts *facts, int depth)
{
    X509 *x509 = facts->cert[depth].x509;
    if (facts->untrusted != CG_REASON_UNSET && !(X509_get_extension_flags(x509) & EXFLAG_INVALID))
        return true;
    return cg_cert_read(&facts->cert[depth], x509);
}

static bool signatures_hold(const struct cg_path_facts *facts)
{
    for (int i = 0; i < facts->x509.count; i++)
        if (facts->x509.item[i].reason == CG_REASON_BAD_SIGNATURE)
            return false;
    return facts->anchored;
}

/* Only of a path to an anchor that OpenSSL found no fault with, and whose CAs the policy accepts: else the key of a revoked CA
 * would be enough to fill the cache. The end entity may be refused: a device whose certificate has expired connects again
 * and again. */
static void remember_signatures(const struct cg_path_facts *facts, const STACK_OF(X509) *path,
                                const struct cg_verdict *verdict)
{
    bool allowed = facts->anchored && facts->x509.count == 0 && verdict->nfindings < CG_FINDINGS_MAX;
    for (int i = 0; allowed && i < verdict->nfindings; i++)
        allowed = verdict->findings[i].depth == 0 || verdict->findings[i].mode == CG_AUDIT;
    if (allowed)
        cg_signature_cache_add(facts->in->signatures, path);
}

/* The verdict on one path. no_path is CG_REASON_OK, or why the path is only the end entity. False: attempt->fault
 * has the error. */
static bool evaluate(struct attempt *attempt, const STACK_OF(X509) *path, bool signatures_known, enum cg_reason no_path,
                     struct cg_verdict *verdict)
{
    struct cg_path_facts facts = {
        .in = attempt->in, .ncerts = sk_X509_num(path), .anchored = no_path == CG_REASON_OK, .no_path = no_path};
    bool ok = false;
    attempt->fault = CG_REASON_NO_MEMORY;
    facts.cert = OPENSSL_zalloc(sizeof *facts.cert * (size_t)facts.ncerts);
    if (!facts.cert)
        return false;
    for (int i = 0; i < facts.ncerts; i++)
        facts.cert[i].x509 = sk_X509_value(path, i);
    if (!facts.anchored)
        facts.dead_end = cg_path_dead_end(attempt->in->leaf, attempt->in->sent);
    if (!verify_path(attempt, path, signatures_known, &facts))
        goto out;
    for (int i = 0; i < facts.ncerts; i++)
        if (!read_certificate(&facts, i))
            goto out;
    cg_rules_run(&facts, verdict);
    verdict->not_after = facts.untrusted == CG_REASON_UNSET ? last_second(&facts) : CG_TIME_NO_END;
    verdict->signatures_hold = signatures_hold(&facts);
    if (facts.anchored && !keep_path(path, verdict))
        goto out;
    if (facts.x509.signatures_new || (signatures_known && path != attempt->in->known_path))
        remember_signatures(&facts, path, verdict);
    attempt->fault = CG_REASON_UNSET;
    ok = true;
out:
    for (int i = 0; i < facts.ncerts; i++)
        cg_cert_clear(&facts.cert[i]);
    OPENSSL_free(facts.cert);
    OPENSSL_free(facts.crl);
    return ok;
}

/* Of several refused paths, reports the one that passed the most rules: its first violation is the last in
 * precedence, so it is the path to fix. Paths with valid signatures come before those that a peer may have made up. */
static bool is_better(const struct attempt *attempt, const struct cg_verdict *verdict)
{
    if (!attempt->any || verdict->decision == CG_ACCEPT)
        return true;
    if (verdict->complete != attempt->best.complete)
        return verdict->complete;
    return verdict->reason > attempt->best.reason;
}

static bool try_path(void *context, const STACK_OF(X509) *path, bool signatures_known)
{
    struct attempt *attempt = context;
    struct cg_verdict verdict = {0};
    if (!evaluate(attempt, path, signatures_known, CG_REASON_OK, &verdict)) {
        cg_verdict_clear(&verdict);
        return true;
    }
    if (!is_better(attempt, &verdict)) {
        cg_verdict_clear(&verdict);
        return false;
    }
    cg_verdict_clear(&attempt->best);
    attempt->best = verdict;
    attempt->any = true;
    return verdict.decision == CG_ACCEPT;
}

/* Both key identifiers are there and the same, so its signature need not be verified: anyone can make a self-signed
 * certificate. */
static bool names_its_own_key(X509 *cert)
{
    return (X509_get_extension_flags(cert) & EXFLAG_SS) && X509_get0_subject_key_id(cert) &&
           X509_get0_authority_key_id(cert);
}

static enum cg_reason no_path_reason(enum cg_search_end end, const struct cg_check_input *in)
{
    if (end == CG_SEARCH_LIMIT)
        return CG_REASON_PATH_LIMIT;
    if (X509_get_extension_flags(cg_path_dead_end(in->leaf, in->sent)) & EXFLAG_INVALID)
        return CG_REASON_MALFORMED;
    return names_its_own_key(in->leaf) || cg_path_is_self_signed(in->leaf) ? CG_REASON_SELF_SIGNED
                                                                           : CG_REASON_UNTRUSTED;
}

/* Without a path, and if the policy only audits trust, the other rules still run on the end entity. */
static void evaluate_alone(struct attempt *attempt, enum cg_reason no_path)
{
    STACK_OF(X509) *alone = sk_X509_new_null();
    attempt->fault = CG_REASON_NO_MEMORY;
    cg_verdict_clear(&attempt->best);
    if (alone && sk_X509_push(alone, attempt->in->leaf))
        (void)evaluate(attempt, alone, false, no_path, &attempt->best);
    sk_X509_free(alone);
}

static bool is_anchor(const struct cg_trust *trust, const X509 *cert)
{
    const struct cg_trust_entry *entry = cg_trust_find(trust, X509_get_subject_name(cert));
    while (entry && !(entry->anchor && X509_cmp(entry->cert, cert) == 0))
        entry = cg_trust_next(entry);
    return entry != NULL;
}

/* True: the path that was accepted earlier is still accepted, or an error ended the search. */
static bool try_known_path(struct attempt *attempt)
{
    const STACK_OF(X509) *path = attempt->in->known_path;
    int n = sk_X509_num(path);
    if (n < 2 || sk_X509_value(path, 0) != attempt->in->leaf ||
        !is_anchor(attempt->in->trust, sk_X509_value(path, n - 1)))
        return false;
    return try_path(attempt, path, true);
}

static void find_verdict(struct attempt *attempt)
{
    const struct cg_check_input *in = attempt->in;
    if (try_known_path(attempt))
        return;
    const struct cg_search_input search = {.leaf = in->leaf,
                                           .sent = in->sent,
                                           .intermediates = cg_trust_intermediates(in->trust),
                                           .anchors = cg_trust_anchors(in->trust),
                                           .signatures = in->signatures};
    enum cg_search_end end = cg_path_search(&search, try_path, attempt);
    if (attempt->fault != CG_REASON_UNSET)
        return;
    if (end == CG_SEARCH_FAULT)
        attempt->fault = CG_REASON_NO_MEMORY;
    else if (!attempt->any)
        evaluate_alone(attempt, no_path_reason(end, in));
    else if (end == CG_SEARCH_LIMIT && !attempt->best.complete)
        evaluate_alone(attempt, CG_REASON_PATH_LIMIT);
}

/* An extension that seemed absent may only have been unreadable because memory ran out. */
static bool ran_out_of_memory(unsigned long error_before)
{
    unsigned long error = ERR_peek_last_error();
    return error != error_before && ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

static void check(const struct cg_check_input *in, const struct cg_finding *limit, struct cg_verdict *out)
{
    struct attempt attempt = {.in = in};
    unsigned long before = ERR_peek_last_error();
    ERR_set_mark();
    find_verdict(&attempt);
    if (attempt.fault == CG_REASON_UNSET && ran_out_of_memory(before))
        attempt.fault = CG_REASON_NO_MEMORY;
    ERR_pop_to_mark();
    if (attempt.fault != CG_REASON_UNSET) {
        cg_verdict_clear(&attempt.best);
        deny(out, attempt.fault, cg_reason_row(attempt.fault)->sentence);
        return;
    }
    *out = attempt.best;
    if (limit->reason != CG_REASON_UNSET) { /* audited; it is the first in precedence */
        int kept = out->nfindings < CG_FINDINGS_MAX ? out->nfindings : CG_FINDINGS_MAX - 1;
        memmove(out->findings + 1, out->findings, sizeof *out->findings * (size_t)kept);
        out->findings[0] = *limit;
        out->nfindings = kept + 1;
    }
}

/* This rule may be audited or off, like any other. */
static void no_certificate(const struct cg_check_input *in, struct cg_verdict *out)
{
    enum cg_mode mode = in->profile->mode[CG_REASON_NO_CERTIFICATE];
    deny(out, CG_REASON_NO_CERTIFICATE, "the peer sent no certificate");
    if (mode == CG_ENFORCE)
        return;
    out->decision = CG_ACCEPT;
    out->reason = CG_REASON_OK;
    out->detail[0] = '\0';
    out->findings[0].mode = mode;
    out->nfindings = mode == CG_AUDIT;
}

void cg_check(const struct cg_check_input *in, struct cg_verdict *out)
{
    struct cg_finding limit;
    memset(out, 0, sizeof *out);
    if (!in || !in->profile || !in->trust) {
        deny(out, CG_REASON_NO_SNAPSHOT, "no policy or no trust anchors are loaded");
        return;
    }
    if (in->purpose == CG_PURPOSE_NONE) {
        deny(out, CG_REASON_INTERNAL_ERROR, "the purpose of the check is not set");
        return;
    }
    if (!in->leaf) {
        no_certificate(in, out);
        return;
    }
    if (!within_limits(in, &limit)) {
        limit.mode = in->profile->mode[limit.reason];
        if (limit.mode == CG_ENFORCE) {
            deny(out, limit.reason, limit.detail);
            return;
        }
        if (limit.mode == CG_OFF)
            limit.reason = CG_REASON_UNSET;
    }
    check(in, &limit, out);
}
