/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reporter.h"

#include "broker/base/clock.h"
#include "event_json.h"
#include "event_limits.h"
#include "eventlog.h"

#include "core/base/text.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_BYTES      ((size_t)4 << 20)
#define TROUBLE_EVERY_MS 60000 /* how often a log that takes no lines is mentioned */

struct cg_reporter {
    struct cg_log_policy policy; /* numbers and switches only */
    struct cg_eventlog *log;
    struct cg_limits *limits;
    cg_broker_log_fn broker_log;
    char *path;     /* of the file; NULL: none */
    char file[512]; /* for messages; "" for none */
    struct cg_eventlog_status seen;
    struct cg_counters counters;
    int64_t trouble_told_ms;
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

/* Opens the log that the policy names. False: nothing has changed. */
static bool open_log(struct cg_reporter *reporter, const struct cg_log_policy *policy, struct cg_error *err)
{
    const char *named = named_file(policy);
    char *path = named ? strdup(named) : NULL;
    const struct cg_eventlog_options options = {named, policy->syslog, QUEUE_BYTES, lost_line};
    struct cg_eventlog *log = !named || path ? cg_eventlog_open(&options, err) : NULL;
    if (!log) {
        free(path);
        return false;
    }
    free(reporter->path);
    reporter->path = path;
    reporter->file[0] = '\0';
    if (path)
        cg_text_escape(path, strlen(path), reporter->file, sizeof reporter->file);
    reporter->log = log;
    memset(&reporter->seen, 0, sizeof reporter->seen);
    reporter->trouble_told_ms = 0;
    return true;
}

static void take_policy(struct cg_reporter *reporter, const struct cg_log_policy *policy)
{
    reporter->policy = *policy;
    reporter->policy.file = NULL;
}

struct cg_reporter *cg_reporter_open(const struct cg_log_policy *policy, cg_broker_log_fn broker_log,
                                     struct cg_error *err)
{
    struct cg_reporter *reporter = calloc(1, sizeof *reporter);
    cg_error_set(err, "event log: out of memory");
    if (!reporter)
        return NULL;
    take_policy(reporter, policy);
    reporter->broker_log = broker_log;
    reporter->limits = cg_limits_new();
    if (reporter->limits && open_log(reporter, policy, err)) {
        cg_error_set(err, "%s", "");
        return reporter;
    }
    cg_limits_free(reporter->limits);
    free(reporter->path);
    free(reporter);
    return NULL;
}

void cg_reporter_apply(struct cg_reporter *reporter, const struct cg_log_policy *policy)
{
    const char *named = named_file(policy);
    bool same = reporter->policy.syslog == policy->syslog &&
                (named && reporter->path ? strcmp(named, reporter->path) == 0 : named == reporter->path);
    struct cg_eventlog *old = reporter->log;
    struct cg_error err = {""};
    take_policy(reporter, policy);
    if (same)
        return;
    if (open_log(reporter, policy, &err))
        cg_eventlog_retire(old);
    else
        reporter->broker_log(CG_LEVEL_ERROR, err.text); /* it was there when the policy was loaded */
}

/* Returns the length of its line. */
static size_t write_event(struct cg_reporter *reporter, const struct cg_event *event)
{
    char line[CG_EVENT_LINE_MAX], words[CG_EVENT_WORDS_MAX], plain[CG_EVENT_WORDS_MAX];
    struct cg_event dated = *event;
    dated.at_ms = cg_clock_wall_ms();

    /* Names that cannot be decoded leave errors in the queue, which the next SSL_read would take for its own. */
    ERR_set_mark();
    size_t len = cg_event_json(&dated, line, sizeof line - 1);
    cg_event_words(&dated, words, sizeof words);
    ERR_pop_to_mark();
    cg_eventlog_write(reporter->log, line, len);
    cg_text_escape(words, strlen(words), plain, sizeof plain);
    reporter->broker_log(cg_event_level(event->type), plain);
    return len + 1;
}

void cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event)
{
    cg_counters_note(&reporter->counters, event);
    if (cg_limits_pass(reporter->limits, event, cg_clock_monotonic_ms(), &reporter->policy))
        cg_limits_wrote(reporter->limits, event, write_event(reporter, event));
}

static size_t tell_left_out(void *reporter, const struct cg_event *event)
{
    return write_event(reporter, event);
}

static int64_t flush(struct cg_reporter *reporter, bool all)
{
    return cg_limits_flush(reporter->limits, cg_clock_monotonic_ms(), all, &reporter->policy, tell_left_out, reporter);
}

/* The broker's log says that events are lost: at once, then once a minute while more are lost, and when it ends. */
static void tell_trouble(struct cg_reporter *reporter, int64_t now_ms)
{
    struct cg_eventlog_status now;
    char text[CG_EVENT_WORDS_MAX];
    cg_eventlog_status(reporter->log, &now);
    bool first = now.lost != reporter->seen.lost && !reporter->trouble_told_ms;
    bool again = now.lost != reporter->seen.lost && now_ms - reporter->trouble_told_ms >= TROUBLE_EVERY_MS;
    bool well = !now.failing && reporter->trouble_told_ms && now.lost == reporter->seen.lost;
    if (first || again) {
        snprintf(text, sizeof text,
                 "%llu events lost so far: the event log %s does not take them (%s); make room or mend "
                 "its folder, the broker goes on meanwhile",
                 (unsigned long long)now.lost, reporter->file, now.failing ? strerror(now.failing) : "too slow");
        reporter->broker_log(CG_LEVEL_ERROR, text);
        reporter->trouble_told_ms = now_ms;
        reporter->seen = now;
    } else if (well) {
        snprintf(text, sizeof text, "the event log %s takes events again; %llu were lost", reporter->file,
                 (unsigned long long)now.lost);
        reporter->broker_log(CG_LEVEL_NOTICE, text);
        reporter->trouble_told_ms = 0;
    }
}

int64_t cg_reporter_poll(struct cg_reporter *reporter)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    tell_trouble(reporter, now_ms);
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
    free(reporter->path);
    free(reporter);
}
