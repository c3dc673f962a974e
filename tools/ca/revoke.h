/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Revoking: rows of the index, the new CRL and lines of the journal, in one change. The caller deploys the CRL (deploy.h).
 * Called by the verb revoke, which owns the structs. */
#ifndef CG_CA_REVOKE_H
#define CG_CA_REVOKE_H

#include "crl.h"

struct cg_revoke_request {
    const char *what;     /* a name, for all its certificates, or a serial number in any usual spelling */
    const char *reason;   /* a word of cg_reason_name; NULL: unspecified */
    int64_t crl_lifetime; /* of the new CRL, s; 0: the default */
};

struct cg_revoked_item {
    char *serial; /* as in the index */
    char name[CG_NAME_MAX + 1];
};

struct cg_revoked {
    struct cg_revoked_item *item;
    size_t count;           /* 0: all of them were revoked or expired before, and nothing is changed */
    struct cg_crl_made crl; /* if something was revoked, and not in a dry run */
};

/* False also if the CA issued no such certificate. Clear it in every case. */
bool cg_revoke(const struct cg_ca *ca, const struct cg_revoke_request *request, struct cg_revoked *revoked,
               struct cg_error *err);
void cg_revoked_clear(struct cg_revoked *revoked);

#endif
