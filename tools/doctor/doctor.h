/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Doctor: finds what keeps clients from a broker or leaves it unprotected. It reads the broker's configuration, policy,
 * files, units and events together, and makes one handshake. Every rule is a row of a const table and reports each place
 * where it applies. Findings on the contents of certificates, CRLs and keys come from lint.
 * The verb doctor calls it and owns the struct cg_doctor and the findings. */
#ifndef CG_DOCTOR_H
#define CG_DOCTOR_H

#include "context.h"

/* Reads everything and runs all rules. False and *err if the configuration cannot be read. */
bool cg_doctor_run(struct cg_doctor *d, const struct cg_doctor_request *request, struct cg_error *err);
void cg_doctor_clear(struct cg_doctor *d);

/* A row of all tables, for --rules; NULL past the end. */
const struct cg_rule_row *cg_doctor_row(size_t index);

#endif
