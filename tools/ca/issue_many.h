/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many certificates: threads make them, up to 256 at a time are one change, and between two changes waiting runs get the
 * lock. A certificate that cannot be made does not affect the others.
 * Nothing is owned. Used by batch and renew. */
#ifndef CG_CA_ISSUE_MANY_H
#define CG_CA_ISSUE_MANY_H

#include "issue.h"

struct cg_issue_job {
    size_t number;          /* of the certificate, from 0 */
    const struct cg_ca *ca; /* for make */
    const struct cg_issuer *issuer;
    const struct cg_change *change; /* NULL: a dry run */
    struct cg_issue_request issue;  /* slot is set; name and profile are used after make */
    struct cg_issued issued;
    bool skipped; /* set by make: nothing is to be issued */
    bool ok;
    struct cg_error err;
};

struct cg_issue_many {
    struct cg_ca *ca;
    struct cg_issuer *issuer; /* refreshed after others had the lock */
    size_t count;             /* certificates */

    /* Called once for each, by several threads: fills job->issue and calls cg_issue_job_make, or sets job->skipped. False:
     * job->err has the reason. */
    bool (*make)(void *context, struct cg_issue_job *job);

    /* Called for each in the order of numbers, by one thread, when it is live (or in a dry run would be), skipped or
     * failed; no change is open, and the lock is held. */
    void (*done)(void *context, const struct cg_issue_job *job);
    void *context; /* of both */
};

/* The last step of make: signs, checks and stages. */
bool cg_issue_job_make(struct cg_issue_job *job);

/* Not CG_CA_OK: certificates for which done was not called were not issued, and err has the reason. */
enum cg_ca_result cg_issue_many(const struct cg_issue_many *many, struct cg_error *err);

#endif
