/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A device's request, and its checks of what it is answered (docs/renewal.md). Nothing is owned but what is returned.
 * Called by steps.c. */
#ifndef CG_TOOLS_DEVICE_CHECK_H
#define CG_TOOLS_DEVICE_CHECK_H

#include "core/base/error.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* A CSR without names for key, and the signature with the key of the current certificate. OPENSSL_malloc'ed; NULL with the error. */
unsigned char *cg_device_request(const X509 *current, EVP_PKEY *current_key, EVP_PKEY *key, size_t *len,
                                 struct cg_error *err);

/* The path from the leaf to one of the anchors, without the leaf, and with the anchor at its end; NULL: there is none. Dates are not
 * checked: the clock may be wrong, and the broker checks them. */
STACK_OF(X509) *cg_device_path(X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *anchors, struct cg_error *err);

#endif
