/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The events of log files that a filter lets through, one call each; what is no event is counted and passed over. Files
 * are plain or packed (gzip, xz, zstd, bzip2), or standard input, read in constant memory, and on request on and on through rotation.
 * The caller owns the walk; nothing is kept. Called by the verbs log and report. */
#ifndef CG_LOG_READER_H
#define CG_LOG_READER_H

#include "filter.h"

#define CG_LOG_LINE_MAX 65536 /* events have at most 8 KB; longer lines are counted and skipped */

struct cg_log_walk {
    const struct cg_log_filter *filter; /* made ready */
    /* event and line are valid within the call; line is the object alone, not terminated */
    void (*visit)(void *context, const struct cg_log_event *event, const char *line, size_t len);
    bool (*wait)(void); /* the end was reached: false ends it, true looks again (--follow). NULL: ends */
    void *context;
    uint64_t fitting, foreign, too_long; /* counted on over several files */
};

/* path "-": standard input. False: the file could not be read (to its end); the text says why. */
bool cg_log_walk_file(struct cg_log_walk *walk, const char *path, struct cg_error *err);

#endif
