/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* PKCS#12 (RFC 7292): key, certificate and chain in one encrypted file. Called by certify. */
#ifndef CG_CA_P12_H
#define CG_CA_P12_H

#include "store/store.h"

/* Writes path, 0600, as the caller and not as the owner of the CA's folder. name: the friendly name of key and
 * certificate. */
bool cg_p12_write(const char *path, const char *name, const struct cg_ca *ca, X509 *cert, EVP_PKEY *key,
                  const char *passphrase, struct cg_error *err);

#endif
