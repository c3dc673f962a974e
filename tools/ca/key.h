/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Private keys: made, written, read. The CA's own key is a PKCS#8 file, encrypted with a passphrase (PBES2, scrypt)
 * unless that was refused in so many words, or a URI that OSSL_STORE understands ("pkcs11:...").
 * The caller owns what is returned. Called by the verbs. */
#ifndef CG_CA_KEY_H
#define CG_CA_KEY_H

#include "base/secrets.h"
#include "store/change.h"

#include <openssl/evp.h>

#define CG_KEY_TYPES "p256|p384|rsa3072|rsa4096|ed25519|ml-dsa-44|ml-dsa-65|ml-dsa-87"

/* type: a word of CG_KEY_TYPES, NULL for p256. Refused, with what to do, where this OpenSSL has no such key. */
EVP_PKEY *cg_key_generate(const char *type, struct cg_error *err);

/* A new key of the same kind as another one, at least as strong as the floor of CG_KEY_TYPES. */
EVP_PKEY *cg_key_generate_like(const EVP_PKEY *like, struct cg_error *err);

/* A private key of live/, in the clear. */
EVP_PKEY *cg_key_load_plain(const char *path, struct cg_error *err);

/* RSA 2048 and P-224 at least: OpenSSL's security level 2, at which brokers run. */
bool cg_key_is_strong(const EVP_PKEY *key);

/* The warning that belongs to a type, or NULL: keys that small devices cannot use. */
const char *cg_key_type_warning(const char *type);

/* PEM, PKCS#8, in memory; not encrypted where passphrase is NULL. *pem is OPENSSL_malloc'ed: free with
 * OPENSSL_clear_free. */
bool cg_key_pem(EVP_PKEY *key, const char *passphrase, char **pem, size_t *len, struct cg_error *err);

/* The same as a file of a change, 0600. */
bool cg_key_put(struct cg_change *change, const char *target, EVP_PKEY *key, const char *passphrase,
                struct cg_error *err);

/* FOLDER/key.pem or FOLDER/key.uri of the CA ("ca", "root"), with the passphrase of the CA's options; must belong to
 * cert. */
EVP_PKEY *cg_key_of_ca(const struct cg_ca *ca, const char *folder, const X509 *cert, struct cg_error *err);

/* The private key of a file of any mode, as others made it; with the passphrase where it is sealed. For import. */
EVP_PKEY *cg_key_load_sealed(const struct cg_passphrase_source *source, const char *path, struct cg_error *err);

/* A key by URI or file name through OSSL_STORE. */
EVP_PKEY *cg_key_by_uri(const struct cg_passphrase_source *source, const char *uri, struct cg_error *err);

/* The digest to sign with: NULL where the key type brings its own. */
const EVP_MD *cg_key_digest(const EVP_PKEY *key);

#endif
