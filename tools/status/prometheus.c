/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "prometheus.h"
#include "base/json.h"

#include "base/array.h"
#include "cli/values.h"
#include "core/base/text.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX  600
#define LABELS_MAX (4 * (2 * VALUE_MAX + 32)) /* for four values with every byte escaped */
#define SERIES_MAX 512 /* per metric; the plugin lists at most 100 certificates, and has fewer reasons */

/* The series of one metric. Labels must be unique: of two with the same labels (CRLs of one issuer), the smaller value is
 * kept. */
struct family {
    char *labels[SERIES_MAX];
    double value[SERIES_MAX];
    size_t count;
};

static void series(struct family *family, const char *labels, double value)
{
    size_t i = 0;
    while (i < family->count && strcmp(family->labels[i], labels) != 0)
        i++;
    if (i < family->count) {
        family->value[i] = value < family->value[i] ? value : family->value[i];
        return;
    }
    if (i == SERIES_MAX || !(family->labels[i] = strdup(labels)))
        return;
    family->value[i] = value;
    family->count++;
}

static void family_write(FILE *out, struct family *family, const char *name, const char *type, const char *help)
{
    if (family->count)
        fprintf(out, "# HELP certguard_%s %s\n# TYPE certguard_%s %s\n", name, help, name, type);
    for (size_t i = 0; i < family->count; i++) {
        fprintf(out, "certguard_%s%s%s%s %.0f\n", name, *family->labels[i] ? "{" : "", family->labels[i],
                *family->labels[i] ? "}" : "", family->value[i]);
        free(family->labels[i]);
    }
    *family = (struct family){.count = 0};
}

static void single(FILE *out, const char *name, const char *type, const char *help, double value)
{
    struct family family = {.count = 0};
    series(&family, "", value);
    family_write(out, &family, name, type, help);
}

/* Appends key="value"; escapes backslashes and quotes as the format requires. */
static void label(char labels[LABELS_MAX], const char *key, const char *value)
{
    char clean[VALUE_MAX];
    size_t n = strlen(labels);
    cg_text_escape(value, strlen(value), clean, sizeof clean);
    n += (size_t)snprintf(labels + n, LABELS_MAX - n, "%s%s=\"", n ? "," : "", key);
    for (const char *c = clean; *c; c++) {
        if (*c == '"' || *c == '\\')
            labels[n++] = '\\';
        labels[n++] = *c;
    }
    snprintf(labels + n, LABELS_MAX - n, "\"");
}

static void by_reason(FILE *out, const cJSON *tally, const char *name, const char *help)
{
    struct family family = {.count = 0};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cg_status_tally(tally, "reasons"))
    {
        char labels[LABELS_MAX] = "";
        label(labels, "reason", item->string);
        series(&family, labels, cJSON_IsNumber(item) ? item->valuedouble : 0);
    }
    family_write(out, &family, name, "counter", help);
}

static void handshakes(FILE *out, const cJSON *handshakes)
{
    const cJSON *rejected = cJSON_GetObjectItemCaseSensitive(handshakes, "rejected");
    struct family family = {.count = 0};
    series(&family, "result=\"accepted\"", cg_member_number(handshakes, "accepted"));
    series(&family, "result=\"rejected\"", cg_member_number(rejected, "total"));
    family_write(out, &family, "handshakes_total", "counter", "TLS handshakes since the start of the broker.");
    by_reason(out, rejected, "handshakes_rejected_total", "Rejected TLS handshakes by reason, certguard-reasons(5).");
}

static void sessions(FILE *out, const cJSON *sessions)
{
    struct family family = {.count = 0};
    const cJSON *item = NULL;
    single(out, "sessions_live", "gauge", "Live TLS sessions of clients.", cg_member_number(sessions, "live"));
    cJSON_ArrayForEach(item, cg_status_tally(sessions, "expiring"))
    {
        char labels[LABELS_MAX] = "", days[16];
        snprintf(days, sizeof days, "%.*s", (int)strspn(item->string, "0123456789"), item->string);
        label(labels, "within_days", days);
        series(&family, labels, cJSON_IsNumber(item) ? item->valuedouble : 0);
    }
    family_write(out, &family, "sessions_expiring", "gauge",
                 "Live sessions whose certificates end within so many days.");
    single(out, "sessions_ended_total", "counter", "Live sessions that certguard ended.",
           cg_member_number(sessions, "ended"));
    by_reason(out, sessions, "sessions_ended_by_reason_total", "The same by reason.");
}

static void write_renewal(FILE *out, const cJSON *renewal)
{
    static const char *const results[] = {"requested", "refused", "delivered", "confirmed"};
    struct family family = {.count = 0};
    int64_t oldest = 0;
    if (!renewal)
        return;
    for (size_t i = 0; i < CG_COUNT(results); i++) {
        char labels[LABELS_MAX] = "";
        label(labels, "result", results[i]);
        series(&family, labels, cg_member_number(renewal, results[i]));
    }
    family_write(out, &family, "renewals_total", "counter", "Renewals over MQTT since the start of the broker.");
    single(out, "renewals_waiting", "gauge", "Renewal requests that wait for the CA.",
           cg_member_number(renewal, "waiting"));
    if (cg_time_parse(cg_member_text(renewal, "oldest_waiting"), &oldest))
        single(out, "renewals_oldest_waiting_seconds", "gauge",
               "When the oldest request that waits was received, seconds since 1970.", (double)oldest);
    single(out, "renewals_spool_full", "gauge", "1 if the spool takes no more requests.",
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(renewal, "spool_full")));
}

/* The lists of the answer that have expiry dates. */
static const struct {
    const char *key, *metric, *help;
} ends[] = {
    {"credentials", "credential_not_after_seconds", "When the broker's certificate ends, seconds since 1970."},
    {"anchors", "anchor_not_after_seconds", "When a trust anchor ends, seconds since 1970."},
    {"intermediates", "intermediate_not_after_seconds", "When an intermediate CA ends, seconds since 1970."},
    {"crls", "crl_next_update_seconds", "When the next CRL is due, seconds since 1970."},
};

static void end_labels(const cJSON *item, char labels[LABELS_MAX])
{
    static const char *const names[] = {"subject", "issuer", "serial"};
    char port[16];
    labels[0] = '\0';
    for (size_t i = 0; i < CG_COUNT(names); i++)
        if (cJSON_HasObjectItem(item, names[i]))
            label(labels, names[i], cg_member_text(item, names[i]));
    snprintf(port, sizeof port, "%.0f", cg_member_number(item, "listener"));
    if (cJSON_HasObjectItem(item, "listener"))
        label(labels, "listener", port);
}

static void write_ends(FILE *out, const cJSON *data)
{
    char labels[LABELS_MAX];
    for (size_t i = 0; i < CG_COUNT(ends); i++) {
        struct family family = {.count = 0};
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, ends[i].key))
        {
            int64_t end = 0;
            end_labels(item, labels);
            if (cg_time_parse(cg_member_text(item, "not_after"), &end))
                series(&family, labels, (double)end);
        }
        family_write(out, &family, ends[i].metric, "gauge", ends[i].help);
    }
}

static void write_crl_entries(FILE *out, const cJSON *data)
{
    char labels[LABELS_MAX];
    struct family family = {.count = 0};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(data, "crls"))
    {
        end_labels(item, labels);
        series(&family, labels, cg_member_number(item, "entries"));
    }
    family_write(out, &family, "crl_entries", "gauge", "Revoked certificates in the CRL.");
}

static void write_info(FILE *out, const cJSON *data, const cJSON *snapshot)
{
    char labels[LABELS_MAX] = "";
    struct family family = {.count = 0};
    label(labels, "version", cg_member_text(data, "version"));
    label(labels, "policy", cg_member_text(snapshot, "policy"));
    series(&family, labels, 1);
    family_write(out, &family, "info", "gauge", "Version of the plugin, and the policy in force.");
}

void cg_prometheus_write(FILE *out, const cJSON *data)
{
    const cJSON *snapshot = cJSON_GetObjectItemCaseSensitive(data, "snapshot");
    single(out, "up", "gauge", "1 if the broker answered.", data != NULL);
    if (!data)
        return;
    write_info(out, data, snapshot);
    single(out, "snapshot_number", "gauge", "Number of the loaded snapshot of policy, CAs, CRLs and certificates.",
           cg_member_number(snapshot, "number"));
    single(out, "snapshots_rejected_total", "counter", "Rejected reloads.", cg_member_number(snapshot, "rejected"));
    single(out, "snapshot_parts_kept", "gauge", "Parts that were not updated because their files are invalid.",
           cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(snapshot, "kept")));
    handshakes(out, cJSON_GetObjectItemCaseSensitive(data, "handshakes"));
    by_reason(out, cJSON_GetObjectItemCaseSensitive(data, "connects_denied"), "connects_denied_total",
              "CONNECT packets denied after an accepted handshake, by reason.");
    sessions(out, cJSON_GetObjectItemCaseSensitive(data, "sessions"));
    single(out, "control_denied_total", "counter", "Refused requests on the control topic.",
           cg_member_number(cJSON_GetObjectItemCaseSensitive(data, "control_denied"), "total"));
    write_renewal(out, cJSON_GetObjectItemCaseSensitive(data, "renewal"));
    write_ends(out, data);
    write_crl_entries(out, data);
}
