/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "decide.h"
#include "base/failure.h"
#include "base/parallel.h"
#include "core/renewal/request_check.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static bool refuse_as(struct cg_case *item, const struct cg_refusal *refusal)
{
    item->state = CG_CASE_REFUSED;
    item->refusal = *refusal;
    return false;
}

static bool hold(struct cg_case *item, const char *detail)
{
    cg_case_refuse(item, CG_REASON_RENEWAL_FORKED, detail);
    item->state = CG_CASE_FORKED;
    return false;
}

static bool refuse_revoked(struct cg_case *item)
{
    return cg_case_refuse(
        item, CG_REASON_RENEWAL_FORKED,
        "the certificate that this request got is revoked, by a person or because another request replaced it");
}

/* ---- the steps, in this order. True: the next one decides; false: the state is final. */

/* Nothing is left to do, even if the old certificate has ended since. A request without its confirmation is of a device that has
 * not got its certificate, whatever was recorded before: the broker said so, or the device lost it. */
static bool is_unconfirmed(struct cg_case *item, const struct cg_issuer *issuer)
{
    (void)issuer;
    if (item->own && item->successor.confirmed != CG_TIME_NONE && item->item->is_confirmed)
        item->state = CG_CASE_CONFIRMED;
    return item->state == CG_CASE_WAITING;
}

static bool is_not_denied(struct cg_case *item, const struct cg_issuer *issuer)
{
    (void)issuer;
    return !item->is_denied || item->own ||
           cg_case_refuse(item, CG_REASON_RENEWAL_DENIED, "a person refused it before");
}

static bool is_for_clients(struct cg_case *item, const struct cg_issuer *issuer)
{
    X509 *cert = item->item->mail.certificate;
    (void)issuer;
    return (X509_check_ca(cert) != 1 && X509_get_extended_key_usage(cert) != UINT32_MAX &&
            X509_get_extended_key_usage(cert) & XKU_SSL_CLIENT) ||
           cg_case_refuse(item, CG_REASON_RENEWAL_NOT_ACCEPTED, "the certificate is not for a client");
}

static bool is_not_revoked(struct cg_case *item, const struct cg_issuer *issuer)
{
    return !cg_serials_has(&issuer->revoked, item->serial) ||
           cg_case_refuse(item, CG_REASON_RENEWAL_NOT_ACCEPTED, "the certificate is revoked");
}

/* Chain, dates and profile, by the plugin's own check. */
static bool is_accepted(struct cg_case *item, const struct cg_issuer *issuer)
{
    struct cg_error why = {""};
    return cg_ca_checker_verdict(&issuer->checker, cg_ca_profile_find("client"), item->item->mail.certificate,
                                 issuer->now, &why) ||
           cg_case_refuse(item, CG_REASON_RENEWAL_NOT_ACCEPTED, why.text);
}

/* The same request is answered with the same certificate, whatever the window is now. */
static bool is_new(struct cg_case *item, const struct cg_issuer *issuer)
{
    if (!item->own)
        return true;
    if (cg_serials_has(&issuer->revoked, item->own_serial))
        return refuse_revoked(item);
    item->state = CG_CASE_ANSWERED;
    return false;
}

static bool is_genuine(struct cg_case *item, const struct cg_issuer *issuer)
{
    struct cg_refusal refusal = {.detail = ""};
    const struct cg_mail_request *mail = &item->item->mail;
    const bool ok = cg_renewal_verify(&mail->request, mail->certificate, &issuer->checker.policy->base.client,
                                      &refusal);
    ERR_clear_error();
    item->is_genuine = ok ||
                       (refusal.reason != CG_REASON_RENEWAL_MALFORMED &&
                        refusal.reason != CG_REASON_RENEWAL_BAD_SIGNATURE && refusal.reason != CG_REASON_NO_MEMORY);
    if (!ok && refusal.reason == CG_REASON_NO_MEMORY) {
        cg_fail_memory(&item->err);
        return cg_case_fail(item);
    }
    return ok || refuse_as(item, &refusal);
}

static bool is_in_time(struct cg_case *item, const struct cg_issuer *issuer)
{
    struct cg_refusal refusal = {.detail = ""};
    return cg_renewal_window_ok(item->item->mail.certificate, issuer->now, &refusal) || refuse_as(item, &refusal);
}

static bool is_key_allowed(struct cg_case *item, const struct cg_issuer *issuer)
{
    struct cg_error why = {""};
    EVP_PKEY *key = cg_case_key(item, &why);
    const bool ok = key && cg_key_bans_allow(&issuer->bans, key, &why);
    EVP_PKEY_free(key);
    return ok || cg_case_refuse(item, CG_REASON_RENEWAL_KEY_NOT_ALLOWED, why.text);
}

/* One certificate, one successor. */
static bool is_alone(struct cg_case *item, const struct cg_issuer *issuer)
{
    (void)issuer;
    if (item->is_rival_confirmed)
        return hold(item, "another request for this certificate was answered, and its new certificate is in use");
    if (item->total >= CG_SUCCESSORS_MAX)
        return hold(item, "3 certificates were issued for this one, and none of them was used");
    if (item->is_rival_young)
        item->state = CG_CASE_LATER;
    return !item->is_rival_young;
}

static bool (*const steps[])(struct cg_case *item, const struct cg_issuer *issuer) = {
    is_unconfirmed, is_not_denied, is_for_clients, is_not_revoked, is_accepted,
    is_new,         is_genuine,    is_in_time,     is_key_allowed, is_alone,
};

static void decide_one(void *context, size_t i)
{
    const struct cg_cases *cases = context;
    struct cg_case *item = &cases->item[i];
    bool goes_on = item->state == CG_CASE_WAITING;
    for (size_t k = 0; goes_on && k < sizeof steps / sizeof steps[0]; k++)
        goes_on = steps[k](item, cases->issuer);
    if (item->state == CG_CASE_REFUSED)
        item->is_noted = cg_case_was_refused(cases, item, item->refusal.reason);
}

/* ---- several requests of one name in this run: the first is signed, the others are looked at later */

static int by_name(const void *a, const void *b)
{
    const struct cg_case *x = *(struct cg_case *const *)a, *y = *(struct cg_case *const *)b;
    const int64_t s = x->item->mail.received, t = y->item->mail.received;
    const int order = strcmp(x->name, y->name);
    return order ? order : s != t ? (s > t) - (s < t) : strcmp(x->item->id, y->item->id);
}

static bool order_rivals(struct cg_cases *cases, struct cg_error *err)
{
    size_t count = 0;
    struct cg_case **sorted = calloc(cases->count + 1, sizeof(struct cg_case *));
    if (!sorted)
        return cg_fail_memory(err);
    for (size_t i = 0; i < cases->count; i++)
        if (cases->item[i].state == CG_CASE_WAITING)
            sorted[count++] = &cases->item[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
            sorted[i]->state = CG_CASE_LATER;
    free(sorted);
    return true;
}

bool cg_cases_decide(struct cg_cases *cases, struct cg_error *err)
{
    if (cases->count)
        cg_parallel(cases->count, 0, decide_one, cases);
    return order_rivals(cases, err);
}

void cg_cases_refuse_revoked(const struct cg_case_list *list, const struct cg_revoked *revoked)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < revoked->count && list->item[i]->state == CG_CASE_ANSWERED; k++)
            if (strcmp(list->item[i]->own_serial, revoked->item[k].serial) == 0)
                refuse_revoked(list->item[i]);
}
