/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA's folder as one tar file, with its keys. The lock must be held, so that nothing changes during the backup.
 * Nothing is owned. Called by the verb backup. */
#ifndef CG_CA_BACKUP_H
#define CG_CA_BACKUP_H

#include "store.h"

/* To target, a new file that belongs to the caller, not to the owner of the CA's folder; mode 0600. *files: the number of
 * entries. A dry run only checks that it could be written. */
bool cg_ca_backup(const struct cg_ca *ca, const char *target, size_t *files, struct cg_error *err);

#endif
