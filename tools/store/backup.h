/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA's folder as one tar file, with its keys. The lock must be held, so that nothing changes during the backup.
 * Nothing is owned. Called by the verb backup. */
#ifndef CG_CA_BACKUP_H
#define CG_CA_BACKUP_H

#include "base/progress.h"
#include "store.h"

struct cg_backup_result {
    size_t entries;
    size_t foreign; /* those that unpack.h refuses: links that lead out of the folder */
};

/* To target, a new file that belongs to the caller, not to the owner of the CA's folder; mode 0600. progress: in entries,
 * may be NULL. A dry run only checks that it could be written. */
bool cg_ca_backup(const struct cg_ca *ca, const char *target, struct cg_progress *progress,
                  struct cg_backup_result *result, struct cg_error *err);

#endif
