/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rotating what a broker serves: a new generation is made and deployed, the broker is seen to serve it, or the one before
 * goes back. What is under way stands in rotation.h, for a run that is killed.
 * The verb rotate owns the struct and the CA. */
#ifndef CG_ROTATE_H
#define CG_ROTATE_H

#include "ca/renew.h"
#include "rotation.h"
#include "store/target.h"

struct cg_rotate_request {
    const char *name;
    const char *connect; /* HOST:PORT where the broker serves it; NULL: as the targets say, else localhost:8883 */
    int64_t timeout;     /* s that the broker may take to serve it; 0: the usual time */
    int64_t lifetime;    /* s; 0: as before */

    /* Is the run to end before the broker serves it? Then err says why, and the one before goes back. Asked again and
     * again; NULL: nobody stops it. */
    bool (*is_stopped)(const void *context, struct cg_error *err);
    const void *context;
};

struct cg_rotate {
    struct cg_rotate_request request;
    struct cg_ca *ca; /* closed and opened again by cg_rotate_prove */
    struct cg_targets targets;
    struct cg_rotation rotation;
    struct cg_renewed renewed; /* what was made */
};

/* All that can be refused before a key is needed. End it in every case. */
enum cg_ca_result cg_rotate_begin(struct cg_rotate *run, struct cg_ca *ca, const struct cg_rotate_request *request,
                                  struct cg_error *err);

/* The new generation, live in the CA and nowhere else. In a dry run that is all there is to do. */
bool cg_rotate_make(struct cg_rotate *run, const struct cg_issuer *issuer, struct cg_error *err);

/* Deploys and proves it; the issuer may be closed. Not CG_CA_OK: err says what serves now. */
enum cg_ca_result cg_rotate_prove(struct cg_rotate *run, struct cg_error *err);
void cg_rotate_end(struct cg_rotate *run);

/* Where it is looked for: "one:8883, other:8883". */
void cg_rotate_addresses(const struct cg_rotate *run, char *out, size_t size);

#endif
