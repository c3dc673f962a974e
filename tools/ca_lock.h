/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The lock of the CA's folder: one writer at a time. The file "lock" names its holder, for those that wait.
 * The struct cg_ca owns the lock. Called by cg_ca_open, and by runs that hold it for long. */
#ifndef CG_CA_LOCK_H
#define CG_CA_LOCK_H

#include "ca_store.h"

/* Waits as long as --wait says, and says so after a second. Returns CG_EXIT_OK, _FAILED or _LOCKED. */
int cg_lock_take(struct cg_ca *ca, const struct cg_cli *cli, struct cg_error *err);

/* Between two changes of a long run: once the lock was held for a second, those that wait get it first. *gave: what was read of the
 * folder before may be out of date. Returns as cg_lock_take; _FAILED also where the CA itself is another one now. */
int cg_lock_give_way(struct cg_ca *ca, const struct cg_cli *cli, bool *gave, struct cg_error *err);

#endif
