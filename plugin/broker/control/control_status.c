/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control_status.h"

#include "core/cert/name.h"
#include "tls/credential/own_certificate.h"
#include "tls/hook.h"

#include <stdio.h>

#define LISTED_MAX 100

static void add_tally(cJSON *object, const char *key, const struct cg_tally *tally)
{
    cJSON *here = cJSON_AddObjectToObject(object, key);
    cJSON_AddNumberToObject(here, "total", (double)tally->total);
    cJSON *reasons = cJSON_AddObjectToObject(here, "reasons");
    for (int i = 0; i < CG_REASON_COUNT; i++)
        if (tally->by_reason[i])
            cJSON_AddNumberToObject(reasons, cg_reason_row((enum cg_reason)i)->code, (double)tally->by_reason[i]);
}

static void add_end(cJSON *object, int64_t end, int64_t now)
{
    char text[32];
    cg_time_text(end, text, sizeof text);
    cJSON_AddStringToObject(object, "not_after", text);
    cJSON_AddNumberToObject(object, "days", (double)cg_days_until(end, now));
}

static cJSON *add_certificate(cJSON *list, const X509 *certificate, int64_t now)
{
    char subject[300] = "", serial[CG_HEX_MAX] = "";
    int64_t end = 0;
    cJSON *item = cJSON_CreateObject();
    cg_name_text(X509_get_subject_name(certificate), subject, sizeof subject);
    cJSON_AddStringToObject(item, "subject", subject);
    cg_serial_text(X509_get0_serialNumber(certificate), serial, sizeof serial);
    cJSON_AddStringToObject(item, "serial", serial);
    if (cg_time_seconds(X509_get0_notAfter(certificate), &end))
        add_end(item, end, now);
    if (cJSON_AddItemToArray(list, item))
        return item;
    cJSON_Delete(item);
    return NULL;
}

/* A listener may serve several: one of each key type. */
static void add_credentials(cJSON *list, const struct cg_snapshot *current, size_t section, int64_t now)
{
    const struct cg_credentials *credentials = cg_snapshot_credentials_of(current, section);
    const uint16_t port = cg_policy_section(current->policy, section)->port;
    for (size_t i = 0; i < credentials->count; i++) {
        cJSON *item = add_certificate(list, credentials->item[i]->leaf, now);
        if (!item)
            continue;
        cJSON_AddStringToObject(item, "key_type", cg_credential_key_type(credentials->item[i]));
        cJSON_AddStringToObject(item, "file", credentials->item[i]->file);
        if (port)
            cJSON_AddNumberToObject(item, "listener", port);
    }
}

/* The certificates in mosquitto.conf that the policy does not replace. */
static void add_own_credentials(cJSON *list, const struct cg_snapshot *current, int64_t now)
{
    const X509 *own = NULL;
    for (size_t i = 0; i < LISTED_MAX && (own = cg_hook_own_certificate(current, i)); i++) {
        cJSON *item = add_certificate(list, own, now);
        if (item)
            cJSON_AddBoolToObject(item, "certfile", true);
    }
}

static void add_stack(cJSON *object, const char *key, const STACK_OF(X509) *stack, int64_t now)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);
    for (int i = 0; i < sk_X509_num(stack) && i < LISTED_MAX; i++)
        add_certificate(list, sk_X509_value(stack, i), now);
}

static void add_crls(cJSON *object, const struct cg_crl_set *crls, int64_t now)
{
    cJSON *list = cJSON_AddArrayToObject(object, "crls");
    for (size_t i = 0; i < cg_crl_set_count(crls) && i < LISTED_MAX; i++) {
        struct cg_crl_info info;
        cJSON *item = cJSON_CreateObject();
        cg_crl_set_info(crls, i, &info);
        cJSON_AddStringToObject(item, "issuer", info.issuer);
        cJSON_AddStringToObject(item, "number", info.number);
        cJSON_AddNumberToObject(item, "entries", (double)info.entries);
        add_end(item, info.next_update, now);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_sessions(cJSON *object, const struct cg_counters *counters, const struct cg_population *population)
{
    char key[16];
    add_tally(object, "sessions", &counters->ended);
    cJSON *sessions = cJSON_GetObjectItemCaseSensitive(object, "sessions");
    cJSON *ended = cJSON_DetachItemFromObjectCaseSensitive(sessions, "total");
    cJSON_AddItemToObject(sessions, "ended", ended);
    cJSON_AddNumberToObject(sessions, "live", (double)population->live);
    cJSON *expiring = cJSON_AddObjectToObject(sessions, "expiring");
    for (int i = 0; i < CG_EXPIRING_COUNT; i++) {
        snprintf(key, sizeof key, "%dd", cg_expiring_days[i]);
        cJSON_AddNumberToObject(expiring, key, (double)population->expiring[i]);
    }
}

/* Parts that keep their previous version. */
static void add_kept(cJSON *object, const struct cg_faults *kept)
{
    cJSON *list = cJSON_AddArrayToObject(object, "kept");
    for (size_t i = 0; i < kept->count; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "reason", cg_reason_row(kept->item[i].reason)->code);
        cJSON_AddStringToObject(item, "detail", kept->item[i].error.text);
        cJSON_AddItemToArray(list, item);
    }
}

cJSON *cg_control_status(const struct cg_counters *counters, const struct cg_population *population,
                         const struct cg_snapshot *current, const struct cg_faults *kept, int64_t now)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "version", CG_VERSION);
    cJSON *snapshot = cJSON_AddObjectToObject(object, "snapshot");
    cJSON_AddNumberToObject(snapshot, "number", (double)current->number);
    cJSON_AddStringToObject(snapshot, "policy", current->policy->name);
    cJSON_AddNumberToObject(snapshot, "rejected", (double)counters->snapshots_rejected);
    add_kept(snapshot, kept);
    cJSON *handshakes = cJSON_AddObjectToObject(object, "handshakes");
    cJSON_AddNumberToObject(handshakes, "accepted", (double)counters->accepted);
    add_tally(handshakes, "rejected", &counters->rejected);
    add_tally(object, "connects_denied", &counters->denied);
    add_sessions(object, counters, population);
    add_tally(object, "control_denied", &counters->control);
    cJSON *credentials = cJSON_AddArrayToObject(object, "credentials");
    for (size_t i = 0; i <= current->policy->nlisteners && i <= LISTED_MAX; i++)
        add_credentials(credentials, current, i, now);
    add_own_credentials(credentials, current, now);
    add_stack(object, "anchors", cg_trust_anchors(current->trust), now);
    add_stack(object, "intermediates", cg_trust_intermediates(current->trust), now);
    add_crls(object, cg_trust_crls(current->trust), now);
    return object;
}
