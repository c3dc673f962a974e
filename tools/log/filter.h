/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Events of a log, and a filter for them. One value of an option must match, and all options must match. The filter borrows
 * the strings of the command line; the event owns its JSON. Called by the verbs log and report. */
#ifndef CG_LOG_FILTER_H
#define CG_LOG_FILTER_H

#include "base/json.h"
#include "cli/values.h"
#include "core/base/error.h"
#include "core/base/reason.h"

#define CG_LOG_WORD_MAX 256
#define CG_LOG_EVER     INT64_MIN
#define CG_LOG_NO_END   INT64_MAX

struct cg_log_filter {
    struct cg_list reason, peer, client, cert, listener, event;
    int64_t since_ms, until_ms; /* since <= time < until; CG_LOG_EVER and CG_LOG_NO_END: no limit */
};

/* Strings are borrowed from json; "" if the line has none. */
struct cg_log_event {
    cJSON *json;
    int64_t at_ms;
    const char *ts, *event, *reason, *detail, *peer, *client_id, *fix, *file, *policy;
    const char *subject, *issuer, *serial, *sha256, *not_after;
    int listener;
    enum cg_cert_owner cert_owner; /* of the certificate */
    bool audit;                    /* the client was accepted all the same */
    double count, anchors, crls;   /* 0 if missing */
};

/* Narrows the line to its JSON object: in syslog, events follow "certguard: ". False: not an event, or incomplete. */
bool cg_log_object(const char **line, size_t *len);

/* False: not an event. Free it in every case. */
bool cg_log_event_parse(struct cg_log_event *event, const char *line, size_t len);
void cg_log_event_free(struct cg_log_event *event);

/* The number of events that the line represents: "suppressed" lines count the events they replace. */
double cg_log_event_weight(const struct cg_log_event *event);

/* The peer's address without port, and without the brackets of IPv6. */
void cg_log_address(const struct cg_log_event *event, char *out, size_t size);

/* Sets the times from --since and --until; each may be NULL. False: one is not a time, which is wrong usage. */
bool cg_log_filter_times(struct cg_log_filter *filter, const char *since, const char *until, int64_t now,
                         struct cg_error *err);

bool cg_log_filter_fits(const struct cg_log_filter *filter, const struct cg_log_event *event);

#endif
