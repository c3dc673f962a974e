/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Deployment: copies of what is live, in a folder that the broker reads, with owner and mode. A target is remembered
 * in deploy/NAME.json, so that renew, rotate, revoke and crl bring it up to date by themselves.
 * The caller owns the struct; cg_target_clear frees it. Called by the verbs. */
#ifndef CG_DEPLOY_H
#define CG_DEPLOY_H

#include "ca_change.h"

struct cg_target {
    char *to;            /* folder; NULL: none is remembered */
    char *owner, *group; /* names; NULL: left as they are */
    int mode;            /* of privkey.pem; 0: 0600, with a group 0640 */
    char *connect;       /* HOST:PORT where the broker serves it; NULL: none */
};

/* The same as options of a verb; what is given replaces what is remembered. */
struct cg_place {
    const char *to, *owner, *group, *mode, *connect;
};
/* clang-format off */
#define CG_PLACE_ROWS(AT) \
    {"to", "FOLDER", "where the broker reads its files; remembered", CG_OPT_FOLDER, 0, AT(place.to)}, \
    {"owner", "USER", "owner of the files; remembered", CG_OPT_STRING, 0, AT(place.owner)}, \
    {"group", "GROUP", "group of the files; remembered", CG_OPT_STRING, 0, AT(place.group)}, \
    {"mode", "MODE", "mode of privkey.pem, octal (default 0600, with --group 0640); remembered", CG_OPT_STRING, 0, \
     AT(place.mode)}, \
    {"connect", "HOST:PORT", "where the broker serves it, for rotate; remembered", CG_OPT_STRING, 0, AT(place.connect)}
/* clang-format on */

/* False when mode, user or group are none. */
bool cg_target_merge(struct cg_target *target, const struct cg_place *place, struct cg_error *err);

/* True with to NULL where nothing is remembered. */
bool cg_target_load(const struct cg_ca *ca, const char *name, struct cg_target *target, struct cg_error *err);
bool cg_target_remember(struct cg_change *change, const char *name, const struct cg_target *target,
                        struct cg_error *err);
void cg_target_clear(struct cg_target *target);

/* Calls visit for the target of every name; stops at the first false and returns it. */
typedef bool cg_target_visit_fn(void *context, const struct cg_ca *ca, const struct cg_target *target,
                                struct cg_error *err);
bool cg_target_visit(const struct cg_ca *ca, cg_target_visit_fn *visit, void *context, struct cg_error *err);

/* Key first, certificates after it: a broker that reloads in between sees the old certificate with a new key, and
 * refuses; the other way round stock Mosquitto 2.0 stops serving. Then ca.pem and crl.pem. */
bool cg_deploy_name(const struct cg_ca *ca, const char *name, const struct cg_target *target, struct cg_error *err);

/* The same, and writes deploy/NAME.json. */
bool cg_deploy_and_remember(const struct cg_ca *ca, const char *name, const struct cg_target *target,
                            struct cg_error *err);

/* crl.pem and ca.pem to every target, also after one that fails; *count of those that have them. Here and in
 * cg_deploy_name files that are right stay untouched, so both may be called again to end what a killed run began. */
bool cg_deploy_crl(const struct cg_ca *ca, size_t *count, struct cg_error *err);

/* Makes an earlier generation live again; 0: the one before the current. *now is the one that is live then. */
bool cg_generation_switch(const struct cg_ca *ca, const char *name, unsigned generation, int64_t when, unsigned *now,
                          struct cg_error *err);
unsigned cg_generation_live(const struct cg_ca *ca, const char *name); /* 0: none */

#endif
