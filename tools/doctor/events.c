/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on what the end of the event log tells: a change that was refused, events that were lost, who is refused. */
#include "log/filter.h"
#include "rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL ((off_t)256 << 10)

/* The last lines of the log, terminated; malloc'ed. NULL: there is none, or it can't be read. */
static char *read_tail(const char *file)
{
    struct stat st;
    char *text = NULL;
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (text = calloc(1, (size_t)TAIL + 1))) {
        off_t from = st.st_size > TAIL ? st.st_size - TAIL : 0;
        if (pread(fd, text, (size_t)TAIL, from) < 0) {
            free(text);
            text = NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    return text;
}

typedef void take_event(void *context, const struct cg_log_event *event);

static void each_event(const struct cg_doctor *d, take_event *take, void *context)
{
    const char *file = cg_doctor_event_log(d);
    char *text = file ? read_tail(file) : NULL, *rest = text;
    for (const char *line; rest && (line = strsep(&rest, "\n"));) {
        size_t len = strlen(line);
        struct cg_log_event event;
        if (!cg_log_object(&line, &len))
            continue;
        if (cg_log_event_parse(&event, line, len))
            take(context, &event);
        cg_log_event_free(&event);
    }
    free(text);
}

/* --- a change that was refused, and nothing good came after it --- */

struct last_change {
    bool refused;
    char ts[32], detail[600];
};

static void keep_change(void *context, const struct cg_log_event *event)
{
    struct last_change *last = context;
    bool refused = strcmp(event->event, "snapshot_rejected") == 0;
    if (!refused && strcmp(event->event, "snapshot_loaded") != 0)
        return;
    last->refused = refused;
    snprintf(last->ts, sizeof last->ts, "%s", event->ts);
    snprintf(last->detail, sizeof last->detail, "%s", event->detail);
}

static void change_refused(struct cg_doctor *d, const struct cg_rule_row *row)
{
    struct last_change last = {false, "", ""};
    each_event(d, keep_change, &last);
    if (last.refused)
        cg_doctor_report(d, row, "%s: at %s: %s", cg_doctor_event_log(d), last.ts, last.detail);
}

/* --- counts --- */

struct tally {
    const char *event; /* counted */
    double count;
    char last[600];
};

static void count_event(void *context, const struct cg_log_event *event)
{
    struct tally *tally = context;
    if (strcmp(event->event, tally->event) != 0)
        return;
    tally->count += cg_log_event_weight(event);
    snprintf(tally->last, sizeof tally->last, "%s %s %s", event->ts, event->peer, event->reason);
}

static void report_tally(struct cg_doctor *d, const struct cg_rule_row *row, const char *event)
{
    struct tally tally = {.event = event};
    each_event(d, count_event, &tally);
    if (tally.count > 0)
        cg_doctor_report(d, row, "%s: %.0f times; the last: %s", cg_doctor_event_log(d), tally.count, tally.last);
}

static void lost(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_tally(d, row, "events_lost");
}

static void own_certificate(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_tally(d, row, "broker_certificate_rejected");
}

static void refusals(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_tally(d, row, "handshake_rejected");
}

static const struct cg_doctor_rule rules[] = {
    {{"change_refused", CG_LINT_WARNING, "",
      "A changed file is not in force: the broker goes on with the state before.",
      "Mend what is named; the plugin tries again by itself when the file changes."},
     .look = change_refused},
    {{"events_lost", CG_LINT_NOTICE, "", "Events could not be written, and some are missing.",
      "Make room on the disk, or let logrotate do it: certguard install-units"},
     .look = lost},
    {{"own_certificate_refused", CG_LINT_NOTICE, "",
      "The broker's own certificate broke the policy's server rules: handshakes or a start were refused.",
      "certguard log --event broker_certificate_rejected --explain shows which rule, and the fix for it."},
     .look = own_certificate},
    {{"clients_refused", CG_LINT_NOTICE, "", "Handshakes were refused lately.",
      "certguard log --explain shows whom, and why."},
     .look = refusals},
};
const struct cg_doctor_rules cg_doctor_event_rules = {rules, CG_COUNT(rules)};
