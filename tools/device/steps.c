/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "steps.h"
#include "anchors.h"
#include "base/failure.h"
#include "ca/key.h"
#include "check.h"
#include "core/cert/name.h"
#include "core/renewal/due.h"
#include "core/renewal/request_check.h"
#include "hook.h"
#include "store.h"
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_SECONDS 3600 /* after the broker did not accept the new certificate */
#define NOT_ANSWERED                                                                                                   \
    "the broker gave no answer: its policy has no section \"renewal\", an ACL does not allow writing "                 \
    "to " CG_RENEW_TOPIC ", or certguard is not loaded there. Run certguard doctor on the broker's machine"

struct run {
    const struct cg_device_order *order;
    struct cg_device_outcome *outcome;
    struct cg_device device;
    struct cg_talk *talk;
    struct cg_error unused; /* why the broker did not accept the next pair; "": it was not tried */
};

static bool end(struct run *run, enum cg_device_state state, int64_t seconds)
{
    run->outcome->state = state;
    run->outcome->seconds = seconds;
    return true;
}

static struct cg_talk *connect_with(const struct run *run, const struct cg_device_pair *pair, struct cg_error *err)
{
    const struct cg_tls_objects objects = {run->device.trust.anchors, pair->cert, pair->chain, pair->key,
                                           "ca.pem of the folder"};
    return cg_talk_open(&run->order->target, &objects, err);
}

/* ---- the next pair, once it was issued */

/* A run was killed after the switch. */
static bool is_switched(const struct cg_device *device)
{
    return device->next.key && EVP_PKEY_eq(device->next.key, device->current.key) == 1;
}

/* Not if another pair was put in its place by hand since then. */
static bool can_replace(const struct cg_device *device)
{
    struct cg_refusal refusal;
    return cg_renewal_successor_ok(device->current.cert, device->next.cert, NULL, &refusal);
}

/* The answer to a question proves TLS, CONNECT and ACL. */
static bool is_accepted(const struct run *run, struct cg_error *err)
{
    struct cg_device_answer answer = {0};
    struct cg_talk *talk = connect_with(run, &run->device.next, err);
    bool ok = talk && cg_talk_due(talk, &answer, err);
    if (ok && answer.reply != CG_REPLY_DUE)
        ok = cg_fail_text(err, NOT_ANSWERED);
    cg_device_answer_clear(&answer);
    cg_talk_close(talk);
    return ok;
}

static bool use_next(struct run *run, struct cg_error *err)
{
    const struct cg_device_order *order = run->order;
    X509 *cert = run->device.next.cert;
    if ((order->hook && !cg_device_hook_note(&run->device, err)) || !cg_device_switch(&run->device, err))
        return false;
    X509_free(run->device.current.cert);
    run->device.current.cert = X509_up_ref(cert) == 1 ? cert : NULL;
    return cg_device_discard(&run->device, err) && end(run, CG_DEVICE_RENEWED, 0);
}

static bool try_next(struct run *run, struct cg_error *err)
{
    if (is_accepted(run, &run->unused))
        return use_next(run, err);
    return end(run, CG_DEVICE_UNUSED, RETRY_SECONDS);
}

/* ---- the request */

static bool make_key(struct run *run, struct cg_error *err)
{
    EVP_PKEY *key = cg_key_generate_like(run->device.current.key, err);
    return key && cg_device_put_key(&run->device, key, err);
}

static bool send_request(struct run *run, struct cg_device_answer *answer, struct cg_error *err)
{
    const struct cg_device_pair *current = &run->device.current;
    EVP_PKEY *key = run->device.next.key;
    size_t len = 0;
    unsigned char *request = cg_device_request(current->cert, current->key, key, &len, err);
    const bool ok = request && cg_talk_request(run->talk, request, len, key, answer, err);
    OPENSSL_free(request);
    return ok;
}

/* No answer replaces the key: a broker that has two requests for one certificate can deliver the answer to one of them, and later
 * have the CA replace it by that to the other, which revokes the certificate in use. */
static bool request(struct run *run, struct cg_device_answer *answer, struct cg_error *err)
{
    return (run->device.next.key || make_key(run, err)) && send_request(run, answer, err);
}

/* ---- the answer */

static bool ask_chain(struct run *run, STACK_OF(X509) *chain, struct cg_error *err)
{
    struct cg_device_answer answer = {0};
    bool ok = true, is_end = false;
    for (unsigned n = 1; ok && !is_end && n <= CG_RENEW_CHAIN_MAX + 1; n++) {
        ok = cg_talk_part(run->talk, CG_ANSWER_CHAIN, n, &answer, err);
        if (ok && answer.reply != CG_REPLY_PART)
            ok = cg_fail_text(err, "the broker did not send the chain of the new certificate. Run the command again");
        const unsigned char *at = answer.data;
        is_end = ok && !answer.len;
        X509 *cert = ok && !is_end ? d2i_X509(NULL, &at, (long)answer.len) : NULL;
        if (ok && !is_end && (!cert || at != answer.data + answer.len || !sk_X509_push(chain, cert))) {
            X509_free(cert);
            ok = cg_fail_text(err, "the broker sent a malformed chain with the new certificate");
        }
    }
    cg_device_answer_clear(&answer);
    if (ok && !is_end)
        ok = cg_fail_text(err, "the broker sent a chain of more than %d certificates", CG_RENEW_CHAIN_MAX);
    return ok;
}

static bool is_successor(const struct run *run, const X509 *leaf, struct cg_error *err)
{
    struct cg_refusal refusal;
    return cg_renewal_successor_ok(run->device.current.cert, leaf, NULL, &refusal) ||
           cg_fail_text(err, "the broker sent a certificate that cannot replace the current one: %s", refusal.detail);
}

/* Of the chain, only what leads to an anchor is kept. */
static bool take_issued(struct run *run, X509 *leaf, struct cg_error *err)
{
    STACK_OF(X509) *chain = sk_X509_new_null(), *path = NULL;
    bool ok = chain && is_successor(run, leaf, err) && ask_chain(run, chain, err) &&
              (path = cg_device_path(leaf, chain, run->device.trust.anchors, err));
    sk_X509_pop_free(chain, X509_free);
    if (!ok) {
        cg_error_prefix(err, "the new certificate was not accepted, and the current one stays in use");
        return false;
    }
    X509_free(sk_X509_pop(path));
    return (X509_up_ref(leaf) == 1) && cg_device_put_issued(&run->device, leaf, path, err);
}

static bool is_known(const struct run *run, const X509 *leaf)
{
    return run->unused.text[0] && run->device.next.cert && X509_cmp(run->device.next.cert, leaf) == 0;
}

static bool is_about_key(const struct cg_device_answer *answer)
{
    return strcmp(answer->code, cg_reason_row(CG_REASON_RENEWAL_KEY_NOT_ALLOWED)->code) == 0 ||
           strcmp(answer->code, cg_reason_row(CG_REASON_RENEWAL_KEY_NOT_NEW)->code) == 0;
}

/* A person may replace the key, for example after a new pair was put there by hand. */
static bool refuse(const struct run *run, const struct cg_device_answer *answer, struct cg_error *err)
{
    const bool is_key = is_about_key(answer);
    return cg_fail_text(err,
                        "the request was refused (%s): %s. The current certificate stays in use. Run the command again "
                        "in a day%s%s%s",
                        answer->code, answer->sentence, is_key ? "; if the key is still refused, delete " : "",
                        is_key ? run->device.fresh.path : "", is_key ? "/privkey.pem to make another" : "");
}

static bool receive(struct run *run, struct cg_device_answer *answer, struct cg_error *err)
{
    switch (answer->reply) {
    case CG_REPLY_PENDING:
        snprintf(run->outcome->request, sizeof run->outcome->request, "%s", answer->id);
        return end(run, CG_DEVICE_WAITING, answer->seconds);
    case CG_REPLY_BUSY:
        return end(run, CG_DEVICE_BUSY, answer->seconds);
    case CG_REPLY_REFUSED:
        return refuse(run, answer, err);
    case CG_REPLY_ISSUED:
        if (is_known(run, answer->leaf))
            return end(run, CG_DEVICE_UNUSED, RETRY_SECONDS);
        if (!take_issued(run, answer->leaf, err))
            return false;
        cg_talk_close(run->talk); /* both connections have one client id */
        run->talk = NULL;
        return try_next(run, err);
    case CG_REPLY_NONE:
    case CG_REPLY_DUE:
    case CG_REPLY_PART:
        break;
    }
    return cg_fail_text(err, NOT_ANSWERED);
}

static bool ask_for_new(struct run *run, struct cg_error *err)
{
    struct cg_device_answer answer = {0};
    const bool ok = request(run, &answer, err) && receive(run, &answer, err);
    cg_device_answer_clear(&answer);
    return ok;
}

/* ---- when */

/* Without the broker's answer, this machine's clock decides. */
static int64_t due_in(struct run *run, const struct cg_device_answer *answer)
{
    int64_t due = 0;
    const int64_t now = run->order->now;
    if (answer->reply == CG_REPLY_DUE)
        return answer->seconds;
    cg_error_set(&run->outcome->warning, "%s", NOT_ANSWERED);
    return cg_renewal_due(run->device.current.cert, now, &due) && due > now ? due - now : 0;
}

static bool continue_with_current(struct run *run, struct cg_error *err)
{
    struct cg_device_answer answer = {0};
    if (!(run->talk = connect_with(run, &run->device.current, err)) || !cg_talk_due(run->talk, &answer, err))
        return false;
    if (answer.reply == CG_REPLY_BUSY)
        return end(run, CG_DEVICE_BUSY, answer.seconds);
    const int64_t seconds = due_in(run, &answer);
    if (run->order->dry_run)
        return end(run, seconds ? CG_DEVICE_NOT_DUE : CG_DEVICE_IS_DUE, seconds);
    if (answer.anchors && !cg_device_ask_anchors(&run->device, run->talk, run->order->now, answer.anchors,
                                                 &run->outcome->added, &run->outcome->dropped, err))
        return false;
    if (run->order->only_due && seconds)
        return run->unused.text[0] ? end(run, CG_DEVICE_UNUSED, RETRY_SECONDS) : end(run, CG_DEVICE_NOT_DUE, seconds);
    return ask_for_new(run, err);
}

/* The next pair is tried first. If the broker does not accept it, the run continues with the current pair. */
static bool renew(struct run *run, struct cg_error *err)
{
    struct cg_device *device = &run->device;
    if (run->order->dry_run)
        return continue_with_current(run, err);
    cg_device_tidy(device);
    if (is_switched(device))
        return cg_device_discard(device, err) && end(run, CG_DEVICE_RENEWED, 0);
    if (device->next.cert && !can_replace(device) && !cg_device_discard(device, err))
        return false;
    if (device->next.cert && !try_next(run, err))
        return false;
    return run->outcome->state == CG_DEVICE_RENEWED || continue_with_current(run, err);
}

static void describe(struct run *run)
{
    struct cg_device_outcome *outcome = run->outcome;
    const X509 *cert = run->device.current.cert;
    int64_t end_time = 0;
    if (!cert)
        return;
    cg_serial_text(X509_get0_serialNumber(cert), outcome->serial, sizeof outcome->serial);
    if (cg_time_seconds(X509_get0_notAfter(cert), &end_time))
        cg_time_print(end_time, outcome->not_after);
    if (outcome->state == CG_DEVICE_UNUSED)
        outcome->warning = run->unused;
}

void cg_device_renew(const struct cg_device_order *order, struct cg_device_outcome *outcome, struct cg_error *err)
{
    struct run run = {.order = order, .outcome = outcome};
    *outcome = (struct cg_device_outcome){0};
    const enum cg_device_opened opened = cg_device_open(&run.device, order->folder, !order->dry_run, err);
    if (opened == CG_DEVICE_IN_USE)
        outcome->state = CG_DEVICE_LOCKED;
    else if (opened != CG_DEVICE_OPENED || !renew(&run, err))
        outcome->state = CG_DEVICE_FAILED;
    if (opened == CG_DEVICE_OPENED && order->hook && !order->dry_run)
        cg_device_hook_run(&run.device, order->hook, &outcome->hook);
    describe(&run);
    cg_talk_close(run.talk);
    cg_device_close(&run.device);
}
