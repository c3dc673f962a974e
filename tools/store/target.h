/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Targets: the folders where a name is deployed, recorded in deploy/NAME.json. All of them are updated until one is
 * forgotten: a broker that still reads an old folder would find an expired CRL there and refuse everyone.
 * The caller owns the structs; cg_targets_clear frees them. Called by deploy and the verbs. */
#ifndef CG_TARGET_H
#define CG_TARGET_H

#include "base/atomic_write.h"
#include "change.h"

/* What changes in a folder, as bits. */
enum cg_part {
    CG_PART_CERTIFICATE = 1, /* key, certificate and chain */
    CG_PART_CA = 2,
    CG_PART_CRL = 4,
    CG_PARTS_ALL = CG_PART_CERTIFICATE | CG_PART_CA | CG_PART_CRL,
};
#define CG_PARTS_MAX 32 /* "certificate ca crl" */

struct cg_target {
    char name[CG_NAME_MAX + 1]; /* deployed there */
    char *to;                   /* folder */
    char *owner, *group;        /* names; NULL: unchanged */
    int mode;                   /* of privkey.pem; 0: 0600, with a group 0640 */
    char *connect;              /* HOST:PORT where the broker serves it; NULL: none */
    char *hook;                 /* command for /bin/sh that runs after files here changed; NULL: none */
    int hook_timeout;           /* its limit in s; 0: CG_HOOK_TIMEOUT */
    unsigned change;            /* number of the last change of files here, counted if there is a hook */
    unsigned pending;           /* enum cg_part: changed since the hook last succeeded */
    bool is_typed;              /* --to named it in this run */
};

#define CG_HOOK_TIMEOUT     300
#define CG_HOOK_TIMEOUT_MAX 86400

struct cg_targets {
    struct cg_target *item;
    size_t count; /* 0: not deployed */
};

bool cg_targets_load(const struct cg_ca *ca, const char *name, struct cg_targets *targets, struct cg_error *err);
bool cg_targets_remember(const struct cg_ca *ca, const char *name, const struct cg_targets *targets,
                         struct cg_error *err);
void cg_targets_clear(struct cg_targets *targets);

cJSON *cg_target_json(const struct cg_target *target); /* its members in the record */

struct cg_target *cg_targets_add(struct cg_targets *targets,
                                 const char *name); /* one more, empty; NULL: out of memory */
struct cg_target *cg_targets_find(struct cg_targets *targets, const char *folder); /* by any path of it; NULL: none */
bool cg_target_set(char **field, const char *value); /* a text; NULL changes nothing. False: out of memory */

/* Records, before these parts of the folder change, that the hook has to run: so it runs at least once, even if this run is
 * killed in between. Without a hook or a part, nothing is written. */
bool cg_target_mark(const struct cg_ca *ca, struct cg_target *target, unsigned parts, struct cg_error *err);

/* The hook succeeded for this state of the target. A change since then keeps it pending. */
bool cg_target_unmark(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err);

/* Reads the record of this target again; false: it is not recorded. */
bool cg_target_refresh(const struct cg_ca *ca, struct cg_target *target);

bool cg_target_is_pending(const struct cg_target *target); /* it has a hook that has to run */

/* A copy that owns its texts; false: out of memory. Cleared by cg_target_clear. */
bool cg_target_copy(struct cg_target *out, const struct cg_target *target);
void cg_target_clear(struct cg_target *target);

const char *cg_parts_text(unsigned parts, char out[CG_PARTS_MAX]); /* "certificate crl"; returns out */

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
