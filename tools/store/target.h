/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Targets: the folders where a name is deployed, recorded in deploy/NAME.json. All of them are updated until one is
 * forgotten: a broker that still reads an old folder would find an expired CRL there and refuse everyone.
 * The caller owns the structs; cg_targets_clear frees them. Called by deploy and the verbs. */
#ifndef CG_TARGET_H
#define CG_TARGET_H

#include "base/atomic_write.h"
#include "change.h"

struct cg_target {
    char name[CG_NAME_MAX + 1]; /* deployed there */
    char *to;                   /* folder */
    char *owner, *group;        /* names; NULL: unchanged */
    int mode;                   /* of privkey.pem; 0: 0600, with a group 0640 */
    char *connect;              /* HOST:PORT where the broker serves it; NULL: none */
    bool is_typed;              /* --to named it in this run */
};

struct cg_targets {
    struct cg_target *item;
    size_t count; /* 0: not deployed */
};

/* The options; they replace the recorded values. NULL: not given. */
struct cg_deploy_options {
    const char *to, *owner, *group, *mode, *connect;
};

bool cg_targets_load(const struct cg_ca *ca, const char *name, struct cg_targets *targets, struct cg_error *err);
bool cg_targets_remember(const struct cg_ca *ca, const char *name, const struct cg_targets *targets,
                         struct cg_error *err);
void cg_targets_clear(struct cg_targets *targets);

cJSON *cg_target_json(const struct cg_target *target); /* its members in the record */
bool cg_deploy_mode_ok(const char *mode, struct cg_error *err); /* NULL: not given */

/* Adds a target if --to names a new folder; without --to the options apply to all targets. False if mode, user or group are
 * invalid, or another name has the folder. */
bool cg_targets_merge(const struct cg_ca *ca, const char *name, struct cg_targets *targets,
                      const struct cg_deploy_options *place, struct cg_error *err);
bool cg_targets_forget(const struct cg_ca *ca, const char *name, struct cg_targets *targets, const char *folder,
                       struct cg_error *err);

/* False, naming the conflict, if the folder is in the CA's folder or below .certguard/, or belongs to another name. */
bool cg_target_is_own(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err);

/* Numeric --owner and --group of this machine, with this mode. */
bool cg_target_owner(const struct cg_target *target, mode_t mode, struct cg_owner *owner, struct cg_error *err);
mode_t cg_target_key_mode(const struct cg_target *target);

/* The folder quoted for sh, for commands in messages; returns out. */
const char *cg_target_word(const struct cg_target *target, char out[PATH_MAX]);

/* Calls visit for every target of every name; stops at the first false and returns it. Unreadable records are skipped; the
 * error of the first is in damaged (may be NULL). */
typedef bool cg_target_visit_fn(void *context, const struct cg_ca *ca, const struct cg_target *target,
                                struct cg_error *err);
bool cg_target_visit(const struct cg_ca *ca, cg_target_visit_fn *visit, void *context, struct cg_error *damaged,
                     struct cg_error *err);

#endif
