/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The statements about roots that a policy names. Called by snapshot_load.c after the policy. */
#ifndef CG_SNAPSHOT_STATEMENTS_H
#define CG_SNAPSHOT_STATEMENTS_H

#include "snapshot_loading.h"

/* False ends the load, with stage and err set. If one of the files cannot be used, all previous statements stay: their numbers
 * would change otherwise. Their signatures are not checked, since the broker does not have the roots of the devices. */
bool cg_loading_load_statements(struct cg_loading *loading);

#endif
