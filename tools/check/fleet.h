/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificates of a fleet, by name and file: those in a folder and its subfolders, or those of a CA that are in use.
 * The caller owns the struct. Called by the verb check. */
#ifndef CG_FLEET_H
#define CG_FLEET_H

#include "store/store.h"

#define CG_FLEET_DEPTH 8       /* levels of subfolders */
#define CG_FLEET_MAX   2000000 /* certificates */

struct cg_fleet_item {
    char *name; /* shown in the table */
    char *file; /* the certificate and its chain */
};

struct cg_fleet {
    struct cg_fleet_item *item; /* sorted by name, or in the order of the index */
    size_t count;
    /* rows of the index that are skipped: not in use, or (unknown) without a file */
    size_t revoked, expired, superseded, unknown;
};

/* Files that end in .pem, .crt, .cer, .cert or .der. In a folder with fullchain.pem, only that file is used. Links to
 * folders are not followed, except to the fullchain.pem in one, as in live/. */
bool cg_fleet_folder(struct cg_fleet *fleet, const char *folder, struct cg_error *err);

/* Certificates that are valid at now and not replaced by a newer generation. */
bool cg_fleet_issued(struct cg_fleet *fleet, const struct cg_ca *ca, int64_t now, struct cg_error *err);

void cg_fleet_free(struct cg_fleet *fleet);

#endif
