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
                 renewed->file, missing);
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

/* One entry of "credential" in the policy. */
struct entry {
    const struct cg_credential_files *names;
    const struct cg_credential *old; /* what it replaces; NULL: nothing */
    const struct cg_file_states *old_files;
    struct cg_credential *credential; /* a reference; NULL: it serves nothing */
    struct cg_file_states files;
};

static struct cg_credential *read_credential(struct cg_loading *loading, const struct cg_listener_policy *listener,
                                             const struct entry *entry)
{
    const struct cg_snapshot_preflight *preflight = loading->preflight;
    struct cg_credential *renewed = cg_credential_load(entry->names->chain, entry->names->key, &loading->err);
    if (renewed && may_serve(loading, renewed, listener) && keeps_names(loading, renewed, entry->old, listener) &&
        (!preflight || preflight->credential(renewed, listener, &loading->err)))
        return renewed;
    cg_credential_free(renewed);
    return NULL;
}

static void use_old(struct entry *entry)
{
    cg_credential_free(entry->credential);
    entry->credential = cg_credential_ref((struct cg_credential *)(uintptr_t)entry->old);
}

/* The files are read again at the next load. */
static bool keep_old(struct cg_loading *loading, struct entry *entry)
{
    use_old(entry);
    cg_file_states_clear(&entry->files);
    return cg_loading_keep_previous(loading);
}

static bool load_entry(struct cg_loading *loading, const struct cg_listener_policy *listener, struct entry *entry)
{
    const char *chain = entry->names->chain, *key = entry->names->key;
    if (!cg_loading_watch(loading, chain) || !cg_loading_watch(loading, key))
        return false;
    if (!cg_file_states_add(&entry->files, chain) || !cg_file_states_add(&entry->files, key))
        return cg_loading_no_memory(loading);
    bool unchanged = entry->old && cg_file_states_equal(&entry->files, entry->old_files);
    entry->credential = unchanged ? NULL : read_credential(loading, listener, entry);
    if (!unchanged && !entry->credential)
        return keep_old(loading, entry);
    if (unchanged || (entry->old && same_credential(entry->credential, entry->old)))
        use_old(entry);
    return true;
}

/* The credential in use is still served if the new trust or policy refuses it, but the fault is reported. A
 * credential on hold is not served. */
static void report_unfit(struct cg_loading *loading, const struct cg_credential *credential,
                         const struct cg_listener_policy *listener)
{
    bool of_time = false;
    if (!cg_credential_is_held(credential) &&
        !accepted(loading, credential, listener, "the certificate in use is no longer accepted, but still served",
                  &of_time))
        (void)cg_loading_keep_previous(loading);
}

/* ---- the entries of one listener */

/* What the listener served before. */
static const struct cg_credentials *served_before(const struct cg_loading *loading, uint16_t port)
{
    static const struct cg_credentials none;
    return loading->previous ? cg_snapshot_credentials(loading->previous, port) : &none;
}

typedef bool match_fn(const struct cg_credential *served, const struct entry *entry);

static bool match_file(const struct cg_credential *served, const struct entry *entry)
{
    return strcmp(served->file, entry->names->chain) == 0;
}

static bool match_type(const struct cg_credential *served, const struct entry *entry)
{
    struct cg_credential *renewed = cg_credential_load(entry->names->chain, entry->names->key, NULL);
    bool same = renewed && strcmp(cg_credential_key_type(renewed), cg_credential_key_type(served)) == 0;
    cg_credential_free(renewed);
    return same;
}

static bool match_any(const struct cg_credential *served, const struct entry *entry)
{
    (void)served, (void)entry;
    return true;
}

/* An entry replaces the credential of its file, else one of its key type. The other entries replace, in order, what is
 * left. */
static void find_old(struct entry *entries, size_t count, const struct cg_credentials *served)
{
    static match_fn *const matches[] = {match_file, match_type, match_any};
    bool taken[CG_CREDENTIALS_MAX] = {false};
    for (size_t m = 0; m < sizeof matches / sizeof *matches; m++)
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < served->count && !entries[i].old; k++) {
                if (taken[k] || !matches[m](served->item[k], &entries[i]))
                    continue;
                entries[i].old = served->item[k];
                entries[i].old_files = &served->files[k];
                taken[k] = true;
            }
}

static const struct entry *find_same_type(const struct entry *entries, size_t count, const struct entry *one)
{
    for (const struct entry *other = entries; other < entries + count; other++)
        if (other != one && other->credential &&
            strcmp(cg_credential_key_type(other->credential), cg_credential_key_type(one->credential)) == 0)
            return other;
    return NULL;
}

/* A second certificate of the same key type would replace the first one in OpenSSL. Those in use are kept; they
 * differ in their types. */
static bool refuse_same_types(struct cg_loading *loading, struct entry *entries, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        struct entry *entry = &entries[i];
        bool is_new = entry->credential && entry->credential != entry->old;
        const struct entry *other = is_new ? find_same_type(entries, count, entry) : NULL;
        if (!other)
            continue;
        cg_error_set(&loading->err,
                     "%s: the key type is %s, as in %s, but a listener serves one certificate of each key type. Issue "
                     "one of the two with another key type, or remove it from credential in the policy",
                     entry->names->chain, cg_credential_key_type(entry->credential), other->credential->file);
        if (!keep_old(loading, entry))
            return false;
        i = count; /* what it keeps may have the type of another new one */
    }
    return true;
}

/* The result owns what the entries own. */
static void move_entries(struct entry *entries, size_t count, struct cg_credentials *out)
{
    for (struct entry *entry = entries; entry < entries + count; entry++) {
        if (!entry->credential) {
            cg_file_states_clear(&entry->files);
            continue;
        }
        out->item[out->count] = entry->credential;
        out->files[out->count++] = entry->files;
    }
}

static bool load_section(struct cg_loading *loading, const struct cg_listener_policy *listener,
                         struct cg_credentials *out)
{
    struct entry entries[CG_CREDENTIALS_MAX] = {{.names = NULL}};
    const size_t count = listener->ncredentials;
    bool ok = true;
    for (size_t i = 0; i < count; i++)
        entries[i].names = &listener->credentials[i];
    find_old(entries, count, served_before(loading, listener->port));
    loading->stage = CG_REASON_CREDENTIAL_INVALID;
    for (size_t i = 0; ok && i < count; i++)
        ok = load_entry(loading, listener, &entries[i]);
    ok = ok && refuse_same_types(loading, entries, count);
    for (size_t i = 0; ok && i < count; i++)
        if (entries[i].credential && entries[i].credential == entries[i].old)
            report_unfit(loading, entries[i].credential, listener);
    move_entries(entries, count, out);
    return ok;
}

bool cg_loading_load_credentials(struct cg_loading *loading)
{
    struct cg_snapshot *snapshot = loading->snapshot;
    const struct cg_listener_policy *listener;
    snapshot->credentials = calloc(snapshot->policy->nlisteners + 1, sizeof *snapshot->credentials);
    if (!snapshot->credentials)
        return cg_loading_no_memory(loading);
    bool ok = true;
    for (size_t i = 0; ok && (listener = cg_policy_section(snapshot->policy, i)); i++)
        ok = load_section(loading, listener, &snapshot->credentials[i]);
    return ok;
}
