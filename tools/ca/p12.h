/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* PKCS#12 (RFC 7292): key, certificate and chain in one encrypted file. Called by certify and export. */
#ifndef CG_CA_P12_H
#define CG_CA_P12_H

#include "store/store.h"

#include <openssl/bio.h>

/* What a device needs of the CA. Everything is borrowed. */
struct cg_bundle {
    const struct cg_ca *ca;
    const char *name; /* also the friendly name of key and certificate */
    X509 *cert;
    EVP_PKEY *key;
};

/* legacy: triple DES and SHA-1, for old systems that cannot read PBES2. Needs no legacy provider. */
bool cg_p12_put(BIO *out, const struct cg_bundle *bundle, const char *passphrase, bool legacy, struct cg_error *err);

/* Writes path, 0600, as the caller and not as the owner of the CA's folder. bio: the contents of the file. */
bool cg_bio_write(BIO *bio, const char *path, struct cg_error *err);

#endif
