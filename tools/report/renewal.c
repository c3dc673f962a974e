/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renewal.h"

#include "base/array.h"
#include "core/base/datetime.h"
#include "deploy/inventory.h"

#include <stdio.h>
#include <string.h>

#define ACT             (7 * CG_DAY) /* before the end of a certificate */
#define LATE_MAX        20
#define UNCONFIRMED_MAX 10

/* --- the CA --- */

struct late {
    char name[CG_NAME_MAX + 1];
    int64_t due, end; /* s since 1970 */
    bool fetched;     /* over MQTT */
};

struct survey {
    struct cg_report *report;
    struct cg_inventory inventory;
    struct late late[LATE_MAX]; /* those that end first, sorted */
    size_t nlate, nunconfirmed;
};

static void add_late(struct survey *survey, const struct late *late)
{
    size_t at = survey->nlate;
    while (at > 0 && survey->late[at - 1].end > late->end)
        at--;
    if (at == LATE_MAX)
        return;
    const size_t kept = survey->nlate < LATE_MAX ? survey->nlate : LATE_MAX - 1;
    memmove(&survey->late[at + 1], &survey->late[at], (kept - at) * sizeof *late);
    survey->late[at] = *late;
    survey->nlate = kept + 1;
}

static void report_late(struct cg_report *report, const struct late *late)
{
    struct cg_health *health = cg_report_health(&report->renewals,
                                                late->end < report->now + ACT ? CG_HEALTH_ACT : CG_HEALTH_WATCH);
    char end[24];
    cg_time_text(late->end, end, sizeof end);
    health->at = late->due;
    snprintf(health->what, sizeof health->what, "%s", late->name);
    snprintf(health->detail, sizeof health->detail, "Should have been renewed. It ends on %.10s.", end);
    if (late->fetched)
        snprintf(health->fix, sizeof health->fix, "Check that the device runs, connects and asks for renewal");
    else
        snprintf(health->fix, sizeof health->fix, "certguard renew %s", late->name);
}

static void report_unconfirmed(struct survey *survey, const struct cg_inventory_row *row)
{
    if (survey->nunconfirmed++ >= UNCONFIRMED_MAX)
        return;
    struct cg_health *health = cg_report_health(&survey->report->renewals, CG_HEALTH_WATCH);
    health->at = cg_inventory_start(&survey->inventory, row);
    snprintf(health->what, sizeof health->what, "%s", row->name);
    snprintf(health->detail, sizeof health->detail, "Renewed over MQTT. The new certificate was not used yet.");
    snprintf(health->fix, sizeof health->fix, "Check that the device runs and connects");
}

/* A certificate that is in use. */
static void survey_one(struct survey *survey, const struct cg_inventory_row *row)
{
    struct cg_report *report = survey->report;
    struct cg_successor successor;
    struct late late = {.end = row->index.expires};
    cg_inventory_successor(&survey->inventory, row, &successor, NULL);
    const bool confirmed = successor.confirmed != CG_TIME_NONE;
    late.fetched = *successor.id;
    report->fetched += late.fetched;
    report->confirmed += late.fetched && confirmed;
    if (cg_inventory_is_overdue(&survey->inventory, row) && cg_inventory_due(&survey->inventory, row, &late.due)) {
        snprintf(late.name, sizeof late.name, "%s", row->name);
        report->overdue++;
        add_late(survey, &late);
    } else if (late.fetched && !confirmed) {
        report_unconfirmed(survey, row);
    }
}

bool cg_report_renewals(struct cg_report *report, const struct cg_ca *ca, struct cg_error *err)
{
    struct survey survey = {.report = report};
    struct cg_inventory_row row;
    const bool ok = cg_inventory_open(&survey.inventory, ca, err);
    while (ok && cg_inventory_next(&survey.inventory, &row, NULL))
        if (row.holding == CG_HOLDING_IN_USE)
            survey_one(&survey, &row);
    for (size_t i = 0; i < survey.nlate; i++)
        report_late(report, &survey.late[i]);
    cg_inventory_close(&survey.inventory);
    return ok;
}

/* --- the events --- */

/* What the report shows if this is the last event of a certificate. Others are complete. */
static const struct {
    const char *event;
    enum cg_health_state state;
    const char *detail, *fix; /* fix NULL: that of the reason */
} states[] = {
    {"renewal_requested", CG_HEALTH_WATCH, "The request waits for the CA.", "certguard requests"},
    {"renewal_refused", CG_HEALTH_WATCH, "The request was refused: ", NULL},
    {"renewal_delivered", CG_HEALTH_GOOD, "The new certificate was sent. It was not used yet.", ""},
};

static void add_request(struct cg_report *report, const struct cg_count *row)
{
    size_t i = 0;
    while (i < CG_COUNT(states) && strcmp(states[i].event, row->note) != 0)
        i++;
    if (i == CG_COUNT(states))
        return;
    struct cg_health *health = cg_report_health(&report->renewals, states[i].state);
    const char *fix = states[i].fix;
    health->at = row->last_ms / 1000;
    snprintf(health->what, sizeof health->what, "%s", row->name);
    snprintf(health->detail, sizeof health->detail, "%s%s", states[i].detail, row->reason);
    snprintf(health->fix, sizeof health->fix, "%s",
             fix ? fix : cg_reason_fix(cg_reason_from_code(row->reason), CG_OF_CLIENT));
}

void cg_report_requests(struct cg_report *report)
{
    for (size_t i = 0; i < report->asked.used; i++)
        if (report->asked.row[i].note)
            add_request(report, &report->asked.row[i]);
}
