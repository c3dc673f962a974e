/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes lines to a file and to syslog, in order, in a separate thread, so that the broker's loop never waits for a disk. The
 * queue is bounded. Lines that do not fit or cannot be written are lost and counted; the count is written as soon as writing
 * works again. Opened and closed by the reporter. */
#ifndef CG_EVENTLOG_H
#define CG_EVENTLOG_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_eventlog;

/* Makes the line that reports count lost lines and returns its length. Called by the writer thread. */
typedef size_t (*cg_lost_line_fn)(uint64_t count, char *out, size_t size);

struct cg_eventlog_options {
    const char *file; /* appended to, created with mode 0640; NULL: none. Copied. */
    bool syslog;
    size_t max_bytes; /* of the queue */
    cg_lost_line_fn lost_line;
};

/* Opens the file, so that a wrong path is an error at start. NULL and *err on failure. */
struct cg_eventlog *cg_eventlog_open(const struct cg_eventlog_options *options, struct cg_error *err);

/* Whether the file can be appended to; creates it if it is missing. Any thread. */
bool cg_eventlog_probe(const char *file, struct cg_error *err);

/* The file; NULL: none. Borrowed. */
const char *cg_eventlog_path(const struct cg_eventlog *log);

/* Queues a copy of one line without a newline. Never blocks on the disk. */
void cg_eventlog_write(struct cg_eventlog *log, const char *line, size_t len);

/* The writer reopens the file for its next line. It also does so if the file was moved. */
void cg_eventlog_reopen(struct cg_eventlog *log);

struct cg_eventlog_status {
    uint64_t lost; /* lines since the log was opened */
    int failing;   /* errno of the last attempt to write, 0: success */
};
void cg_eventlog_status(struct cg_eventlog *log, struct cg_eventlog_status *out);

/* Writes the queue for at most 2 s, then ends the thread. Accepts NULL. */
void cg_eventlog_close(struct cg_eventlog *log);

/* Does not wait: the thread writes the whole queue, frees the log and ends. */
void cg_eventlog_retire(struct cg_eventlog *log);

#endif
