/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A new CRL in a change of its own, and whether one is due. Targets get it from the caller (deploy.h).
 * Called by the verb crl, which owns the structs. */
#ifndef CG_CA_CRL_RENEW_H
#define CG_CA_CRL_RENEW_H

#include "crl.h"

struct cg_crl_request {
    bool root;           /* the root's, where there is an intermediate; else that of the CA that issues */
    bool restore_index;  /* index.txt is made whole again first (store/restore.h) */
    const BIGNUM *above; /* with a higher number than this one; NULL: no such wish */
    int64_t lifetime;    /* s; 0: the usual one */
};

struct cg_crl_renewed {
    struct cg_crl_made made;
    size_t restored; /* rows of the index that were put back or marked as revoked again */
};

/* percent of the CRL's life is over; or it is missing, unreadable, of the future, or another one than its copies. */
bool cg_crl_is_due(const struct cg_ca *ca, bool root, unsigned percent);

/* Clear renewed->made in every case. */
bool cg_crl_renew(const struct cg_ca *ca, const struct cg_crl_request *request, struct cg_crl_renewed *renewed,
                  struct cg_error *err);

#endif
