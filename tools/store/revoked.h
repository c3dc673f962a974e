/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keeps revocations. The CRL is made from index.txt, which may be lost or truncated. The last CRL and the journal also
 * record what was revoked; a CRL that would lose a revocation is not made.
 * The caller owns the structs. Called by crl, restore and import. */
#ifndef CG_CA_REVOKED_H
#define CG_CA_REVOKED_H

#include "core/base/datetime.h"
#include "index.h"

/* An entry stays on the CRL until this long after its certificate expired: it must be on one CRL issued after the expiry
 * (RFC 5280 3.3), and clocks differ. */
#define CG_KEEP_EXPIRED (30 * CG_DAY)

struct cg_revocation {
    char serial[2 * 20 + 4]; /* as in the index */
    char name[CG_NAME_MAX + 1];
    int64_t when, expires; /* CG_TIME_NONE: unknown */
    int reason;            /* CRLReason, -1 for none */
};

struct cg_revocations {
    struct cg_revocation *row; /* by serial number */
    size_t count;
};

/* The newest CRL in a file that the issuer signed; NULL: none. Free it. */
X509_CRL *cg_crl_of(const char *path, X509 *issuer);
/* The newest CRL of a CA ("ca" or "root"): from the CA's folder, or from a target that has a newer one because the folder
 * was restored from a backup. */
X509_CRL *cg_crl_last(const struct cg_ca *ca, const char *folder, X509 *issuer);
BIGNUM *cg_crl_number(const X509_CRL *crl); /* NULL: it has none */
/* 20 bytes with the sign, RFC 5280 5.2.3 */
#define CG_CRL_NUMBER_BITS 159
BIGNUM *cg_crl_number_load(const char *path, struct cg_error *err); /* of the next CRL, from a file crlnumber */

/* Serial number as in the index (OPENSSL_malloc'ed), date and CRLReason (-1: none) of an entry. False: out of memory, or
 * its date is invalid; *serial is then NULL or to be freed as well. */
bool cg_crl_entry_read(const X509_REVOKED *entry, char **serial, int64_t *when, int *reason);

/* Finds certificates that are revoked and not expired according to the last CRL (NULL: none) or the journal, but not
 * according to the index; and those that are revoked as compromised there, and for a lesser reason in the index. */
bool cg_revocations_lost(const struct cg_ca *ca, struct cg_index *index, X509_CRL *last, int64_t now,
                         struct cg_revocations *lost, struct cg_error *err);
void cg_revocations_free(struct cg_revocations *lost);
const struct cg_revocation *cg_revocations_find(const struct cg_revocations *lost, const char *serial);

/* False if a revocation is lost; the error gives which, and the fix. index NULL: a root, which has none. */
bool cg_revocations_kept(const struct cg_ca *ca, const char *folder, struct cg_index *index, X509_CRL *last,
                         int64_t now, struct cg_error *err);

#endif
