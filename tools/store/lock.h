/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The lock of the CA's folder: one writer at a time. The file "lock" names its holder, for those that wait.
 * The struct cg_ca owns the lock. Called by cg_ca_open, and by runs that hold it for long. */
#ifndef CG_CA_LOCK_H
#define CG_CA_LOCK_H

#include "store.h"

/* Waits as long as the options say, and lets them know after a second. */
enum cg_ca_result cg_lock_acquire(struct cg_ca *ca, struct cg_error *err);

/* Between two changes of a long run: once the lock was held for a second, those that wait get it first. *gave: what was read of the
 * folder before may be out of date. Returns as cg_lock_acquire; CG_CA_FAILED also where the CA itself is another one now. */
enum cg_ca_result cg_lock_yield(struct cg_ca *ca, bool *gave, struct cg_error *err);

#endif
