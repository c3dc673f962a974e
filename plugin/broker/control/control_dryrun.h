/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks all live sessions against another policy, in a separate thread. It uses the loaded trust anchors and CRLs and opens
 * none of the files that the policy names, so that nobody can read files this way. Start, wait until it is done, get the
 * answer, free. Owned by control.c; main thread only, except for its own thread. */
#ifndef CG_CONTROL_DRYRUN_H
#define CG_CONTROL_DRYRUN_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <cjson/cJSON.h>

struct cg_dryrun;

/* first: list of connections; those of live sessions are copied. text is copied, now is the wall clock in s. NULL: out of
 * memory, or no thread. */
struct cg_dryrun *cg_dryrun_start(const char *text, const struct cg_conn *first, const struct cg_snapshot *current,
                                  int64_t now);
bool cg_dryrun_is_done(const struct cg_dryrun *dryrun);

/* Once it is done: adds the result to data. False and *err: the policy has an error. */
bool cg_dryrun_answer(const struct cg_dryrun *dryrun, cJSON *data, struct cg_error *err);

void cg_dryrun_free(struct cg_dryrun *dryrun); /* waits for the thread; accepts NULL */

#endif
