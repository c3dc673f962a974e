/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA's folder as one tar file, keys and all. The lock must be held, so that nothing changes meanwhile.
 * Nothing is owned. Called by the verb backup. */
#ifndef CG_CA_BACKUP_H
#define CG_CA_BACKUP_H

#include "store.h"

/* To target, a new file of the caller and not of the owner of the CA's folder, 0600. *files: how many entries it has. A dry
 * run only looks whether it could. */
bool cg_ca_backup(const struct cg_ca *ca, const char *target, size_t *files, struct cg_error *err);

#endif
