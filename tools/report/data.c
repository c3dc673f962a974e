/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "data.h"

#include "base/array.h"
#include "core/base/datetime.h"
#include "log/fix.h"

#include <stdlib.h>
#include <string.h>

#define WEEK         (7 * CG_DAY)
#define FUTURE_SLACK CG_DAY /* later events have a wrong clock: counted, but not drawn */

enum use { USE_NONE = 0, USE_REJECTED, USE_ACCEPTED, USE_AUDITED, USE_ENDED, USE_WARNING, USE_LOADED, USE_RENEWAL };

/* How the report uses each kind of event. Warnings have a severity and a title. */
static const struct {
    const char *event;
    enum use use;
    enum cg_health_state state;
    const char *title;
} kinds[] = {
    {"handshake_rejected", USE_REJECTED, CG_HEALTH_GOOD, ""},
    {"connect_denied", USE_REJECTED, CG_HEALTH_GOOD, ""},
    {"suppressed", USE_REJECTED, CG_HEALTH_GOOD, ""},
    {"handshake_accepted", USE_ACCEPTED, CG_HEALTH_GOOD, ""},
    {"handshake_audited", USE_AUDITED, CG_HEALTH_GOOD, ""},
    {"connect_audited", USE_AUDITED, CG_HEALTH_GOOD, ""},
    {"session_ended", USE_ENDED, CG_HEALTH_GOOD, ""},
    {"snapshot_loaded", USE_LOADED, CG_HEALTH_GOOD, ""},
    {"snapshot_rejected", USE_WARNING, CG_HEALTH_ACT, "Changed files were rejected"},
    {"expiry_warning", USE_WARNING, CG_HEALTH_WATCH, "Expires soon"},
    {"crl_stale", USE_WARNING, CG_HEALTH_WATCH, "CRL is due for renewal"},
    {"broker_certificate_rejected", USE_WARNING, CG_HEALTH_ACT, "The broker's certificate violates the rules"},
    {"broker_certificate_audited", USE_WARNING, CG_HEALTH_WATCH, "The broker's certificate violates an audited rule"},
    {"configuration_warning", USE_WARNING, CG_HEALTH_WATCH, "Configuration of the broker"},
    {"events_lost", USE_WARNING, CG_HEALTH_WATCH, "Events could not be written"},
    {"renewal_requested", USE_RENEWAL, CG_HEALTH_GOOD, ""},
    {"renewal_refused", USE_RENEWAL, CG_HEALTH_GOOD, ""},
    {"renewal_delivered", USE_RENEWAL, CG_HEALTH_GOOD, ""},
    {"renewal_confirmed", USE_RENEWAL, CG_HEALTH_GOOD, ""},
    {"control_denied", USE_WARNING, CG_HEALTH_WATCH, "A request on the control topic was refused"},
};

static size_t kind_of(const char *event)
{
    size_t i = 0;
    while (i < CG_COUNT(kinds) && strcmp(kinds[i].event, event) != 0)
        i++;
    return i;
}

static void update(struct cg_count *row, const struct cg_log_event *event, const char *note)
{
    if (!row || event->at_ms < row->last_ms)
        return;
    row->last_ms = event->at_ms;
    snprintf(row->reason, sizeof row->reason, "%s", event->reason);
    row->cert_owner = event->cert_owner;
    if (*event->not_after)
        snprintf(row->end, sizeof row->end, "%s", event->not_after);
    cg_counts_note(row, note);
}

static void rejected(struct cg_report *report, const struct cg_log_event *event)
{
    char address[128], command[CG_FIX_MAX] = "";
    double weight = cg_log_event_weight(event);
    enum cg_reason reason = cg_reason_from_code(event->reason);
    int64_t at = event->at_ms / 1000;
    cg_log_fix(event, command);
    report->rejected += weight;
    report->reason[reason] += weight;
    report->clients[reason] = report->clients[reason] || event->cert_owner == CG_OF_CLIENT;
    if (at <= report->now + FUTURE_SLACK)
        cg_timeline_add(&report->timeline, at, reason, weight);
    cg_log_address(event, address, sizeof address);
    if (*address)
        update(cg_counts_add(&report->peers, address, weight), event, command);
    if (*event->subject)
        update(cg_counts_add(&report->certificates, event->subject, weight), event, command);
}

static void connected(struct cg_report *report, const struct cg_log_event *event)
{
    char address[128];
    cg_log_address(event, address, sizeof address);
    if (*event->subject && *event->not_after)
        update(cg_counts_add(&report->connected, event->subject, 1), event,
               *event->client_id ? event->client_id
               : *event->file    ? event->file
                                 : address);
}

/* Keeps the last warning about each file or subject. The note contains its detail and its fix, one line each. */
static void warned(struct cg_report *report, const struct cg_log_event *event, size_t kind)
{
    char key[400], note[900];
    const bool by_client = *event->peer != '\0';
    if (by_client && strcmp(event->event, "expiry_warning") == 0)
        return; /* it is in the forecast */
    snprintf(key, sizeof key, "%02zu%.300s", kind, *event->file ? event->file : event->subject);
    snprintf(note, sizeof note, "%.400s\n%.400s", event->detail, event->fix);
    update(cg_counts_add(&report->warnings, key, 1), event, note);
}

static void loaded(struct cg_report *report, const struct cg_log_event *event)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(event->json, "snapshot");
    if (event->at_ms / 1000 < report->policy_at)
        return;
    report->policy_at = event->at_ms / 1000;
    report->snapshot = cJSON_IsNumber(number) ? number->valuedouble : 0;
    report->anchors = event->anchors;
    report->crls = event->crls;
    snprintf(report->policy, sizeof report->policy, "%s", event->policy);
}

void cg_report_begin(struct cg_report *report, int64_t now)
{
    report->now = now;
    report->since = report->until = report->policy_at = CG_TIME_NONE;
}

void cg_report_event(struct cg_report *report, const struct cg_log_event *event)
{
    const size_t kind = kind_of(event->event);
    const int64_t at = event->at_ms / 1000;
    report->events += cg_log_event_weight(event);
    report->since = report->since == CG_TIME_NONE || at < report->since ? at : report->since;
    report->until = at > report->until ? at : report->until;
    if (kind == CG_COUNT(kinds))
        return;
    switch (kinds[kind].use) {
    case USE_REJECTED:
        if (event->audit) /* of "suppressed" */
            report->audited += cg_log_event_weight(event);
        else
            rejected(report, event);
        break;
    case USE_ACCEPTED:
        report->accepted++;
        connected(report, event);
        break;
    case USE_AUDITED:
        report->audited++;
        connected(report, event);
        break;
    case USE_ENDED:
        report->ended++;
        break;
    case USE_WARNING:
        warned(report, event, kind);
        if (strcmp(event->event, "expiry_warning") == 0)
            connected(report, event);
        break;
    case USE_LOADED:
        loaded(report, event);
        break;
    case USE_RENEWAL:
        if (*event->subject)
            update(cg_counts_add(&report->asked, event->subject, 1), event, event->event);
        break;
    case USE_NONE:
        break;
    }
}

void cg_forecast_add(struct cg_forecast *forecast, int64_t now, int64_t end, const char *name, const char *note)
{
    const int64_t week = end >= now ? (end - now) / WEEK : -1;
    if (week < 0)
        forecast->over++;
    else if (week < CG_REPORT_WEEKS)
        forecast->week[week]++;
    else
        forecast->later++;
    size_t at = forecast->nnext;
    while (at > 0 && forecast->next[at - 1].end > end)
        at--;
    if (at == CG_REPORT_ENDING || week >= CG_REPORT_WEEKS)
        return;
    const size_t kept = forecast->nnext < CG_REPORT_ENDING ? forecast->nnext : CG_REPORT_ENDING - 1;
    memmove(&forecast->next[at + 1], &forecast->next[at], (kept - at) * sizeof forecast->next[0]);
    forecast->nnext = kept + 1;
    struct cg_report_expiry *row = &forecast->next[at];
    row->end = end;
    snprintf(row->name, sizeof row->name, "%s", name);
    snprintf(row->note, sizeof row->note, "%s", note);
}

struct cg_health *cg_report_health(struct cg_health_list *list, enum cg_health_state state)
{
    /* the last line is overwritten when the list is full */
    struct cg_health *health = &list->row[list->count];
    if (list->count + 1 < CG_REPORT_HEALTH)
        list->count++;
    *health = (struct cg_health){.state = state, .at = CG_TIME_NONE};
    return health;
}

static void add_warning(struct cg_report *report, const struct cg_count *row)
{
    const size_t kind = (size_t)(row->name[0] - '0') * 10 + (size_t)(row->name[1] - '0');
    const int64_t at = row->last_ms / 1000;
    const char *about = row->name + 2, *detail = row->note ? row->note : "\n", *fix = strchr(detail, '\n');
    const bool known = cg_reason_from_code(row->reason) != CG_REASON_UNSET;
    const bool repeats = strncmp(detail, about, strlen(about)) == 0; /* details of files begin with their name */
    const bool fixed = kinds[kind].state == CG_HEALTH_ACT && at < report->policy_at; /* a later load succeeded */
    struct cg_health *health = cg_report_health(&report->health, fixed ? CG_HEALTH_GOOD : kinds[kind].state);
    health->at = at;
    snprintf(health->what, sizeof health->what, "%s%s", kinds[kind].title, fixed ? " (fixed since)" : "");
    snprintf(health->detail, sizeof health->detail, "%s%s%.*s", repeats ? "" : about, repeats ? "" : ": ",
             (int)(fix ? fix - detail : 0), detail);
    if (!fixed && fix)
        snprintf(health->fix, sizeof health->fix, "%s",
                 fix[1] || !known ? fix + 1 : cg_reason_fix(cg_reason_from_code(row->reason), row->cert_owner));
}

void cg_report_finish(struct cg_report *report)
{
    int64_t end = 0;
    cg_counts_sort(&report->peers);
    cg_counts_sort(&report->certificates);
    cg_counts_sort(&report->connected);
    cg_counts_sort(&report->warnings);
    cg_counts_sort(&report->asked);
    if (report->since != CG_TIME_NONE && report->since <= report->now) {
        cg_timeline_add(&report->timeline, report->since, CG_REASON_UNSET, 0);
        cg_timeline_add(&report->timeline, report->until < report->now ? report->until : report->now, CG_REASON_UNSET,
                        0);
    }
    report->seen.known = report->connected.used > 0;
    for (size_t i = 0; i < report->connected.used; i++) {
        const struct cg_count *row = &report->connected.row[i];
        if (cg_time_parse(row->end, &end))
            cg_forecast_add(&report->seen, report->now, end, row->name, row->note ? row->note : "");
    }
    for (size_t i = 0; i < report->warnings.used; i++)
        add_warning(report, &report->warnings.row[i]);
}

int cg_report_next_reason(const struct cg_report *report, bool shown[CG_REASON_COUNT])
{
    int best = -1;
    for (int i = 0; i < CG_REASON_COUNT; i++)
        if (!shown[i] && report->reason[i] > 0 && (best < 0 || report->reason[i] > report->reason[best]))
            best = i;
    if (best >= 0)
        shown[best] = true;
    return best;
}

void cg_report_clear(struct cg_report *report)
{
    cg_counts_free(&report->peers);
    cg_counts_free(&report->certificates);
    cg_counts_free(&report->connected);
    cg_counts_free(&report->warnings);
    cg_counts_free(&report->asked);
}
