/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the certificates of a fleet have in common: most files end with the same chain, which is decoded once, and the
 * signatures of its certificates are verified once. The run owns the struct; any thread. Called by fleet_check.c. */
#ifndef CG_CHECK_FLEET_CHAIN_H
#define CG_CHECK_FLEET_CHAIN_H

#include "core/check.h"

#include <pthread.h>

struct cg_fleet_chain {
    pthread_mutex_t lock;
    unsigned char *text; /* of the last file that had another chain, after its first block */
    size_t len;
    STACK_OF(X509) *certs; /* the same, decoded; NULL: none yet */
    STACK_OF(X509) *above; /* the last path with valid signatures, without its leaf; NULL: none yet */
};

bool cg_fleet_chain_init(struct cg_fleet_chain *chain, struct cg_error *err);
void cg_fleet_chain_clear(struct cg_fleet_chain *chain);

/* As cg_certificates_read(). */
bool cg_fleet_chain_read(struct cg_fleet_chain *chain, const char *place, const void *data, size_t len, size_t max,
                         STACK_OF(X509) **out, struct cg_error *err);

/* The path of in->leaf, if it has only one and all its signatures are valid, for in->known_path: cg_check() would visit no
 * other, and would verify the same signatures. NULL: no such path. The caller frees it, without its certificates. */
STACK_OF(X509) *cg_fleet_chain_path(struct cg_fleet_chain *chain, const struct cg_check_input *in);

#endif
