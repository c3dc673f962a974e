/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Long work reports how far it is. The verb owns the struct, which cg_progress_of (cli/tty.h) fills; the work borrows it.
 * One thread reports. */
#ifndef CG_TOOLS_BASE_PROGRESS_H
#define CG_TOOLS_BASE_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct cg_progress {
    const char *what;                                                      /* "issued", before the count */
    void (*show)(struct cg_progress *progress, size_t done, size_t total); /* NULL: nothing is shown */
    int64_t started_ms, shown_ms;                                          /* monotonic */
};

/* Cheap enough for every line or file. total 0: unknown. progress may be NULL. */
static inline void cg_progress(struct cg_progress *progress, size_t done, size_t total)
{
    if (progress && progress->show)
        progress->show(progress, done, total);
}

#endif
