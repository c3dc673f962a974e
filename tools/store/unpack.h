/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A backup, back into a CA's folder. Nothing is owned. Called by the verb restore. */
#ifndef CG_STORE_UNPACK_H
#define CG_STORE_UNPACK_H

#include "base/progress.h"
#include "store.h"

struct cg_unpack_request {
    const char *file; /* as cg_ca_backup writes it; read with the rights of the caller */

    /* Called for every entry in the order of the archive: its name below the folder, "" for the folder itself. May be
     * NULL. */
    void (*entry)(const void *context, const char *name);
    const void *context;
    struct cg_progress *progress; /* in entries; may be NULL */
};

/* The folder does not exist or is empty. */
bool cg_unpack_has_room(const char *dir, struct cg_error *err);

/* Into the folder of ca, which was opened with CG_CA_CREATE, as one change: all of it or nothing. A dry run checks the
 * archive and writes nothing. *entries: their number. False: the archive is damaged or has other contents than a backup,
 * the error says what, and nothing was changed. */
bool cg_ca_unpack(const struct cg_ca *ca, const struct cg_unpack_request *request, size_t *entries,
                  struct cg_error *err);

#endif
