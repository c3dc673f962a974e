/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the worker found: results of tasks, and news from the spool. Main thread only. */
#ifndef CG_RENEWAL_RESULTS_H
#define CG_RENEWAL_RESULTS_H

#include "parts.h"

/* Takes the results of the worker, up to a number. True: there may be more. */
bool cg_results_take(struct cg_renewal *renewal);

#endif
