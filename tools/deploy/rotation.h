/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A rotation in progress: rotate/NAME.json has the generation to be proven and the previous one. It is written before the
 * new generation is made, and decided when that is proven or the previous one is restored. Between, the run holds
 * rotate/NAME.lock, but not the CA's lock. So another run can distinguish a waiting run from a killed one, and restores the
 * previous generation after the latter.
 * Called by rotate, and by renew, deploy and needs-renewal after a killed run. The CA's lock is held in all functions but
 * cg_rotation_state. */
#ifndef CG_ROTATION_H
#define CG_ROTATION_H

#include "store/change.h"

struct cg_rotation {
    int lock; /* -1: none */
};

enum cg_rotation_state {
    CG_ROTATION_NONE = 0, /* none, or decided */
    CG_ROTATION_RUNS,     /* another run waits for its broker, or that cannot be determined */
    CG_ROTATION_LEFT,     /* the run has ended without a decision */
};

enum cg_rotation_state cg_rotation_state(const struct cg_ca *ca, const char *name);

/* generation: the one about to be made. End it in every case. */
bool cg_rotation_begin(struct cg_rotation *rotation, const struct cg_ca *ca, const char *name, unsigned generation,
                       struct cg_error *err);
void cg_rotation_end(struct cg_rotation *rotation);

bool cg_rotation_prove(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err);

/* Makes the previous generation live and deploys it. *stays: the new one stays live, because the previous one is revoked or
 * has expired (err has the reason) or another run made another one live (err is unchanged). False: it failed, and the next
 * run tries again. */
bool cg_rotation_roll_back(const struct cg_ca *ca, const char *name, bool *stays, struct cg_error *err);

/* For the other verbs: restores the previous generation after a killed run. *busy: another run is rotating this name; leave
 * it alone. False also if that cannot be determined. */
bool cg_rotation_finish(const struct cg_ca *ca, const char *name, bool *busy, struct cg_error *err);
bool cg_rotation_fail_busy(const char *name, struct cg_error *err); /* the error if *busy; always false */

#endif
