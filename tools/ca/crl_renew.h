/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Renewing a CRL in its own change, and whether that is due. The caller deploys it to the targets (deploy.h).
 * Called by the verb crl, which owns the structs. */
#ifndef CG_CA_CRL_RENEW_H
#define CG_CA_CRL_RENEW_H

#include "crl.h"
#include "settings.h"

struct cg_crl_request {
    bool root;                          /* the root's, if there is an intermediate; else the issuing CA's */
    bool restore_index;                 /* index.txt is rebuilt first (store/restore.h) */
    const BIGNUM *above;                /* the number must be higher than this one; may be NULL */
    int64_t lifetime;                   /* s; 0: the default */
    const struct cg_settings *settings; /* written in the same change; NULL: they did not change */
};

struct cg_crl_renewed {
    struct cg_crl_made made;
    size_t restored; /* rows of the index that were added or marked as revoked */
};

/* True after percent of the CRL's lifetime; also if it is missing, unreadable, starts in the future (made while the clock
 * was wrong: it is not valid yet) or differs from its copies. */
bool cg_crl_is_due(const struct cg_ca *ca, bool root, unsigned percent);

/* Clear renewed->made in every case. */
bool cg_crl_renew(const struct cg_ca *ca, const struct cg_crl_request *request, struct cg_crl_renewed *renewed,
                  struct cg_error *err);

#endif
