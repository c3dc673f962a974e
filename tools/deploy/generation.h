/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Generations of a name: which one is live, which one may become live again, and the switch.
 *
 * The state of a generation is in the journal: rotate writes "rotating" before it deploys one, and "proven" when the broker
 * serves it; "switched" makes another one live and takes the live one back. A generation is unproven if it was taken back,
 * or if its rotation was not proven. Generations that deploy or renew made live need no proof.
 * Nothing is owned. Called by deploy, rotate and renew. */
#ifndef CG_GENERATION_H
#define CG_GENERATION_H

#include "store/change.h"

unsigned cg_generation_live(const struct cg_ca *ca, const char *name); /* 0: none */

/* Its files were removed (prune.h), except its certificate. */
bool cg_generation_is_pruned(const struct cg_ca *ca, const char *name, unsigned generation);

/* False, with the reason and the fix, if its files were removed, or its certificate is revoked, has expired or is not
 * valid yet. */
bool cg_generation_is_valid(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err);

/* The newest one before the live one that is valid and not unproven; passed has the reasons against newer ones, or "".
 * False: there is none, and err has the reasons, that of the newest first. */
bool cg_generation_choose_earlier(const struct cg_ca *ca, const char *name, unsigned *chosen, struct cg_error *passed,
                                  struct cg_error *err);

/* Makes an earlier generation live again. The caller has checked it with one of the functions above. */
bool cg_generation_switch(const struct cg_ca *ca, const char *name, unsigned generation, struct cg_error *err);

/* Adds a journal line about a generation. */
bool cg_generation_note(struct cg_change *change, const char *done, const char *name, unsigned generation,
                        struct cg_error *err);

#endif
