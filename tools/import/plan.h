/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Adopting a CA that was run by other means: what its index, its certificates and its CRLs say, merged into one index,
 * and all of it written as a CA of this tool in one change. The verb import owns the structs; strings and certificates
 * of rows that are borrowed live as long as the struct cg_import_scan. */
#ifndef CG_TOOLS_IMPORT_PLAN_H
#define CG_TOOLS_IMPORT_PLAN_H

#include "ca/key_ban.h"
#include "scan.h"
#include "store/change.h"

#include <openssl/bn.h>

struct cg_import_row {
    char status; /* 'V', 'R'; what is over stays 'V' with its date, as list reads it */
    int64_t expires, revoked;
    int reason;                 /* CRLReason, -1: none */
    char *serial;               /* as in the index; owned (OPENSSL) */
    char *subject;              /* one line; owned */
    X509 *cert;                 /* borrowed; NULL: only its number is known */
    const char *file;           /* of cert; borrowed */
    char name[CG_NAME_MAX + 1]; /* under live/ and archive/; "": none */
    unsigned generation;        /* 0: none */
    bool newest;                /* of its name */
    size_t order;               /* in the old index, then as found */
};

struct cg_import_plan {
    struct cg_import_row *row;
    size_t count;
    size_t reused;  /* serial numbers that two certificates have */
    BIGNUM *number; /* of the next CRL */
};

bool cg_import_plan_make(struct cg_import_plan *plan, const struct cg_import_scan *scan, struct cg_error *err);
void cg_import_plan_free(struct cg_import_plan *plan);

/* The keys of what was revoked as compromised. Free them. */
bool cg_import_plan_bans(struct cg_key_bans *bans, const struct cg_import_plan *plan, struct cg_error *err);

struct cg_import_request {
    const struct cg_ca *ca; /* the new folder, with cert and root set */
    const struct cg_import_scan *scan;
    const struct cg_import_plan *plan;
    const char *key_uri;     /* the CA's key stays there; NULL: it is copied */
    const char *passphrase;  /* of the new key files; NULL: in the clear */
    const char *source;      /* the folder, for the journal */
    struct cg_ca_owner from; /* whose rights it is read with */
};

/* One change: all or nothing. */
bool cg_import_write(const struct cg_import_request *request, struct cg_error *err);

#endif
