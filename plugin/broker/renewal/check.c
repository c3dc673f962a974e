/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check.h"

#include "core/cert/list.h"
#include "core/cert/name.h"
#include "core/peer.h"
#include "core/renewal/request_check.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static bool digest_of(const void *data, size_t len, unsigned char out[CG_DIGEST_BYTES])
{
    return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1;
}

bool cg_request_facts(const X509 *certificate, const struct cg_renewal_request *request, int64_t received,
                      struct cg_request_facts *out)
{
    out->received = received;
    return X509_digest(certificate, EVP_sha256(), out->certificate, NULL) == 1 &&
           digest_of(request->spki.at, cg_der_left(&request->spki), out->key) &&
           cg_name_text(X509_get_subject_name(certificate), out->subject, sizeof out->subject);
}

static bool no_memory(struct cg_refusal *refusal)
{
    return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
}

/* ---- requests */

static bool is_accepted(const struct cg_verdict *verdict, struct cg_refusal *refusal)
{
    if (verdict->decision == CG_ACCEPT)
        return true;
    if (verdict->reason == CG_REASON_NO_MEMORY)
        return no_memory(refusal);
    return cg_refuse(refusal, CG_REASON_RENEWAL_NOT_ACCEPTED, "%s", verdict->detail);
}

static bool key_is_denied(const struct cg_certificate_list *deny, const struct cg_request_facts *facts,
                          struct cg_refusal *refusal)
{
    const struct cg_certificate_match *match = cg_list_find_key(deny, facts->key);
    return match && !cg_refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_ALLOWED, "the new key is on the deny list%s%s",
                               match->note ? ": " : "", match->note ? match->note : "");
}

/* A key that the policy no longer wants is accepted only where its rule is audited. */
static bool has_unwanted_key(const struct cg_verdict *verdict)
{
    static const enum cg_reason rules[] = {CG_REASON_KEY_ALGORITHM, CG_REASON_KEY_SIZE, CG_REASON_RSA_EXPONENT,
                                           CG_REASON_EC_PARAMETERS};
    for (int i = 0; i < verdict->nfindings; i++)
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
            if (verdict->findings[i].depth == 0 && verdict->findings[i].reason == rules[k])
                return true;
    return false;
}

static bool is_moving(const struct cg_policy *policy, const struct cg_verdict *verdict)
{
    bool fault = false; /* then it waits for its window */
    for (int i = 1; i < sk_X509_num(verdict->path); i++)
        if (cg_list_find(&policy->renewal.move_from, sk_X509_value(verdict->path, i), &fault))
            return true;
    return false;
}

static bool check_accepted(const struct cg_snapshot *snapshot, const struct cg_work *work,
                           const struct cg_verdict *verdict, int64_t now, struct cg_refusal *refusal)
{
    const struct cg_profile *profile = &cg_policy_listener(snapshot->policy, work->port)->client;
    X509 *current = sk_X509_value(work->subject.path, 0);
    return is_accepted(verdict, refusal) && cg_renewal_verify(&work->request, current, profile, refusal) &&
           !key_is_denied(&profile->deny, &work->facts, refusal) &&
           (has_unwanted_key(verdict) || is_moving(snapshot->policy, verdict) ||
            cg_renewal_window_ok(current, now, refusal));
}

void cg_request_check(const struct cg_snapshot *snapshot, struct cg_work *work, int64_t now)
{
    struct cg_verdict verdict;
    cg_recheck_run(snapshot, &work->subject, now, &verdict);
    bool ok = check_accepted(snapshot, work, &verdict, now, &work->refusal);
    cg_verdict_clear(&verdict);
    bool busy = work->refusal.reason == CG_REASON_NO_MEMORY || work->refusal.reason == CG_REASON_UNSET;
    work->result = ok ? CG_RESULT_OK : busy ? CG_RESULT_BUSY : CG_RESULT_REFUSED;
}

/* ---- answers */

/* The leaf, and the chain above it; the caller frees it, but not what is in it. */
static STACK_OF(X509) *path_of(const struct cg_mail_answer *answer)
{
    STACK_OF(X509) *path = sk_X509_new_null();
    bool ok = path && sk_X509_push(path, answer->certificate);
    for (int i = 0; ok && i < sk_X509_num(answer->chain); i++)
        ok = sk_X509_push(path, sk_X509_value(answer->chain, i)) > 0;
    if (ok)
        return path;
    sk_X509_free(path);
    return NULL;
}

static bool check_path(const struct cg_snapshot *snapshot, const struct cg_mail_answer *answer, uint16_t port,
                       int64_t now, struct cg_refusal *refusal)
{
    STACK_OF(X509) *path = path_of(answer);
    if (!path)
        return no_memory(refusal);
    const struct cg_peer peer = {.role = CG_ROLE_LISTENER, .port = port, .leaf = answer->certificate, .sent = path};
    struct cg_verdict verdict;
    cg_check_peer(snapshot, &peer, now, &verdict);
    bool ok = is_accepted(&verdict, refusal);
    cg_verdict_clear(&verdict);
    sk_X509_free(path);
    return ok;
}

bool cg_answer_check(const struct cg_snapshot *snapshot, const struct cg_mail_request *request,
                     const struct cg_mail_answer *answer, uint16_t port, int64_t now, struct cg_refusal *refusal)
{
    return cg_renewal_successor_ok(request->certificate, answer->certificate, &request->request, refusal) &&
           check_path(snapshot, answer, port, now, refusal);
}

/* The DER lengths of the leaf and the chain; 0: a fault. */
static size_t measure(const struct cg_mail_answer *answer, int lengths[1 + CG_RENEW_CHAIN_MAX], int count)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        const X509 *cert = i ? sk_X509_value(answer->chain, i - 1) : answer->certificate;
        lengths[i] = i2d_X509(cert, NULL);
        if (lengths[i] <= 0)
            return 0;
        total += (size_t)lengths[i];
    }
    return total;
}

struct cg_issued *cg_answer_issued(const struct cg_mail_answer *answer)
{
    int lengths[1 + CG_RENEW_CHAIN_MAX], count = 1 + (answer->chain ? sk_X509_num(answer->chain) : 0);
    size_t total = count <= 1 + CG_RENEW_CHAIN_MAX ? measure(answer, lengths, count) : 0;
    struct cg_issued *issued = total ? calloc(1, sizeof *issued + total) : NULL;
    if (!issued)
        return NULL;
    unsigned char *at = (unsigned char *)(issued + 1);
    for (int i = 0; i < count; i++) {
        issued->item[i].data = at;
        issued->item[i].len = (size_t)lengths[i];
        i2d_X509(i ? sk_X509_value(answer->chain, i - 1) : answer->certificate, &at);
    }
    issued->count = (size_t)count;
    cg_serial_text(X509_get0_serialNumber(answer->certificate), issued->serial, sizeof issued->serial);
    if (digest_of(issued->item[0].data, issued->item[0].len, issued->leaf))
        return issued;
    free(issued);
    return NULL;
}
