/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificate revocation lists: made from the index, version 2, with number and AKI (RFC 5280 section 5).
 * Written as part of a change: crl.pem (of every CA here), crl.der, crlnumber. Called by create, revoke, crl_renew and
 * import, which own the structs. */
#ifndef CG_CA_CRL_H
#define CG_CA_CRL_H

#include "store/change.h"
#include "store/index.h"

struct cg_crl_write_request {
    const char *folder; /* "ca" or "root" */
    X509 *issuer;
    EVP_PKEY *key;
    struct cg_index *index; /* walked from its start; NULL: the entries of the last CRL are kept */
    int64_t now, lifetime;  /* s; lifetime 0: the setting or the default, limited by the end of the year 9999 */
    bool keeps_lifetime;    /* lifetime 0: that of the last CRL, if there is one; set by cg_crl_write */
    const BIGNUM *number;   /* of this CRL; NULL: from crlnumber */
    const BIGNUM *above;    /* the number must be higher than this one; may be NULL */
    X509_CRL *last;         /* the last CRL; NULL: the one in the CA's folder */
    const char *other;      /* the other CA's CRL in PEM, for crl.pem; NULL: from its folder */
};

struct cg_crl_made {
    size_t entries;
    char number[44]; /* hexadecimal */
    int64_t next_update;
    char *pem; /* owned */
    struct cg_error
        damaged; /* why the settings cannot be read, for a warning: the lifetime is that of the last CRL; or "" */
};

/* Makes the CRL and adds its files to the change. Its number is higher than the last CRL's. Fails if the index has lost a
 * revocation that the last CRL or the journal has (store/revoked.h). */
bool cg_crl_write(struct cg_change *change, const struct cg_crl_write_request *wanted, struct cg_crl_made *made,
                  struct cg_error *err);

/* Sets crlnumber of the folder to number + 1; changes number. */
bool cg_crl_put_next(struct cg_change *change, const char *folder, BIGNUM *number, struct cg_error *err);

void cg_crl_made_clear(struct cg_crl_made *made);

#endif
