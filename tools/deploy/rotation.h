/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A rotation that is under way: rotate/NAME.json says which generation waits for its proof and which was live before.
 * It is written before the new one is made, and decided by the proof or by going back. The CA's lock is not held in
 * between; rotate/NAME.lock is, as long as the run lives, so that another run can tell one that waits from one that was
 * killed, and takes back what that left.
 * Called by rotate, and by renew, deploy and needs-renewal for what was left. The CA's lock is held in all but
 * cg_rotation_state. */
#ifndef CG_ROTATION_H
#define CG_ROTATION_H

#include "store/change.h"

struct cg_rotation {
    int lock; /* -1: none */
};

enum cg_rotation_state {
    CG_ROTATION_NONE = 0, /* none, or decided */
    CG_ROTATION_RUNS,     /* another run waits for its proof, or that cannot be looked at */
    CG_ROTATION_LEFT,     /* the run is gone and has not decided */
};

enum cg_rotation_state cg_rotation_state(const struct cg_ca *ca, const char *name);

/* generation: that is about to be made. End it in every case. */
bool cg_rotation_begin(struct cg_rotation *rotation, const struct cg_ca *ca, const char *name, unsigned generation,
                       int64_t when, struct cg_error *err);
void cg_rotation_end(struct cg_rotation *rotation);

bool cg_rotation_prove(const struct cg_ca *ca, const char *name, unsigned generation, int64_t when,
                       struct cg_error *err);

/* Makes the generation from before live and deploys it. *stays: the new one is live all the same, since the one before
 * is revoked or over (why, says err) or another run has made its own choice meanwhile (err is left alone). False: it
 * failed, and the next run tries again. */
bool cg_rotation_roll_back(const struct cg_ca *ca, const char *name, int64_t when, bool *stays, struct cg_error *err);

/* For the other verbs: what was left is taken back. *busy: another run rotates this name now; leave it alone. False also
 * where that cannot be looked at. */
bool cg_rotation_finish(const struct cg_ca *ca, const char *name, int64_t when, bool *busy, struct cg_error *err);

#endif
