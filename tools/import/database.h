/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which of the databases in a folder (index.txt of `openssl ca`, by any of its usual names) are those of the CA that was
 * found there, and what says that one was lost: without it everyone whom the CA revoked would be let in again.
 * Called by import after cg_import_scan_folder; the names are borrowed from the struct. */
#ifndef CG_CA_DATABASE_H
#define CG_CA_DATABASE_H

#include "scan.h"

/* Fills found->index, number and step. False where a database is lost, cannot be read, or may be another CA's. */
bool cg_import_choose_database(struct cg_import_scan *scan, struct cg_error *err);

#endif
