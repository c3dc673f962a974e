/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Loads the credentials of a snapshot, checks them with the rules that clients apply, or keeps the previous ones. */
#include "snapshot_credentials.h"

#include "check.h"
#include "own_certificate.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key that identifies a fault. Another detail is another fault, unless the detail changes over time: the same
 * refusal must look the same at each retry. */
static uint64_t key_of(const struct cg_credential *credential, const char *words, const struct cg_own_fault *fault)
{
    char text[PATH_MAX + 512];
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    uint64_t key = 0;
    unsigned length = 0;
    if (X509_digest(credential->leaf, EVP_sha256(), digest, &length) != 1)
        return 0;
    int used = snprintf(text, sizeof text, "%s %s %d %s ", credential->file, words, (int)fault->reason,
                        cg_own_detail_varies(fault->reason) ? "" : fault->detail);
    if (used < 0 || (size_t)used + length > sizeof text)
        return 0;
    memcpy(text + used, digest, length);
    if (EVP_Digest(text, (size_t)used + length, digest, &length, EVP_sha256(), NULL) != 1)
        return 0;
    memcpy(&key, digest, sizeof key);
    return key;
}

/* A certificate that is served must pass the checks of clients. */
static bool accepted(struct cg_loading *loading, const struct cg_credential *credential,
                     const struct cg_listener_policy *listener, const char *words, bool *of_time)
{
    struct cg_verdict verdict;
    struct cg_check_input in = {.profile = &listener->server,
                                .trust = loading->snapshot->server_trust,
                                .purpose = CG_PURPOSE_SERVER,
                                .leaf = credential->leaf,
                                .sent = credential->chain,
                                .now = loading->now};
    cg_check(&in, &verdict);
    const struct cg_own_fault fault = cg_own_fault(&verdict);
    bool ok = verdict.decision == CG_ACCEPT;
    *of_time = fault.of_time;
    if (!ok) {
        const struct cg_reason_row *row = cg_reason_row(fault.reason);
        loading->rule = fault.reason;
        loading->key = key_of(credential, words, &fault);
        cg_error_set(&loading->err, "%s: %s: %s: %s %s. %s", credential->file, words, row->code, row->sentence,
                     fault.detail, cg_reason_fix(fault.reason, CG_OF_BROKER));
        /* report a listener separately only if its own rules refuse the certificate */
        if (listener->port && !(loading->faults && cg_faults_has(loading->faults, &loading->err, loading->key))) {
            loading->key += loading->key ? listener->port : 0; /* without a key, the text identifies the fault */
            cg_error_prefix(&loading->err, "port %u", listener->port);
        }
    }
    cg_verdict_clear(&verdict);
    return ok;
}

/* A clock that is not set yet, or an expired CRL, must not keep the broker down. */
static bool may_serve(struct cg_loading *loading, struct cg_credential *renewed,
                      const struct cg_listener_policy *listener)
{
    bool of_time = false;
    if (accepted(loading, renewed, listener, "refused by the server policy", &of_time))
        return true;
    if (loading->previous || !loading->source->hold || !of_time)
        return false;
    cg_credential_hold(renewed);
    loading->rule = CG_REASON_UNSET;
    loading->err.text[0] = '\0';
    loading->key = 0;
    return true;
}

/* Without these names, clients could not find the broker. If the policy lists the names, the list decides. */
static bool keeps_names(struct cg_loading *loading, const struct cg_credential *renewed,
                        const struct cg_credential *old, const struct cg_listener_policy *listener)
{
    char missing[200] = "";
    if (!old || listener->server.names.count > 0 || cg_credential_covers(renewed, old, missing, sizeof missing))
        return true;
    cg_error_set(&loading->err,
                 "%s: expected the names of the certificate in use, but %s is missing. Issue it with that name, or "
                 "list the names that clients use in server.names of the policy",
                 listener->credential_chain, missing);
    return false;
}

/* Is it the same credential, written again? One from another file is different, since reports name the file. */
static bool same_credential(const struct cg_credential *a, const struct cg_credential *b)
{
    int count = sk_X509_num(a->chain);
    bool same = strcmp(a->file, b->file) == 0 && X509_cmp(a->leaf, b->leaf) == 0 && EVP_PKEY_eq(a->key, b->key) == 1 &&
                count == sk_X509_num(b->chain);
    for (int i = 0; same && i < count; i++)
        same = X509_cmp(sk_X509_value(a->chain, i), sk_X509_value(b->chain, i)) == 0;
    return same;
}

static struct cg_credential *read_credential(struct cg_loading *loading, const struct cg_listener_policy *listener,
                                             const struct cg_credential *old)
{
    const struct cg_snapshot_preflight *preflight = loading->preflight;
    struct cg_credential *renewed = cg_credential_load(listener->credential_chain, listener->credential_key,
                                                       &loading->err);
    if (renewed && may_serve(loading, renewed, listener) && keeps_names(loading, renewed, old, listener) &&
        (!preflight || preflight->credential(renewed, listener, &loading->err)))
        return renewed;
    cg_credential_free(renewed);
    return NULL;
}

/* The previous credential of a listener, and the state of its files. */
static const struct cg_credential *served_before(const struct cg_loading *loading, uint16_t port,
                                                 const struct cg_file_states **file_states)
{
    const struct cg_snapshot *previous = loading->previous;
    *file_states = NULL;
    if (!previous)
        return NULL;
    const struct cg_policy *policy = previous->policy;
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].port == port) {
            *file_states = &previous->credential_files[i];
            return previous->credentials[i];
        }
    *file_states = &previous->base_credential_files;
    return previous->base_credential;
}

/* The credential in use is still served if the new trust or policy refuses it, but the fault is reported. A
 * credential on hold is not served. */
static void report_unfit(struct cg_loading *loading, const struct cg_credential *credential,
                         const struct cg_listener_policy *listener)
{
    bool of_time = false;
    loading->stage = CG_REASON_CREDENTIAL_INVALID;
    if (!cg_credential_is_held(credential) &&
        !accepted(loading, credential, listener, "the certificate in use is no longer accepted, but still served",
                  &of_time))
        (void)cg_loading_keep_previous(loading);
}

/* *out stays NULL if the policy names no credential. */
static bool load_credential(struct cg_loading *loading, const struct cg_listener_policy *listener,
                            struct cg_file_states *file_states, struct cg_credential **out)
{
    const struct cg_file_states *old_states = NULL;
    const struct cg_credential *old = served_before(loading, listener->port, &old_states);
    if (!listener->credential_chain)
        return true;
    loading->stage = CG_REASON_CREDENTIAL_INVALID;
    if (!cg_loading_watch(loading, listener->credential_chain) || !cg_loading_watch(loading, listener->credential_key))
        return false;
    if (!cg_file_states_add(file_states, listener->credential_chain) ||
        !cg_file_states_add(file_states, listener->credential_key))
        return cg_loading_no_memory(loading);
    bool unchanged = old && cg_file_states_equal(file_states, old_states);
    *out = unchanged ? NULL : read_credential(loading, listener, old);
    if (*out && !(old && same_credential(*out, old)))
        return true;
    bool again = *out != NULL;
    cg_credential_free(*out);
    if (!unchanged && !again) { /* it is read again at the next load */
        cg_file_states_clear(file_states);
        if (!cg_loading_keep_previous(loading))
            return false;
    }
    *out = cg_credential_ref((struct cg_credential *)(uintptr_t)old);
    if (*out)
        report_unfit(loading, *out, listener);
    return true;
}

bool cg_loading_load_credentials(struct cg_loading *loading)
{
    struct cg_snapshot *snapshot = loading->snapshot;
    const struct cg_policy *policy = snapshot->policy;
    snapshot->credentials = calloc(policy->nlisteners + 1, sizeof *snapshot->credentials);
    snapshot->credential_files = calloc(policy->nlisteners + 1, sizeof *snapshot->credential_files);
    if (!snapshot->credentials || !snapshot->credential_files)
        return cg_loading_no_memory(loading);
    bool ok = load_credential(loading, &policy->base, &snapshot->base_credential_files, &snapshot->base_credential);
    for (size_t i = 0; ok && i < policy->nlisteners; i++)
        ok = load_credential(loading, &policy->listeners[i], &snapshot->credential_files[i], &snapshot->credentials[i]);
    return ok;
}
