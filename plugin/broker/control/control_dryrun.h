/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What would another policy do to the sessions that live now? Judged in a thread of its own, with the trust anchors and
 * CRLs that are in use: the policy's own file names are not opened, so nobody reads files through this.
 * One run: start, poll, take the answer, free. Owned by control.c; main thread only, but for the thread inside. */
#ifndef CG_CONTROL_DRYRUN_H
#define CG_CONTROL_DRYRUN_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <cjson/cJSON.h>

struct cg_dryrun;

/* text is copied. NULL without memory or thread. */
struct cg_dryrun *cg_dryrun_start(const char *text, const struct cg_conn *first, const struct cg_snapshot *current,
                                  int64_t now);
bool cg_dryrun_is_done(const struct cg_dryrun *dryrun);

/* Once it is over: false when the policy has a fault, which *err names. */
bool cg_dryrun_answer(const struct cg_dryrun *dryrun, cJSON *data, struct cg_error *err);

void cg_dryrun_free(struct cg_dryrun *dryrun); /* waits for the thread; NULL is fine */

#endif
