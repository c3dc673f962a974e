/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "log_walk.h"

#include "log_reader.h"

#include <stdio.h>
#include <string.h>

static void take(struct cg_log_walk *walk, const char *line, size_t len)
{
    struct cg_log_event event;
    if (!cg_log_object(&line, &len)) {
        walk->foreign += len > 0;
        return;
    }
    if (!cg_log_filter_may(walk->filter, line, len))
        return;
    if (!cg_log_event_parse(&event, line, len)) {
        walk->foreign++;
    } else if (cg_log_filter_fits(walk->filter, &event)) {
        walk->fitting++;
        walk->visit(walk->context, &event, line, len);
    }
    cg_log_event_free(&event);
}

bool cg_log_walk_file(struct cg_log_walk *walk, const char *path, struct cg_error *err)
{
    const char *line;
    size_t len;
    bool follow = walk->wait && strcmp(path, "-") != 0;
    enum cg_log_read got = CG_LOG_FAULT;
    struct cg_log_reader *reader = cg_log_open(path, err);
    while (reader && !ferror(stdout)) {
        got = cg_log_next(reader, follow, &line, &len, err);
        if (got == CG_LOG_LINE)
            take(walk, line, len);
        else if (got == CG_LOG_FAULT || !follow || !walk->wait())
            break;
    }
    walk->too_long += reader ? cg_log_too_long(reader) : 0;
    cg_log_close(reader);
    return got != CG_LOG_FAULT;
}
