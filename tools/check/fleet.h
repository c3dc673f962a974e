/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificates of a fleet, by name and file: those of a folder with the folders below it, or what a CA issued and
 * is in use now. The caller owns the struct. Called by "check". */
#ifndef CG_FLEET_H
#define CG_FLEET_H

#include "store/store.h"

#define CG_FLEET_DEPTH 8       /* folders below the one that was named */
#define CG_FLEET_MAX   2000000 /* certificates */

struct cg_fleet_item {
    char *name; /* under which people know it */
    char *file; /* the certificate, with what follows it */
};

struct cg_fleet {
    struct cg_fleet_item *item; /* in the order of the names, or of the index */
    size_t count;
    /* of the index only, and passed over: not in use any more, or in no file here */
    size_t revoked, expired, superseded, unknown;
};

/* Files that end in .pem, .crt, .cer, .cert or .der. Where there is a fullchain.pem it stands for its folder. Links to
 * folders are not followed. */
bool cg_fleet_folder(struct cg_fleet *fleet, const char *folder, struct cg_error *err);

/* Valid at now and not replaced by a newer generation. */
bool cg_fleet_issued(struct cg_fleet *fleet, const struct cg_ca *ca, int64_t now, struct cg_error *err);

void cg_fleet_free(struct cg_fleet *fleet);

#endif
