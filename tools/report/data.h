/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The data of a report, collected from events and the CA's folder in bounded memory.
 * The verb owns the struct and clears it. Filled by data.c (events) and ca.c (CA, policy); read by page.c and chart.c. */
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

/* A line about the state of the CA, a CRL, a file or the policy. */
struct cg_health {
    enum cg_health_state state;
    int64_t at; /* time of the event, s; CG_TIME_NONE: now */
    char what[160];
    char detail[400];
    char fix[400];
};

/* Of the CA, CRLs, files and the policy; or of renewals, where what is a name and at the time since. */
struct cg_health_list {
    struct cg_health row[CG_REPORT_HEALTH];
    size_t count;
};

struct cg_report_expiry {
    int64_t end; /* s since 1970 */
    char name[80];
    char note[360]; /* the client that used it, or the command that renews it */
};

/* Certificates by their end. */
struct cg_forecast {
    bool known;                                     /* there is a source for them */
    double over, week[CG_REPORT_WEEKS], later;      /* numbers of certificates; over: expired */
    struct cg_report_expiry next[CG_REPORT_ENDING]; /* sorted by end, including expired ones */
    size_t nnext;
};

struct cg_report {
    int64_t now, since, until;   /* s; since and until of the events seen, CG_TIME_NONE: none */
    struct cg_timeline timeline; /* of rejections */
    double reason[CG_REASON_COUNT];
    bool clients[CG_REASON_COUNT]; /* at least one was of a client, not of a bridge */
    double events, rejected, accepted, audited, ended;
    struct cg_counts peers, certificates; /* that were rejected; sorted by cg_report_finish */
    struct cg_counts connected;           /* certificates of sessions, by subject */
    struct cg_counts warnings;            /* of the broker, by kind and file or subject */
    struct cg_forecast issued, seen;
    struct cg_health_list health, renewals;
    double fetched, confirmed,
        overdue;            /* certificates in use: over MQTT, of these used, and that should have been renewed */
    struct cg_counts asked; /* certificates with events of renewal over MQTT, by subject; the note is the event */
    char policy[300];       /* of the last snapshot_loaded event; "" */
    int64_t policy_at;      /* s: time of the last snapshot_loaded; CG_TIME_NONE: none */
    double snapshot, anchors, crls;
};

/* report is zero-initialized. */
void cg_report_begin(struct cg_report *report, int64_t now);
void cg_report_event(struct cg_report *report, const struct cg_log_event *event);

/* After the last event: sorts the counts, and adds the forecast of connected certificates and the broker's health. */
void cg_report_finish(struct cg_report *report);
void cg_report_clear(struct cg_report *report);

/* The most frequent reason that is not in shown, which is then set; -1: none is left. */
int cg_report_next_reason(const struct cg_report *report, bool shown[CG_REASON_COUNT]);

/* For ca.c and renewal.c. */
void cg_forecast_add(struct cg_forecast *forecast, int64_t now, int64_t end, const char *name, const char *note);
struct cg_health *cg_report_health(struct cg_health_list *list, enum cg_health_state state); /* never NULL */

#endif
