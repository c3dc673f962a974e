/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* May a CA that was found be adopted? Its key and what it is going to issue must pass at brokers.
 * Nothing is owned. Called by import. */
#ifndef CG_TOOLS_IMPORT_PLAN_CHECK_H
#define CG_TOOLS_IMPORT_PLAN_CHECK_H

#include "plan.h"

/* Sets ca->cert and ca->root. renew: the CA's certificate is made anew, with its key and name; *keeps_serial then says
 * that it has the old one's serial number too, since certificates name it, also where something after that failed. */
bool cg_import_check_ca(struct cg_ca *ca, const struct cg_import_scan *scan, bool renew, bool *keeps_serial,
                        struct cg_error *err);

/* False where the CA's own key was revoked as compromised. */
bool cg_import_key_is_sound(const struct cg_import_scan *scan, const struct cg_import_plan *plan, struct cg_error *err);

#endif
