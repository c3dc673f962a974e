/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a report tells, gathered from events and from the CA's folder in bounded memory.
 * The verb owns the struct and clears it. Filled by data.c (events), ca.c (CA) and policy.c; read by
 * page.c. */
#ifndef CG_REPORT_DATA_H
#define CG_REPORT_DATA_H

#include "log/filter.h"
#include "log/stats.h"
#include "timeline.h"

#include <stdio.h>

#define CG_REPORT_WEEKS  13 /* of the forecast: this week, and the twelve after it */
#define CG_REPORT_ENDING 25 /* certificates listed as ending next */
#define CG_REPORT_HEALTH 40

enum cg_health_state { CG_HEALTH_GOOD = 0, CG_HEALTH_WATCH, CG_HEALTH_ACT };

/* A line on the state of CA, CRLs, files or the policy. */
struct cg_health {
    enum cg_health_state state;
    int64_t at; /* when it was seen, s; CG_TIME_NONE: now */
    char what[160];
    char detail[400];
    char fix[400];
};

struct cg_report_expiry {
    int64_t end; /* s since 1970 */
    char name[80];
    char note[360]; /* who was seen with it, or the command that renews it */
};

/* Certificates by their end. */
struct cg_forecast {
    bool known; /* there was something to read them from */
    double total, over, week[CG_REPORT_WEEKS], later;
    struct cg_report_expiry next[CG_REPORT_ENDING]; /* the soonest first, those that are over included */
    size_t nnext;
};

struct cg_report {
    int64_t now, since, until; /* s; since and until of the events seen, CG_TIME_NONE: none */
    bool since_given;
    struct cg_timeline timeline; /* of rejections */
    double reason[CG_REASON_COUNT];
    bool clients[CG_REASON_COUNT]; /* not all of them were of bridges */
    double events, rejected, accepted, audited, ended;
    struct cg_counts peers, certificates; /* that were rejected; sorted by report_finish */
    struct cg_counts connected;           /* by subject: seen in a session, with its end */
    struct cg_counts told;                /* warnings of the broker, by kind and file or subject */
    struct cg_forecast issued, seen;
    struct cg_health health[CG_REPORT_HEALTH];
    size_t nhealth;
    char policy[300];  /* in force, by the last snapshot_loaded event; "" */
    int64_t policy_at; /* s: of the last snapshot_loaded; CG_TIME_NONE: there was none */
    double snapshot, anchors, crls;
};

/* Of a report that is zero. */
void cg_report_begin(struct cg_report *report, int64_t now);
void cg_report_event(struct cg_report *report, const struct cg_log_event *event);

/* After the last event: sorts, makes the forecast of what was seen, and lines on the broker's health. */
void cg_report_finish(struct cg_report *report);
void cg_report_clear(struct cg_report *report);

/* For ca.c. */
void cg_forecast_add(struct cg_forecast *forecast, int64_t now, int64_t end, const char *name, const char *note);
struct cg_health *cg_report_health(struct cg_report *report, enum cg_health_state state); /* never NULL */

#endif
