/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What was revoked stays revoked. The CRL is made from index.txt; that file may be lost or shortened. The last CRL
 * and the journal know what was revoked too, and a CRL that would take something back is not made.
 * The caller owns the structs. Called by ca_crl and ca_restore. */
#ifndef CG_CA_REVOKED_H
#define CG_CA_REVOKED_H

#include "core/base/datetime.h"
#include "index.h"

/* An entry stays on the CRL until its certificate has been expired for this long: it must be on one CRL issued after
 * that (RFC 5280 3.3), and clocks differ. */
#define CG_KEEP_EXPIRED (30 * CG_DAY)

struct cg_revocation {
    char serial[2 * 20 + 4]; /* as in the index */
    char name[CG_NAME_MAX + 1];
    int64_t when, expires; /* CG_TIME_NONE: nobody knows */
    int reason;            /* CRLReason, -1 for none */
};

struct cg_revocations {
    struct cg_revocation *row; /* by serial number */
    size_t count, room;
};

/* The newest CRL in a file, of those that the issuer signed; NULL: none. Free it. */
X509_CRL *cg_crl_of(const char *path, X509 *issuer);
/* The same of a CA's folder ("ca" or "root" says which CA): of the first copy there that can be read, or of a target
 * that has a newer one, for then the folder came out of a backup. */
X509_CRL *cg_crl_last(const struct cg_ca *ca, const char *folder, X509 *issuer);
BIGNUM *cg_crl_number(const X509_CRL *crl); /* NULL: it has none */

/* Revoked and not expired by the last CRL (NULL: none) or the journal, but not by the index. */
bool cg_revocations_lost(const struct cg_ca *ca, struct cg_index *index, X509_CRL *last, int64_t now,
                         struct cg_revocations *lost, struct cg_error *err);
void cg_revocations_free(struct cg_revocations *lost);
const struct cg_revocation *cg_revocations_find(const struct cg_revocations *lost, const char *serial);

/* True when nothing is lost; else the text says what, and the way back. index NULL: there is none, of a root. */
bool cg_revocations_kept(const struct cg_ca *ca, const char *folder, struct cg_index *index, X509_CRL *last,
                         int64_t now, struct cg_error *err);

#endif
