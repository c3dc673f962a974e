/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Opening a CA: permissions, lock, recovery after a killed run, certificates, and the checks of a run that changes something.
 * The verb owns the struct cg_ca and closes it. */
#ifndef CG_CA_OPEN_H
#define CG_CA_OPEN_H

#include "store.h"

enum cg_ca_use {
    CG_CA_READ,   /* no lock */
    CG_CA_HOLD,   /* the lock is held until close (lock.h); the change of a killed run is completed or discarded */
    CG_CA_REPAIR, /* as HOLD, and the clock is not before the newest time that the CA has recorded (clock.h) */
    CG_CA_WRITE,  /* as REPAIR, and index.txt contains everything that was issued and revoked (index_check.h) */
    CG_CA_CREATE, /* as REPAIR, for a folder that has no CA yet and may not exist */
};

/* Errors have the cause and the fix. Close it in every case. */
enum cg_ca_result cg_ca_open(struct cg_ca *ca, const struct cg_ca_options *options, enum cg_ca_use use,
                             struct cg_error *err);
void cg_ca_close(struct cg_ca *ca);

#endif
