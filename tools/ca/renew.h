/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Renewal: a new generation of a name with the same subject, SANs, purposes, policies and lifetime.
 * Called by renew and rotate; the verb owns the structs. */
#ifndef CG_CA_RENEW_H
#define CG_CA_RENEW_H

#include "issue_many.h"

struct cg_renew_params {
    bool reuse_key, new_key;             /* of a key that is here; neither: as the settings say, by default a new key */
    bool remember_key;                   /* the issuer's settings changed, and are written too */
    int64_t lifetime;                    /* s; 0: that of the old certificate */
    const struct cg_ca_profile *profile; /* NULL: that of the old certificate */
    const GENERAL_NAMES *names;          /* SANs; NULL: those of the old certificate */
    bool write;                          /* false: a dry run */

    /* Of a device's request. Borrowed; NULL: the live certificate, and a key as above. */
    X509 *old;                            /* what it succeeds */
    EVP_PKEY *key;                        /* the public key of the new certificate */
    const struct cg_successor *successor; /* recorded with it */
};

struct cg_renewed {
    struct cg_issued issued;
    unsigned generation;
    bool new_key;
    cJSON *result; /* for --json; owned */
};

bool cg_renew(const struct cg_issuer *issuer, const char *name, const struct cg_renew_params *params,
              struct cg_renewed *renewed, struct cg_error *err);
void cg_renewed_clear(struct cg_renewed *renewed);

/* The same as one of many, for make of issue_many.h. A revoked one is skipped. */
bool cg_renew_job(const char *name, const struct cg_renew_params *params, struct cg_issue_job *job);

/* For its done: issued is borrowed from the job, so only result is to be freed. */
bool cg_renewed_of_job(const struct cg_issue_job *job, struct cg_renewed *renewed);

#endif
