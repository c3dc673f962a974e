/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificate revocation lists: made from the index, version 2, with number and AKI (RFC 5280 section 5).
 * Written as part of a change: crl.pem (of every CA here), crl.der, crlnumber. Called by ca_create, ca_revoke,
 * ca_crl_renew and import. */
#ifndef CG_CA_CRL_H
#define CG_CA_CRL_H

#include "store/change.h"
#include "store/index.h"

struct cg_crl_write_request {
    const char *folder; /* "ca" or "root" */
    X509 *issuer;
    EVP_PKEY *key;
    struct cg_index *index; /* walked from its start; NULL: what the last CRL has is kept, and nothing is added */
    int64_t now, lifetime;  /* s; lifetime 0: the usual one, which the end of the year 9999 cuts short */
    const BIGNUM *number;   /* of this CRL; NULL: what crlnumber says */
    const BIGNUM *above;    /* and higher than this one; NULL: no such wish */
    const char *other;      /* the other CA's CRL in PEM, for crl.pem; NULL: what is in its folder */
};

struct cg_crl_made {
    size_t entries;
    char number[44]; /* hexadecimal */
    int64_t next_update;
    char *pem; /* the CRL; free it with cg_crl_made_clear */
};

/* Makes the CRL and adds its files to the change. Its number is higher than the last CRL's. Refused where the index
 * has lost a revocation that the last CRL or the journal has (store/revoked.h). */
bool cg_crl_write(struct cg_change *change, const struct cg_crl_write_request *crl_request, struct cg_crl_made *made,
                  struct cg_error *err);

/* crlnumber of the folder: one more than number, which is changed. */
bool cg_crl_put_next(struct cg_change *change, const char *folder, BIGNUM *number, struct cg_error *err);

void cg_crl_made_clear(struct cg_crl_made *made);

char *cg_crl_pem(X509_CRL *crl); /* malloc'ed */

#endif
