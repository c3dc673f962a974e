/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* May a CA that was found be adopted? Its key and what it is going to issue must pass at brokers.
 * Nothing is owned. Called by import. */
#ifndef CG_CA_ADOPT_CHECK_H
#define CG_CA_ADOPT_CHECK_H

#include "adopt.h"

/* Sets ca->cert and ca->root. renew: the CA's certificate is made anew, with its key and name; *keeps_serial then says
 * that it has the old one's serial number too, since certificates name it, also where something after that failed. */
bool cg_adopt_ca(struct cg_ca *ca, const struct cg_found *found, bool renew, bool *keeps_serial, struct cg_error *err);

/* False where the CA's own key was revoked as compromised. */
bool cg_adopted_key_is_sound(const struct cg_found *found, const struct cg_adopted *adopted, struct cg_error *err);

#endif
