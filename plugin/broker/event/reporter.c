/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reporter.h"

#include "broker/base/clock.h"
#include "broker/base/noun.h"
#include "event_json.h"
#include "event_limits.h"
#include "eventlog.h"

#include "core/base/text.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_BYTES      ((size_t)4 << 20)
#define FAILURE_EVERY_MS 60000 /* between two reports that the log cannot be written */

struct cg_reporter {
    struct cg_log_policy policy; /* without the file name */
    struct cg_eventlog *log;
    struct cg_limits *limits;
    cg_broker_log_fn broker_log;
    struct cg_eventlog_status reported;
    struct cg_counters counters;
    int64_t failure_reported_ms; /* 0: no failure */
};

static size_t lost_line(uint64_t count, char *out, size_t size)
{
    struct cg_event event = {.type = CG_EVENT_EVENTS_LOST, .at_ms = cg_clock_wall_ms(), .count = count};
    return cg_event_json(&event, out, size);
}

static const char *named_file(const struct cg_log_policy *policy)
{
    return policy->file && strcmp(policy->file, "-") != 0 ? policy->file : NULL;
}

/* Opens the log that the policy names. On failure, the current one stays in use. */
static bool open_log(struct cg_reporter *reporter, const struct cg_log_policy *policy, struct cg_error *err)
{
    const struct cg_eventlog_options options = {named_file(policy), policy->syslog, QUEUE_BYTES, lost_line};
    struct cg_eventlog *log = cg_eventlog_open(&options, err);
    if (!log)
        return false;
    reporter->log = log;
    memset(&reporter->reported, 0, sizeof reporter->reported);
    reporter->failure_reported_ms = 0;
    return true;
}

static void copy_policy(struct cg_reporter *reporter, const struct cg_log_policy *policy)
{
    reporter->policy = *policy;
    reporter->policy.file = NULL;
}

struct cg_reporter *cg_reporter_open(const struct cg_log_policy *policy, cg_broker_log_fn broker_log,
                                     struct cg_error *err)
{
    struct cg_reporter *reporter = calloc(1, sizeof *reporter);
    cg_error_set(err, "cannot open the event log: out of memory");
    if (!reporter)
        return NULL;
    copy_policy(reporter, policy);
    reporter->broker_log = broker_log;
    reporter->limits = cg_limits_new();
    if (reporter->limits && open_log(reporter, policy, err)) {
        cg_error_set(err, "%s", "");
        return reporter;
    }
    cg_limits_free(reporter->limits);
    free(reporter);
    return NULL;
}

void cg_reporter_apply(struct cg_reporter *reporter, const struct cg_log_policy *policy)
{
    const char *named = named_file(policy), *path = cg_eventlog_path(reporter->log);
    bool same = reporter->policy.syslog == policy->syslog && (named && path ? strcmp(named, path) == 0 : named == path);
    struct cg_eventlog *old = reporter->log;
    struct cg_error err = {""};
    copy_policy(reporter, policy);
    if (same)
        return;
    if (open_log(reporter, policy, &err))
        cg_eventlog_retire(old);
    else
        reporter->broker_log(CG_LEVEL_ERROR, err.text); /* the file was writable when the policy was loaded */
}

/* Returns the length of its line. */
static size_t write_event(struct cg_reporter *reporter, const struct cg_event *event)
{
    char line[CG_EVENT_LINE_MAX], text[CG_EVENT_TEXT_MAX], plain[CG_EVENT_TEXT_MAX];
    struct cg_event dated = *event;
    dated.at_ms = cg_clock_wall_ms();

    /* Names that cannot be decoded leave errors in the queue, which would make the next SSL_read fail. */
    ERR_set_mark();
    size_t len = cg_event_json(&dated, line, sizeof line - 1);
    cg_event_text(&dated, text, sizeof text);
    ERR_pop_to_mark();
    cg_eventlog_write(reporter->log, line, len);
    cg_text_escape(text, strlen(text), plain, sizeof plain);
    reporter->broker_log(cg_event_level(event->type), plain);
    return len + 1;
}

void cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event)
{
    cg_counters_add(&reporter->counters, event);
    if (cg_limits_pass(reporter->limits, event, cg_clock_monotonic_ms(), &reporter->policy))
        cg_limits_wrote(reporter->limits, event, write_event(reporter, event));
}

static size_t write_suppressed(void *reporter, const struct cg_event *event)
{
    return write_event(reporter, event);
}

static int64_t flush(struct cg_reporter *reporter, bool all)
{
    return cg_limits_flush(reporter->limits, cg_clock_monotonic_ms(), all, &reporter->policy, write_suppressed,
                           reporter);
}

/* Logs lost events to the broker's log: at once, then once per minute while more are lost, and when the loss ends. */
static void report_failure(struct cg_reporter *reporter, int64_t now_ms)
{
    struct cg_eventlog_status now;
    char text[CG_EVENT_TEXT_MAX], file[512] = "";
    const char *path = cg_eventlog_path(reporter->log) ? cg_eventlog_path(reporter->log) : "syslog";
    cg_eventlog_status(reporter->log, &now);
    bool first = now.lost != reporter->reported.lost && !reporter->failure_reported_ms;
    bool again = now.lost != reporter->reported.lost && now_ms - reporter->failure_reported_ms >= FAILURE_EVERY_MS;
    bool recovered = !now.failing && reporter->failure_reported_ms && now.lost == reporter->reported.lost;
    if (first || again || recovered)
        cg_text_escape(path, strlen(path), file, sizeof file);
    if (first || again) {
        snprintf(text, sizeof text,
                 "cannot write event log %s: %s; %llu %s lost so far. Free disk space or repair its folder. The "
                 "broker keeps running",
                 file, now.failing ? strerror(now.failing) : "the disk is too slow", (unsigned long long)now.lost,
                 cg_noun((int64_t)now.lost, "event", "events"));
        reporter->broker_log(CG_LEVEL_ERROR, text);
        reporter->failure_reported_ms = now_ms;
        reporter->reported = now;
    } else if (recovered) {
        snprintf(text, sizeof text, "writing event log %s again; %llu %s lost", file, (unsigned long long)now.lost,
                 cg_noun((int64_t)now.lost, "event was", "events were"));
        reporter->broker_log(CG_LEVEL_NOTICE, text);
        reporter->failure_reported_ms = 0;
    }
}

int64_t cg_reporter_poll(struct cg_reporter *reporter)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    report_failure(reporter, now_ms);
    return flush(reporter, false);
}

void cg_reporter_reopen(struct cg_reporter *reporter)
{
    cg_eventlog_reopen(reporter->log);
}

void cg_reporter_set_kept(struct cg_reporter *reporter, size_t parts)
{
    reporter->counters.parts_kept = parts;
}

const struct cg_counters *cg_reporter_counters(const struct cg_reporter *reporter)
{
    return &reporter->counters;
}

void cg_reporter_close(struct cg_reporter *reporter)
{
    if (!reporter)
        return;
    flush(reporter, true);
    cg_eventlog_close(reporter->log);
    cg_limits_free(reporter->limits);
    free(reporter);
}
