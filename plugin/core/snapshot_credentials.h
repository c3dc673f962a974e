/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker's certificates and keys that a policy names. Called by snapshot_load.c after policy and trust. */
#ifndef CG_SNAPSHOT_CREDENTIALS_H
#define CG_SNAPSHOT_CREDENTIALS_H

#include "snapshot_loading.h"

/* False ends the load, with stage and err set. */
bool cg_loading_load_credentials(struct cg_loading *loading);

#endif
