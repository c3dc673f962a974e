/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "sign.h"
#include "base/failure.h"
#include "ca/issue_many.h"
#include "core/renewal/question.h"
#include "core/renewal/request_check.h"
#include "find.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- confirmations */

static bool is_to_confirm(const struct cg_case *item)
{
    return item->item->is_confirmed && item->own && item->successor.confirmed == CG_TIME_NONE;
}

/* By this CA's clock: the broker's is not trusted. */
static bool confirm_one(struct cg_change *change, const struct cg_case *item, struct cg_error *err)
{
    char file[CG_NAME_MAX + 48];
    struct cg_successor successor = item->successor;
    successor.confirmed = change->ca->options.now;
    snprintf(file, sizeof file, "archive/%s/%04u/" CG_SUCCESSOR_FILE, item->name, item->own);
    return cg_change_put_json(change, file, cg_successor_json(&successor), err) &&
           cg_change_journal(change, "renewal_confirmed",
                             cg_json_of("name", item->name, "renewal", item->item->id, "serial", item->own_serial,
                                        "predecessor", item->serial),
                             err);
}

bool cg_cases_confirm(struct cg_cases *cases, const struct cg_ca *ca, size_t *count, struct cg_error *err)
{
    struct cg_change change = {0};
    bool ok = true;
    *count = 0;
    for (size_t i = 0; i < cases->count; i++)
        *count += is_to_confirm(&cases->item[i]);
    if (!*count || ca->options.dry_run)
        return true;
    ok = cg_change_begin(&change, ca, true, err);
    for (size_t i = 0; ok && i < cases->count; i++)
        ok = !is_to_confirm(&cases->item[i]) || confirm_one(&change, &cases->item[i], err);
    return cg_change_end(&change, ok, err) && cg_cases_find_again(cases, err);
}

/* ---- issuing */

static void set_successor(struct cg_case *item)
{
    item->new_successor = (struct cg_successor){.requested = item->item->mail.received, .confirmed = CG_TIME_NONE};
    memcpy(item->new_successor.id, item->item->id, sizeof item->item->id);
    memcpy(item->new_successor.predecessor, item->sha256, sizeof item->sha256);
}

/* While others had the lock, another run may have issued. */
static bool is_unchanged(const struct cg_case *item, struct cg_issue_job *job)
{
    return cg_ca_generation(job->ca, item->name) == item->newest ||
           cg_fail_text(&job->err, "another run changed \"%s\" meanwhile. The next run looks at the request again",
                        item->name);
}

static bool is_successor(const struct cg_case *item, struct cg_issue_job *job)
{
    struct cg_refusal refusal = {.detail = ""};
    const struct cg_mail_request *mail = &item->item->mail;
    return job->skipped || cg_renewal_successor_ok(mail->certificate, job->issued.cert, &mail->request, &refusal) ||
           cg_fail_text(&job->err, "the new certificate would not be accepted by the device: %s", refusal.detail);
}

static bool make(void *context, struct cg_issue_job *job)
{
    const struct cg_cases_issue *run = context;
    struct cg_case *item = run->item[job->number];
    EVP_PKEY *key = cg_case_key(item, &job->err);
    const struct cg_renew_params params = {
        .old = item->item->mail.certificate, .key = key, .successor = &item->new_successor};
    set_successor(item);
    job->issue.name = item->name;
    const bool ok = key && is_unchanged(item, job) && cg_renew_job(item->name, &params, job) && is_successor(item, job);
    EVP_PKEY_free(key);
    return ok;
}

static bool take_issued(struct cg_cases_issue *run, struct cg_case *item, const struct cg_issue_job *job)
{
    struct cg_renewed renewed;
    if (!cg_renewed_of_job(job, &renewed))
        return cg_fail_memory(&item->err);
    cJSON_AddStringToObject(renewed.result, "renewal", item->item->id);
    item->own = renewed.generation;
    item->successor = item->new_successor;
    item->state = CG_CASE_ANSWERED;
    memcpy(item->own_serial, job->issued.serial, sizeof item->own_serial);
    run->done(run->context, item, &renewed);
    cJSON_Delete(renewed.result);
    return true;
}

static void take_job(void *context, const struct cg_issue_job *job)
{
    struct cg_cases_issue *run = context;
    struct cg_case *item = run->item[job->number];
    bool ok = job->ok && !job->skipped;
    item->err = job->err;
    if (job->ok && job->skipped)
        cg_error_set(&item->err, "the certificate was revoked meanwhile");
    if (!ok || !take_issued(run, item, job)) {
        item->state = CG_CASE_FAULTY;
        run->done(run->context, item, NULL);
    }
    cg_progress(run->progress, job->number + 1, run->count);
}

enum cg_ca_result cg_cases_issue(struct cg_cases_issue *run, struct cg_error *err)
{
    const struct cg_issue_many many = {run->ca, run->issuer, run->count, make, take_job, run};
    return run->count ? cg_issue_many(&many, err) : CG_CA_OK;
}

/* ---- refusals */

void cg_case_deny(struct cg_case *item, const char *reason)
{
    cg_case_refuse(item, CG_REASON_RENEWAL_DENIED, reason);
    item->is_denied = true;
    item->is_noted = false;
    item->is_genuine = *item->name;
}

static bool is_answered_so(const struct cg_case *item)
{
    return item->item->answer == CG_ITEM_REFUSED && item->item->refused == item->refusal.reason;
}

bool cg_case_is_news(const struct cg_case *item)
{
    return item->state == CG_CASE_REFUSED && !item->is_noted && !is_answered_so(item);
}

bool cg_case_replaces(const struct cg_case *item)
{
    bool replaces = false;
    for (size_t i = 0; i < item->rivals; i++)
        replaces = replaces || item->rival[i].generation < item->own;
    return replaces && item->state == CG_CASE_ANSWERED;
}

static bool note(struct cg_change *change, const struct cg_case *item, struct cg_error *err)
{
    const bool refused = item->state == CG_CASE_REFUSED;
    const bool replaces = item->state == CG_CASE_ANSWERED;
    cJSON *entry = cg_json_of("name", item->name, "renewal", item->item->id, "predecessor", item->serial, "code",
                              replaces ? NULL : cg_reason_row(item->refusal.reason)->code, "detail",
                              replaces ? "replaces a certificate that was issued for another request, and not used"
                                       : item->refusal.detail);
    return cg_change_journal(change, refused ? "renewal_refused" : "renewal_forked", entry, err);
}

static bool is_to_note(const struct cg_case *item)
{
    const bool is_fork = item->state == CG_CASE_FORKED || cg_case_replaces(item);
    return (item->is_genuine && cg_case_is_news(item)) || (is_fork && !item->is_noted);
}

bool cg_cases_note(const struct cg_case_list *list, const struct cg_ca *ca, struct cg_error *err)
{
    struct cg_change change = {0};
    bool ok = true;
    if (ca->options.dry_run)
        return true;
    for (size_t i = 0; ok && i < list->count; i++) {
        if (!is_to_note(list->item[i]))
            continue;
        ok = (change.ca || cg_change_begin(&change, ca, false, err)) && note(&change, list->item[i], err);
    }
    return change.ca ? cg_change_end(&change, ok, err) : ok;
}

/* ---- answers */

/* What follows the leaf, without the root, which devices have. */
static STACK_OF(X509) *chain_of(const struct cg_issuer *issuer)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(issuer->chain, -1);
    X509 *next = NULL;
    bool ok = chain && bio;
    while (ok && sk_X509_num(chain) < CG_RENEW_CHAIN_MAX && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        if (!(ok = sk_X509_push(chain, next)))
            X509_free(next);
    ERR_clear_error();
    BIO_free(bio);
    return chain;
}

static bool put_certificate(const struct cg_case *item, const struct cg_issuer *issuer, struct cg_source *source,
                            struct cg_error *err)
{
    char sha256[CG_HEX_MAX];
    struct cg_mail_answer answer = {.refused = CG_REASON_OK};
    memcpy(answer.id, item->item->id, sizeof answer.id);
    answer.certificate = cg_ca_generation_cert(issuer->ca, item->name, item->own, err);
    bool ok = answer.certificate && cg_sha256_text(answer.certificate, sha256);
    if (ok && (item->item->answer != CG_ITEM_ISSUED || strcmp(sha256, item->item->answered) != 0)) {
        answer.chain = chain_of(issuer);
        ok = answer.chain ? cg_source_put(source, &answer, err) : cg_fail_memory(err);
    }
    cg_mail_answer_clear(&answer);
    return ok;
}

static bool put_refusal(const struct cg_case *item, struct cg_source *source, struct cg_error *err)
{
    struct cg_mail_answer answer = {.refused = item->refusal.reason};
    memcpy(answer.id, item->item->id, sizeof answer.id);
    memcpy(answer.detail, item->refusal.detail, sizeof answer.detail);
    return cg_source_put(source, &answer, err);
}

bool cg_case_answer(struct cg_case *item, const struct cg_issuer *issuer, struct cg_source *source,
                    struct cg_error *err)
{
    if (item->state == CG_CASE_ANSWERED)
        return put_certificate(item, issuer, source, err);
    if (item->state == CG_CASE_CONFIRMED)
        return cg_source_forget(source, item->item->id, err);
    return item->state != CG_CASE_REFUSED || is_answered_so(item) || put_refusal(item, source, err);
}
