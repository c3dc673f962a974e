/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One event of a log, and which of them are wanted. Lines are first looked at as bytes: only what may fit is parsed.
 * Values of one option are alternatives; options restrict each other. The filter borrows the words of the command
 * line; the event owns its JSON. Called by the verbs log and report. */
#ifndef CG_LOG_FILTER_H
#define CG_LOG_FILTER_H

#include "cli/values.h"
#include "core/base/error.h"
#include "core/base/reason.h"

#include <cjson/cJSON.h>

#define CG_LOG_WORD_MAX 256
#define CG_LOG_EVER     INT64_MIN
#define CG_LOG_NO_END   INT64_MAX

struct cg_log_filter {
    struct cg_list reason, peer, client, cert, listener, event;
    int64_t since_ms, until_ms; /* from and before; CG_LOG_EVER and CG_LOG_NO_END: open */
    char since[24], until[24];  /* the same as in "ts", to compare bytes: cg_log_filter_times makes them */
};

/* Texts are "" where the line has none; all borrowed from json. */
struct cg_log_event {
    cJSON *json;
    int64_t at_ms;
    const char *ts, *event, *reason, *detail, *peer, *client_id, *fix, *file, *policy;
    const char *subject, *issuer, *serial, *sha256, *not_after;
    int listener;
    enum cg_cert_owner cert_owner; /* whose certificate it is about */
    bool audit;                    /* who it is about was let in */
    double count, anchors, crls;   /* 0 where there is none */
};

/* Narrows the line to its object: events in syslog stand behind "certguard: ". False: a foreign or half line. */
bool cg_log_object(const char **line, size_t *len);

/* False: this is no event (foreign or broken). Free it in every case. */
bool cg_log_event_parse(struct cg_log_event *event, const char *line, size_t len);
void cg_log_event_free(struct cg_log_event *event);

/* How often the line stands for something that happened: suppressed ones count for what they held back. */
double cg_log_event_weight(const struct cg_log_event *event);

/* The peer's address without its port; an IPv6 address without its brackets. */
void cg_log_address(const struct cg_log_event *event, char *out, size_t size);

/* What --since and --until say, each may be NULL. False: one is no time, and the error is one of usage. */
bool cg_log_filter_times(struct cg_log_filter *filter, const char *since, const char *until, int64_t now,
                         struct cg_error *err);

/* False only when no event in the line can fit. */
bool cg_log_filter_may(const struct cg_log_filter *filter, const char *line, size_t len);
bool cg_log_filter_fits(const struct cg_log_filter *filter, const struct cg_log_event *event);

#endif
