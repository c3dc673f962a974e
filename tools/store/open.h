/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Opening a CA: rights, lock, what a killed run left, its certificates, and what a run that changes something asks first.
 * The verb owns the struct cg_ca and closes it. */
#ifndef CG_CA_OPEN_H
#define CG_CA_OPEN_H

#include "store.h"

enum cg_ca_use {
    CG_CA_READ,   /* no lock */
    CG_CA_HOLD,   /* the lock is held until close (see lock.h), and what a killed run left was finished or removed */
    CG_CA_MEND,   /* the same, and the clock is not before what the CA has seen (clock.h) */
    CG_CA_WRITE,  /* the same, and index.txt answers for all that was issued and revoked (index_check.h) */
    CG_CA_CREATE, /* as WRITE, for a folder that has no CA yet and may not exist */
};

/* The text says why, and what to do. Close it in every case. */
enum cg_ca_result cg_ca_open(struct cg_ca *ca, const struct cg_ca_options *options, enum cg_ca_use use,
                             struct cg_error *err);
void cg_ca_close(struct cg_ca *ca);

#endif
