/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks whether a CA can be imported: brokers must accept its key and the certificates that it will issue.
 * Nothing is owned. Called by the verb import. */
#ifndef CG_TOOLS_IMPORT_PLAN_CHECK_H
#define CG_TOOLS_IMPORT_PLAN_CHECK_H

#include "plan.h"

/* Sets ca->cert and ca->root. renew: makes a new certificate for the CA, with the same key and name; *keeps_serial: it has the
 * old serial number too, since certificates refer to it; also set if a later step fails. */
bool cg_import_check_ca(struct cg_ca *ca, const struct cg_import_scan *scan, bool renew, bool *keeps_serial,
                        struct cg_error *err);

/* False if the CA's own key was revoked as compromised. */
bool cg_import_key_is_sound(const struct cg_import_scan *scan, const struct cg_import_plan *plan, struct cg_error *err);

#endif
