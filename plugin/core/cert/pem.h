/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* PEM blocks (RFC 7468) and bundles of certificates. Decodes in place, so that a CRL of hundreds of megabytes is in
 * memory only once. A partly written file is an error, never a shorter file. Called by trust, credentials and the
 * tool. */
#ifndef CG_PEM_H
#define CG_PEM_H

#include "core/base/error.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* An iteration over the blocks of a buffer. The caller owns the buffer, which is overwritten. */
struct cg_pem {
    const char *place; /* for messages */
    unsigned char *data;
    size_t len, at;
    unsigned number; /* of the current block, from 1 */
    char label[48];
    unsigned char *der; /* of the current block, inside "data" */
    size_t der_len;
};

/* Text without blocks gives CG_PEM_END on the first call: check for it. */
enum cg_pem_step { CG_PEM_FAULT = 0, CG_PEM_BLOCK, CG_PEM_END };
enum cg_pem_step cg_pem_next(struct cg_pem *pem, struct cg_error *err);

/* Is it DER? Otherwise it is read as PEM. */
bool cg_is_der(const void *data, size_t len);

/* Reads all certificates of a bundle in PEM, or one in DER, in order. Fails if there is anything else (a private key,
 * a CRL, other data), no certificate, or more than max. The caller frees *out with its contents. */
bool cg_certificates_read(const char *place, const void *data, size_t len, size_t max, STACK_OF(X509) **out,
                          struct cg_error *err);

#endif
