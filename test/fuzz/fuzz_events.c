/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lines of event logs: any bytes are an event or none, a filter made of an event's values matches it, and a command to
 * paste contains only characters that a shell does not interpret. */
#include "fuzz.h"
#include "log/filter.h"
#include "log/fix.h"

#include <stdlib.h>
#include <string.h>

static void check_command(const struct cg_log_event *event)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._/@:+-";
    char command[CG_FIX_MAX];
    if (cg_log_fix(event, command) && command[strspn(command, good)])
        abort();
}

static void check_filter(const struct cg_log_event *event)
{
    const char *reason = event->reason, *kind = event->event, *peer = event->peer, *client = event->client_id,
               *subject = event->subject;
    struct cg_error err = {""};
    struct cg_log_filter filter = {.reason = {&reason, 1}, .event = {&kind, 1}, .client = {&client, 1}};
    if (*peer)
        filter.peer = (struct cg_list){&peer, 1};
    if (*subject)
        filter.cert = (struct cg_list){&subject, 1};
    if (!cg_log_filter_times(&filter, event->ts, NULL, 0, &err))
        abort();
    (void)cg_log_filter_fits(&filter, event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_log_event event;
    const char *line = (const char *)data;
    size_t len = size;
    if (!cg_log_object(&line, &len))
        return 0;
    if (cg_log_event_parse(&event, line, len)) {
        check_command(&event);
        check_filter(&event);
    }
    cg_log_event_free(&event);
    return 0;
}
