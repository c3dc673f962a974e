/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Finds the databases of the CA in a folder (index.txt of `openssl ca`, under any of its usual names), or traces of a lost
 * one: without it, revoked certificates would be accepted again.
 * Called by the verb import after cg_import_scan_folder; the names are borrowed from the struct. */
#ifndef CG_CA_DATABASE_H
#define CG_CA_DATABASE_H

#include "scan.h"

/* Fills scan->index, number and step. False if a database is lost, cannot be read, or may belong to another CA. */
bool cg_import_choose_database(struct cg_import_scan *scan, struct cg_error *err);

#endif
