/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Importing a CA of another program: its index, certificates and CRLs are merged into one index, and written as a CA of this
 * tool in one change. The verb import owns the structs; rows borrow from the struct cg_import_scan. */
#ifndef CG_TOOLS_IMPORT_PLAN_H
#define CG_TOOLS_IMPORT_PLAN_H

#include "ca/key_ban.h"
#include "scan.h"
#include "store/change.h"

#include <openssl/bn.h>

struct cg_import_row {
    char status; /* 'V', 'R'; expired ones stay 'V' with their date, as list expects */
    int64_t expires, revoked;
    int reason;                 /* CRLReason, -1: none */
    char *serial;               /* as in the index; owned (OPENSSL) */
    char *subject;              /* one line; owned */
    X509 *cert;                 /* borrowed; NULL: only its serial number is known */
    const char *file;           /* of cert; borrowed */
    char name[CG_NAME_MAX + 1]; /* under live/ and archive/; "": none */
    unsigned generation;        /* 0: none */
    bool newest;                /* of its name */
    size_t order;               /* as in the old index, then as found */
};

struct cg_import_plan {
    struct cg_import_row *row;
    size_t count;
    size_t reused;  /* serial numbers that several certificates have */
    BIGNUM *number; /* of the next CRL */
};

bool cg_import_plan_make(struct cg_import_plan *plan, const struct cg_import_scan *scan, struct cg_error *err);
void cg_import_plan_free(struct cg_import_plan *plan);

/* The keys of certificates that were revoked as compromised. Free them. */
bool cg_import_plan_bans(struct cg_key_bans *bans, const struct cg_import_plan *plan, struct cg_error *err);

struct cg_import_request {
    const struct cg_ca *ca; /* the new folder, with cert and root set */
    const struct cg_import_scan *scan;
    const struct cg_import_plan *plan;
    const char *key_uri;                /* where the CA's key stays; NULL: it is copied */
    const char *passphrase;             /* of the new key files; NULL: unencrypted */
    const char *source;                 /* the folder, for the journal */
    const struct cg_settings *settings; /* written too; NULL: none */
    struct cg_ca_owner from;            /* the owner of that folder, who reads it */

    struct cg_progress *progress; /* of the writing, in certificates; may be NULL */
};

/* Writes the CA in one change. */
bool cg_import_write(const struct cg_import_request *request, struct cg_error *err);

#endif
