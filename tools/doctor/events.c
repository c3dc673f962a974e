/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the end of the event log: a rejected change, lost events, refused handshakes. */
#include "log/filter.h"
#include "rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL ((off_t)256 << 10)

/* The last lines of the log, terminated; malloc'ed. NULL: there is no log, or it cannot be read. */
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

struct tail {
    double count;   /* of the wanted events */
    char last[600]; /* of them */
    bool rejected;  /* the last change was rejected, and no other was loaded after it */
    char rejection[700];
};

static void add_event(struct tail *tail, const char *wanted, const struct cg_log_event *event)
{
    bool rejected = strcmp(event->event, "snapshot_rejected") == 0;
    if (strcmp(event->event, wanted) == 0) {
        tail->count += cg_log_event_weight(event);
        snprintf(tail->last, sizeof tail->last, "%s %s %s", event->ts, event->peer, event->reason);
    }
    if (rejected || strcmp(event->event, "snapshot_loaded") == 0) {
        tail->rejected = rejected;
        snprintf(tail->rejection, sizeof tail->rejection, "at %s: %s", event->ts, event->detail);
    }
}

static struct tail scan(const struct cg_doctor *d, const char *wanted)
{
    const char *file = cg_doctor_event_log(d);
    char *text = file ? read_tail(file) : NULL, *rest = text;
    struct tail tail = {0};
    for (const char *line; rest && (line = strsep(&rest, "\n"));) {
        size_t len = strlen(line);
        struct cg_log_event event;
        if (!cg_log_object(&line, &len))
            continue;
        if (cg_log_event_parse(&event, line, len))
            add_event(&tail, wanted, &event);
        cg_log_event_free(&event);
    }
    free(text);
    return tail;
}

static void change_rejected(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct tail tail = scan(d, "");
    if (tail.rejected)
        cg_doctor_report(d, row, "%s: %s", cg_doctor_event_log(d), tail.rejection);
}

void cg_doctor_report_event(struct cg_doctor *d, const struct cg_rule_row *row, const char *event)
{
    const struct tail tail = scan(d, event);
    if (tail.count > 0)
        cg_doctor_report(d, row, "%s: number of events: %.0f, last: %s", cg_doctor_event_log(d), tail.count, tail.last);
}

static const struct cg_doctor_rule rules[] = {
    {{"change_refused", CG_LINT_WARNING, "", "A changed file is not in use. The broker keeps using the previous state.",
      "Correct the error that the finding shows. The plugin tries again automatically when the file changes."},
     .check = change_rejected},
    {{"events_lost", CG_LINT_NOTICE, "", "Some events could not be written and are missing.",
      "Free disk space, or let logrotate do so: certguard install-units"},
     .event = "events_lost"},
    {{"own_certificate_refused", CG_LINT_NOTICE, "",
      "The broker's own certificate violated the policy's server rules. Handshakes or a start of the broker were "
      "refused.",
      "certguard log --event broker_certificate_rejected --explain shows the rule and the fix."},
     .event = "broker_certificate_rejected"},
    {{"clients_refused", CG_LINT_NOTICE, "", "Handshakes were refused recently.",
      "certguard log --explain shows the clients and the reasons."},
     .event = "handshake_rejected"},
};
const struct cg_doctor_rules cg_doctor_event_rules = {rules, CG_COUNT(rules)};
