/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a load could not take. Each is of one part (the policy, a file of certificates, a CRL, a credential), which stays
 * what it was; the others are taken. The owner of a list clears it.
 * Filled by the loaders of snapshots, told by the broker layer. */
#ifndef CG_FAULTS_H
#define CG_FAULTS_H

#include "error.h"
#include "reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_FAULTS_MAX  32 /* listed; more are counted */
#define CG_FAULTS_KEPT 8  /* of these places, for faults of other parts than CRLs, of which there may be any number */

struct cg_fault {
    enum cg_reason reason; /* of files, or CG_REASON_NO_MEMORY */
    struct cg_error error;
    uint64_t key; /* tells it from others where its text changes with the time; 0: the text does */
};

struct cg_faults {
    struct cg_fault *item;
    size_t count, more;
};

/* The error is copied; one that is there is not added again. Without memory it is counted, so that a load that failed
 * never looks as if it had not. */
void cg_faults_add(struct cg_faults *faults, enum cg_reason reason, const struct cg_error *err, uint64_t key);
void cg_faults_truncate(struct cg_faults *faults, size_t count); /* takes back all but the first */
bool cg_faults_none(const struct cg_faults *faults);
bool cg_faults_has(const struct cg_faults *faults, const struct cg_error *err, uint64_t key);
bool cg_faults_copy(const struct cg_faults *faults,
                    struct cg_faults *out); /* false without memory; *out is empty then */
void cg_faults_clear(struct cg_faults *faults);

#endif
