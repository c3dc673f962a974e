/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads log files and passes each event that matches a filter to a callback. Lines that are not events are counted and
 * skipped. Files may be compressed with gzip; "-" is standard input. Memory is constant; a file can be followed through rotation.
 * The caller owns the walk. Called by the verbs log and report. */
#ifndef CG_LOG_READER_H
#define CG_LOG_READER_H

#include "base/progress.h"
#include "filter.h"

#define CG_LOG_LINE_MAX 65536 /* events have at most 8 KB; longer lines are counted and skipped */

struct cg_log_walk {
    const struct cg_log_filter *filter; /* after cg_log_filter_times */
    /* event and line are valid within the call; line is the object alone, not terminated */
    void (*visit)(void *context, const struct cg_log_event *event, const char *line, size_t len);
    bool (*wait)(void); /* at the end of a file: true to continue (--follow), false to stop. NULL: stop */
    void *context;
    size_t lines, fitting, foreign, too_long; /* of all files; lines: all but those that are too long */
    struct cg_progress *progress;             /* in lines; may be NULL */
};

/* path "-": standard input. False: the file cannot be read to its end; see *err. */
bool cg_log_walk_file(struct cg_log_walk *walk, const char *path, struct cg_error *err);

#endif
