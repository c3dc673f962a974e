/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lines of event logs, one at a time, in constant memory: plain or gzip, a file or standard input, and on request
 * on and on through rotation. The reader owns its buffer and file; a line is valid until the next call.
 * Called by the verbs log and report. */
#ifndef CG_LOG_READER_H
#define CG_LOG_READER_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_LOG_LINE_MAX 65536 /* events have at most 8 KB; longer lines are counted and skipped */

enum cg_log_read {
    CG_LOG_END = 0, /* of the file; when following: nothing new at present */
    CG_LOG_LINE,
    CG_LOG_FAULT, /* err says why; what was read before stays good */
};

struct cg_log_reader;

/* path "-": standard input. NULL when it cannot be opened. */
struct cg_log_reader *cg_log_open(const char *path, struct cg_error *err);
void cg_log_close(struct cg_log_reader *reader);

/* The next line, without line feed and not terminated. With follow, a half line waits for its rest, and a file that
 * was renamed away or cut short is read to its end and opened anew. */
enum cg_log_read cg_log_next(struct cg_log_reader *reader, bool follow, const char **line, size_t *len,
                             struct cg_error *err);

uint64_t cg_log_too_long(const struct cg_log_reader *reader); /* lines skipped so far */
uint64_t cg_log_bytes(const struct cg_log_reader *reader);    /* read so far, unpacked */

#endif
