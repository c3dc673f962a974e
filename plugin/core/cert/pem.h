/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* PEM blocks (RFC 7468) and certificate bundles. Decodes in place, so that a CRL of hundreds of megabytes
 * is held once. A half-written file is an error, never a shorter file. Called by trust, credential and the tool. */
#ifndef CG_PEM_H
#define CG_PEM_H

#include "core/base/error.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* A walk over the blocks of a buffer; the buffer is the caller's and is written over. */
struct cg_pem {
    const char *place; /* for messages */
    unsigned char *data;
    size_t len, at;
    unsigned number; /* of the current block, from 1 */
    char label[48];
    unsigned char *der; /* of the current block, inside data */
    size_t der_len;
};

/* Text without blocks has none: check what the first call says. */
enum cg_pem_step { CG_PEM_FAULT = 0, CG_PEM_BLOCK, CG_PEM_END };
enum cg_pem_step cg_pem_next(struct cg_pem *pem, struct cg_error *err);

/* One DER value fills the buffer (else it is taken for PEM). */
bool cg_is_der(const void *data, size_t len);

/* Every certificate of a bundle, PEM or one in DER, in order. Anything but certificates in it is refused: a private
 * key, a CRL, garbage; and so are no certificate at all and more than max. The caller frees *out with its contents. */
bool cg_certificates_read(const char *place, const void *data, size_t len, size_t max, STACK_OF(X509) **out,
                          struct cg_error *err);

#endif
