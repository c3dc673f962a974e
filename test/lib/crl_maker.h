/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes CAs, certificates and CRLs in memory. The DER of a CRL is built here, without OpenSSL, so that a single part of it
 * can be wrong. The clock is fixed, so nothing expires. Called by the CRL tests, fuzzers and benchmarks. */
#ifndef CRL_MAKER_H
#define CRL_MAKER_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAKER_NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define DAY       INT64_C(86400)

/* a growing buffer of DER; zero-initialized: empty; without memory it aborts */
struct piece {
    unsigned char *data;
    size_t len, size;
};

void piece_add(struct piece *to, const void *bytes, size_t len);
void piece_wrap(struct piece *piece, unsigned tag);    /* makes it the content of an element */
void piece_join(struct piece *to, struct piece *from); /* appends from and frees it */
void piece_free(struct piece *piece);

void der_integer(struct piece *to, const void *magnitude, size_t len);                   /* big-endian, positive */
void der_small(struct piece *to, unsigned tag, long value);                              /* INTEGER, ENUMERATED */
void der_time(struct piece *to, int64_t seconds);                                        /* UTCTime until 2049 */
void der_extension(struct piece *to, int arc, bool critical, const struct piece *value); /* 2.5.29.arc */
void der_entry(struct piece *to, const void *serial, size_t len, int64_t revoked_at, int reason); /* -1: none */

struct ca {
    X509 *cert;
    EVP_PKEY *key;
};

/* extensions: "keyUsage=critical,cRLSign" lines, NULL-terminated. issuer NULL: self-signed. key NULL: a new P-256. */
X509 *make_cert(const char *name, long serial, EVP_PKEY *key, const struct ca *issuer, const char *const *extensions);
struct ca make_ca(const char *name, const struct ca *issuer, EVP_PKEY *key); /* adds a reference to key */
void free_ca(struct ca *ca);

/* Zero-initialized except for issuer: a valid empty v2 CRL with number 1, from MAKER_NOW - 1 day to MAKER_NOW + 7 days. */
struct crl_shape {
    const struct ca *issuer;
    const char *name;                 /* another issuer name; NULL: the name of issuer */
    const char *digest;               /* NULL: SHA256 */
    int64_t this_update, next_update; /* in seconds relative to MAKER_NOW; both 0: the default */
    long number;                      /* 0: number 1; -1: none */
    const struct piece *entries;      /* content of revokedCertificates; NULL: absent */
    const struct piece *extensions;   /* more extensions in DER, or NULL */
    bool v1, no_next_update, pss, other_inner_algorithm, break_signature, trailing_byte;
};

/* DER, to be freed by the caller. */
unsigned char *make_crl(const struct crl_shape *shape, size_t *len);

#endif
