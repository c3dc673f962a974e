/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Work on all processors. A new thread has the file rights of its creator. Nothing is owned. Called by the CA for many
 * certificates, and by the check of a fleet. */
#ifndef CG_PARALLEL_H
#define CG_PARALLEL_H

#include <stddef.h>
#include <stdint.h>

/* Calls job with the numbers from 0 to count - 1, each once, in several threads, and waits for all of them. After limit_ms
 * (0: never) no further job is started, but job 0 always is. Returns how many were started. */
typedef void cg_parallel_fn(void *context, size_t number);
size_t cg_parallel(size_t count, int64_t limit_ms, cg_parallel_fn *job, void *context);

#endif
