/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Revoking: rows of the index, the new CRL and lines of the journal, in one change. The caller deploys the CRL (deploy.h).
 * Called by the verb revoke, which owns the structs. */
#ifndef CG_CA_REVOKE_H
#define CG_CA_REVOKE_H

#include "crl.h"
#include "revoke_what.h"

struct cg_revoke_request {
    struct cg_revoke_list list; /* cg_revoke fills in what it found, and the faults */
    int64_t crl_lifetime;       /* of the new CRL, s; 0: that of the last CRL */
};

struct cg_revoked_item {
    char *serial; /* as in the index */
    char name[CG_NAME_MAX + 1];
    int reason;          /* CRLReason; -1: unspecified */
    bool raised;         /* it was revoked before, for a lesser reason, or without its file */
    bool is_key_unknown; /* compromised, but known by its serial number only: its key cannot be banned */

    /* Only of a certificate that the index did not have, or had by its serial number only: */
    X509 *cert;          /* owned */
    unsigned generation; /* in archive/NAME */
    bool is_archived;    /* archive/ had it */
    bool is_listed;      /* the index had its serial number */
};

struct cg_revoked {
    struct cg_revoked_item *item;
    size_t count;           /* 0: nothing is changed */
    size_t unchanged;       /* were revoked for a reason as grave, or expired before */
    struct cg_crl_made crl; /* if something was revoked, and not in a dry run */
};

/* Revokes all but the items with a fault. A certificate that is revoked already keeps its date; its reason becomes the new
 * one only if that is graver (cg_reason_gravity). Clear it in every case. */
bool cg_revoke(const struct cg_ca *ca, struct cg_revoke_request *request, struct cg_revoked *revoked,
               struct cg_error *err);
void cg_revoked_clear(struct cg_revoked *revoked);

#endif
