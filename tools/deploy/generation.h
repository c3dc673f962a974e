/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Generations of a name: which one is live, which one may be made live again, and the switch.
 *
 * What is known of a generation stands in the journal: rotate writes "rotating" before it brings one out and "proven"
 * once the broker served it; what was live when another was "switched" to was taken back. A generation that was taken
 * back, or whose rotation has not come to its proof, is unproven. Of one that was brought out by deploy or renew nobody
 * asked for a proof, so it is not.
 * Nothing is owned. Called by deploy, rotate and renew. */
#ifndef CG_GENERATION_H
#define CG_GENERATION_H

#include "store/change.h"

unsigned cg_generation_live(const struct cg_ca *ca, const char *name); /* 0: none */

/* False, with the reason and what to do, where its certificate is revoked, ended or not valid yet at this time. */
bool cg_generation_is_valid(const struct cg_ca *ca, const char *name, unsigned generation, int64_t when,
                            struct cg_error *err);

/* The same, and not unproven. */
bool cg_generation_may_be_live(const struct cg_ca *ca, const char *name, unsigned generation, int64_t when,
                               struct cg_error *err);

/* The newest of those before the live one that may be live; passed has why newer ones may not, "" where there is none.
 * False: none may, and err has the reasons, the newest one's first. */
bool cg_generation_choose_earlier(const struct cg_ca *ca, const char *name, int64_t when, unsigned *chosen,
                                  struct cg_error *passed, struct cg_error *err);

/* Makes an earlier generation live again. The caller has asked one of the three above. */
bool cg_generation_switch(const struct cg_ca *ca, const char *name, unsigned generation, int64_t when,
                          struct cg_error *err);

/* A line of the journal about a generation. */
bool cg_generation_note(struct cg_change *change, const char *done, const char *name, unsigned generation, int64_t when,
                        struct cg_error *err);

#endif
