/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The DER of a CRL (RFC 5280 5.1), made entry by entry: OpenSSL's X509_CRL takes some allocations for each of them, and
 * encodes all of them four times. Called by crl.c, which owns the struct. */
#ifndef CG_CA_CRL_DER_H
#define CG_CA_CRL_DER_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_crl_der {
    unsigned char *entries; /* the content of revokedCertificates */
    size_t len, size;
};

/* serial: hexadecimal, as in the index. reason: CRLReason; it is omitted if it is not more than 0, unspecified. False: not a
 * serial number, not a date, or out of memory. */
bool cg_crl_der_add(struct cg_crl_der *crl, const char *serial, int64_t when, int reason);
bool cg_crl_der_copy(struct cg_crl_der *crl, const X509_REVOKED *entry);

/* Signs a version 2 CRL with these entries, its number and the issuer's AKI. *der is OPENSSL_malloc'ed. */
bool cg_crl_der_sign(const struct cg_crl_der *crl, const X509 *issuer, EVP_PKEY *key, const BIGNUM *number,
                     int64_t this_update, int64_t next_update, unsigned char **der, int *len);
void cg_crl_der_free(struct cg_crl_der *crl);

#endif
