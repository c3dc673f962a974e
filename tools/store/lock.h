/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The lock of the CA's folder: one writer at a time. The file "lock" names its holder for runs that wait.
 * The struct cg_ca owns the lock. Called by cg_ca_open, and by runs that hold it for a long time. */
#ifndef CG_CA_LOCK_H
#define CG_CA_LOCK_H

#include "store.h"

/* Waits as long as the options allow, and calls their waits after a second. */
enum cg_ca_result cg_lock_acquire(struct cg_ca *ca, struct cg_error *err);

/* For work that must not hold the lock, such as waiting for other programs. again waits longer than cg_lock_acquire, as the run
 * has already started; CG_CA_FAILED also if the CA was replaced. Data read before may be outdated. */
bool cg_lock_release(const struct cg_ca *ca, struct cg_error *err);
enum cg_ca_result cg_lock_again(struct cg_ca *ca, struct cg_error *err);

/* Between two changes of a long run: after holding the lock for a second, gives it to waiting runs and acquires it again.
 * *yielded: it did, so data read before may be outdated. Returns as cg_lock_acquire; CG_CA_FAILED also if the CA was replaced. */
enum cg_ca_result cg_lock_yield(struct cg_ca *ca, bool *yielded, struct cg_error *err);

#endif
