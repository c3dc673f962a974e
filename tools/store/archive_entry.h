/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The entries of a backup, and what a backup may contain: folders, files and links of one folder, certguard-ca. An archive
 * from elsewhere may name other places, contain links that lead there, devices, or an entry twice; such an archive is
 * refused as a whole, before anything is written.
 * The caller owns the struct. Called by backup and unpack. */
#ifndef CG_STORE_ARCHIVE_ENTRY_H
#define CG_STORE_ARCHIVE_ENTRY_H

#include "core/base/error.h"

#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_BACKUP_FOLDER     "certguard-ca"
#define CG_ARCHIVE_NAME_SIZE 480 /* below stage/ in the CA's folder, this fits into PATH_MAX */

/* Files of a run, not of the CA: its lock, and a change in progress. name: in the CA's folder. */
bool cg_archive_is_of_run(const char *name);

/* Parts separated by single slashes, none of them . or .., no control characters, and not too long: name below the CA's
 * folder. */
bool cg_archive_name_ok(const char *name);

/* A link with this name may point to this place: relative, and below the CA's folder. */
bool cg_archive_link_ok(const char *name, const char *to);

/* The entries so far. */
struct cg_archive_names {
    void *tree;
    size_t count;
    char name[CG_ARCHIVE_NAME_SIZE]; /* of the last one */
};

/* The name below the CA's folder, "" for the folder itself; valid until the next call. NULL with the reason if the entry
 * has no place in a backup. limit: in bytes; no file is larger. */
const char *cg_archive_take(struct cg_archive_names *names, struct archive_entry *entry, int64_t limit,
                            struct cg_error *err);
void cg_archive_names_free(struct cg_archive_names *names);

#endif
