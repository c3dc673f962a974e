/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rotating a broker's certificate: a new generation is made and deployed, and hooks carry it to the broker; if the broker does not serve it in time, the
 * previous one is restored. rotation.h records the rotation in progress, in case the run is killed.
 * The verb rotate owns the struct and the CA. */
#ifndef CG_ROTATE_H
#define CG_ROTATE_H

#include "ca/renew.h"
#include "hook.h"
#include "rotation.h"
#include "store/target.h"

struct cg_rotate_request {
    const char *name;
    const char *connect; /* HOST:PORT where the broker serves it; NULL: from the targets, else localhost:8883 */
    int64_t timeout;     /* seconds to wait until the broker serves it; 0: 30 */
    int64_t lifetime;    /* s; 0: that of the previous generation */

    /* True, with the reason in err, if the run must stop: then the previous generation is restored. Called repeatedly; may be
     * NULL. */
    bool (*is_stopped)(const void *context, struct cg_error *err);
    const void *context;

    struct cg_hook_report hooks;
};

struct cg_rotate {
    struct cg_rotate_request request;
    struct cg_ca *ca; /* closed and opened again by cg_rotate_prove */
    struct cg_targets targets;
    struct cg_rotation rotation;
    struct cg_renewed renewed; /* the new generation */
};

/* All checks that need no key. End it in every case. */
enum cg_ca_result cg_rotate_begin(struct cg_rotate *run, struct cg_ca *ca, const struct cg_rotate_request *request,
                                  struct cg_error *err);

/* Makes the new generation live in the CA, without deploying it. The last step of a dry run. */
bool cg_rotate_make(struct cg_rotate *run, const struct cg_issuer *issuer, struct cg_error *err);

/* Deploys it, runs the hooks, and waits until it is served; the issuer may be closed. If a hook fails, or it is not served, the
 * hooks run again for the previous one. Not CG_CA_OK: err has the generation in use. */
enum cg_ca_result cg_rotate_prove(struct cg_rotate *run, struct cg_error *err);
void cg_rotate_end(struct cg_rotate *run);

/* The addresses that are checked: "one:8883, other:8883". */
void cg_rotate_addresses(const struct cg_rotate *run, char *out, size_t size);

#endif
