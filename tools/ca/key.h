/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Making, writing and reading private keys. The CA's own key is a PKCS#8 file, encrypted with a passphrase (PBES2, scrypt)
 * unless --no-passphrase is given, or a URI that OSSL_STORE supports ("pkcs11:...").
 * The caller owns returned keys. Called by the CA, import and deploy. */
#ifndef CG_CA_KEY_H
#define CG_CA_KEY_H

#include "base/secrets.h"
#include "store/change.h"

#include <openssl/evp.h>

#define CG_CA_KEY_TYPES "p256|p384|rsa3072|rsa4096|ed25519|ml-dsa-44|ml-dsa-65|ml-dsa-87"
#define CG_KEY_TYPES    CG_CA_KEY_TYPES "|rsa2048" /* too weak for the years of a CA */

bool cg_key_type_known(const char *word); /* one of CG_KEY_TYPES */

/* type: a word of CG_KEY_TYPES, NULL for p256. NULL with the fix if this OpenSSL cannot make such keys. */
EVP_PKEY *cg_key_generate(const char *type, struct cg_error *err);

/* A new key of the type in CG_KEY_TYPES that is at least as large as another key. */
EVP_PKEY *cg_key_generate_like(const EVP_PKEY *like, struct cg_error *err);

/* An unencrypted private key of live/. */
EVP_PKEY *cg_key_load_plain(const char *path, struct cg_error *err);

/* At least RSA 2048 or P-224: OpenSSL's security level 2, the default of brokers. */
bool cg_key_is_strong(const EVP_PKEY *key);

/* "EC, 256 bits, prime256v1"; NULL: "unknown type". */
void cg_key_text(const EVP_PKEY *key, char *out, size_t size);

/* A warning about clients that cannot use keys of this type, or NULL. */
const char *cg_key_type_warning(const char *type);

/* The kind of the first private key in a PEM file; other blocks may precede it. */
enum cg_key_kind { CG_KEY_NONE, CG_KEY_ENCRYPTED, CG_KEY_PLAIN };
enum cg_key_kind cg_key_kind_of(const void *pem, size_t len);

/* PEM, PKCS#8, in memory; unencrypted if passphrase is NULL. *pem is OPENSSL_malloc'ed: free with OPENSSL_clear_free. */
bool cg_key_pem(EVP_PKEY *key, const char *passphrase, char **pem, size_t *len, struct cg_error *err);

/* The same as a file of a change, 0600. */
bool cg_key_put(struct cg_change *change, const char *target, EVP_PKEY *key, const char *passphrase,
                struct cg_error *err);

/* FOLDER/key.pem or FOLDER/key.uri of the CA ("ca", "root"), with the passphrase of the CA's options; NULL if it is not the
 * key of cert. */
EVP_PKEY *cg_key_of_ca(const struct cg_ca *ca, const char *folder, const X509 *cert, struct cg_error *err);

/* The private key of a file of any mode, encrypted or not. For import. */
EVP_PKEY *cg_key_load_sealed(const struct cg_passphrase_source *source, const char *path, struct cg_error *err);

/* A key by URI or file name through OSSL_STORE. */
EVP_PKEY *cg_key_by_uri(const struct cg_passphrase_source *source, const char *uri, struct cg_error *err);

/* The digest to sign with; NULL if the key type implies it. */
const EVP_MD *cg_key_digest(const EVP_PKEY *key);

#endif
