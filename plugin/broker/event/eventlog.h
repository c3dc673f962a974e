/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes event lines to a file and to syslog from a thread of its own, in order: the broker's loop never waits for
 * a disk. The queue is bounded; what finds no room, and what the disk does not take, is lost, counted, and told
 * as soon as something can be written again. Opened and closed by the reporter; knows nothing of events. */
#ifndef CG_EVENTLOG_H
#define CG_EVENTLOG_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_eventlog;

/* Makes the line that tells a loss: count lines since the last time. Called by the writer thread. */
typedef size_t (*cg_lost_line_fn)(uint64_t count, char *out, size_t size);

struct cg_eventlog_options {
    const char *file; /* appended to, made with 0640 when it is not there; NULL: none. Copied. */
    bool syslog;
    size_t max_bytes; /* that may wait in the queue */
    cg_lost_line_fn lost_line;
};

/* The file is opened here, so that a wrong path is told at start. NULL and *err when that fails. */
struct cg_eventlog *cg_eventlog_open(const struct cg_eventlog_options *options, struct cg_error *err);

/* Can the file be appended to? It is made where it is not there. Any thread. */
bool cg_eventlog_probe(const char *file, struct cg_error *err);

/* Takes a copy of one line without newline; never blocks on the disk. */
void cg_eventlog_write(struct cg_eventlog *log, const char *line, size_t len);

/* The writer opens the file anew before its next line (it also sees by itself when the file was moved). */
void cg_eventlog_reopen(struct cg_eventlog *log);

struct cg_eventlog_status {
    uint64_t lost;      /* lines since the log was opened */
    int failing;        /* errno of the last attempt, 0 while all is well */
    uint64_t recovered; /* how often it came back */
};
void cg_eventlog_status(struct cg_eventlog *log, struct cg_eventlog_status *out);

/* Writes what waits, for at most 2 s, then ends the thread. NULL is fine. */
void cg_eventlog_close(struct cg_eventlog *log);

/* The same without waiting: the thread ends when all is written, and frees the log. */
void cg_eventlog_retire(struct cg_eventlog *log);

#endif
