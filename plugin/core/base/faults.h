/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The parts that a load could not use. A fault concerns one part (the policy, a file of certificates, a CRL, a
 * credential). That part keeps its previous state, and the others are replaced. The owner of a list clears it. Filled
 * by the loaders of snapshots, reported by the broker layer. */
#ifndef CG_FAULTS_H
#define CG_FAULTS_H

#include "error.h"
#include "reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_FAULTS_MAX  32 /* listed; further faults are only counted */
#define CG_FAULTS_KEPT 8  /* of these, reserved for faults other than CRL_INVALID, of which there may be any number */

struct cg_fault {
    enum cg_reason reason; /* a reason of CG_KIND_FILE, or CG_REASON_NO_MEMORY */
    struct cg_error error;
    uint64_t key; /* identifies a fault whose text changes over time; 0: the text identifies it */
};

struct cg_faults {
    struct cg_fault *item;
    size_t count, more;
};

/* Copies the error. A fault that is already listed is not added again. Without memory the fault is counted, so a
 * failed load never looks like a successful one. */
void cg_faults_add(struct cg_faults *faults, enum cg_reason reason, const struct cg_error *err, uint64_t key);
void cg_faults_truncate(struct cg_faults *faults, size_t count); /* keeps only the first ones */
bool cg_faults_is_empty(const struct cg_faults *faults);
bool cg_faults_has(const struct cg_faults *faults, const struct cg_error *err, uint64_t key);
bool cg_faults_copy(const struct cg_faults *faults,
                    struct cg_faults *out); /* false without memory; *out is empty then */
void cg_faults_clear(struct cg_faults *faults);

#endif
