/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Doctor: what stops clients of a broker or leaves its door open, found by reading its configuration, policy, files,
 * units and events together, and by one handshake. Every rule is a row of a const table; a rule reports each place
 * where it holds. What lies inside certificates, CRLs and keys is lint's business, and its findings are passed on.
 * The verb owns the struct cg_doctor and the findings. */
#ifndef CG_DOCTOR_H
#define CG_DOCTOR_H

#include "context.h"

/* Reads everything and runs all rules. False: *err says what could not be read at all. */
bool cg_doctor_run(struct cg_doctor *d, const struct cg_doctor_request *request, struct cg_error *err);
void cg_doctor_clear(struct cg_doctor *d);

/* A row of all tables, for --rules; NULL past the end. */
const struct cg_rule_row *cg_doctor_row(size_t index);

#endif
