/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "seen.h"
#include "base/array.h"
#include "reader.h"

#include <string.h>

static bool is_one_of(const struct cg_log_seen *seen, const struct cg_log_event *event)
{
    if (strcmp(event->issuer, seen->issuer) != 0)
        return false;
    for (const char *const *serial = seen->serials; *serial; serial++)
        if (strcmp(*serial, event->serial) == 0)
            return true;
    return false;
}

enum result { NEITHER = 0, ACCEPTED, REJECTED };

static enum result result_of(const char *kind)
{
    static const struct {
        const char *kind;
        enum result result;
    } kinds[] = {{"handshake_accepted", ACCEPTED},
                 {"handshake_audited", ACCEPTED},
                 {"connect_audited", ACCEPTED},
                 {"session_audited", ACCEPTED},
                 {"credential_loaded", ACCEPTED},
                 {"broker_certificate_accepted", ACCEPTED},
                 {"broker_certificate_audited", ACCEPTED},
                 {"handshake_rejected", REJECTED},
                 {"connect_denied", REJECTED},
                 {"session_ended", REJECTED},
                 {"broker_certificate_rejected", REJECTED}};
    for (size_t i = 0; i < CG_COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].result;
    return NEITHER;
}

static void visit(void *context, const struct cg_log_event *event, const char *line, size_t len)
{
    struct cg_log_seen *seen = context;
    const enum result result = is_one_of(seen, event) ? result_of(event->event) : NEITHER;
    cJSON **kept = result == ACCEPTED ? &seen->accepted : &seen->rejected;
    int64_t *at = result == ACCEPTED ? &seen->accepted_ms : &seen->rejected_ms;
    if (result == NEITHER || (*kept && *at > event->at_ms))
        return;
    cJSON_Delete(*kept);
    *kept = cJSON_ParseWithLength(line, len);
    *at = event->at_ms;
}

bool cg_log_seen_read(struct cg_log_seen *seen, const char *path, struct cg_error *err)
{
    const struct cg_log_filter all = {.since_ms = CG_LOG_EVER, .until_ms = CG_LOG_NO_END};
    struct cg_log_walk walk = {.filter = &all, .visit = visit, .context = seen};
    return cg_log_walk_file(&walk, path, err);
}

void cg_log_seen_clear(struct cg_log_seen *seen)
{
    cJSON_Delete(seen->accepted);
    cJSON_Delete(seen->rejected);
    seen->accepted = seen->rejected = NULL;
}
