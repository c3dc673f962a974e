/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes renewal requests and statements about roots from parts, each of which can be replaced, so that any of them can be wrong.
 * A fault of the maker itself aborts the test. Called by tests only. */
#ifndef CG_TEST_RENEWAL_MAKER_H
#define CG_TEST_RENEWAL_MAKER_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>

/* DER under construction. Zero-initialized it is empty. */
struct cg_made {
    unsigned char data[20000];
    size_t len;
};

void cg_made_add(struct cg_made *made, const void *data, size_t len);
void cg_made_join(struct cg_made *made, const struct cg_made *more);
/* Everything so far becomes the content of an element with this tag. Returns made. */
struct cg_made *cg_made_wrap(struct cg_made *made, unsigned tag);

/* Everything that is NULL has its default. The keys are borrowed. */
struct cg_request_parts {
    const X509 *current;
    EVP_PKEY *old, *key; /* current's key, which makes S; the new one */
    EVP_PKEY *proof;     /* signs the CSR; default: key */
    const char *prefix;  /* of the octets that S signs; default: the protocol's */
    const char *digest;  /* of the CSR's signature; default: SHA256 */
    /* elements with their headers */
    const struct cg_made *version, *subject; /* 0; empty */
    const struct cg_made *spki, *algorithm;  /* those of key and proof */
    const struct cg_made *attributes;        /* empty */
};

void cg_request_make(const struct cg_request_parts *parts, struct cg_made *out);

/* subject: of a certificate. */
void cg_made_subject(const X509 *cert, struct cg_made *out);

/* [0] with an extensionRequest for the subjectAltName of cert. */
void cg_made_names(const X509 *cert, struct cg_made *out);

/* [0] with an extensionRequest: list is the content of Extensions. */
void cg_made_extension_request(const struct cg_made *list, struct cg_made *out);

/* An Extension: the OID's content, and the content of the OCTET STRING. */
void cg_made_extension(const char *oid, size_t oid_len, const struct cg_made *value, struct cg_made *out);

/* The content of the first subjectAltName. */
void cg_made_san(const X509 *cert, struct cg_made *out);

/* A statement: signer signs for root in the name of holder. */
void cg_statement_make(const X509 *root, const X509 *holder, EVP_PKEY *signer, struct cg_made *out);
void cg_statement_make_drop(const X509 *root, EVP_PKEY *signer, struct cg_made *out);

/* A key of this type, such as "ML-DSA-65", that the caller frees; NULL: this OpenSSL does not know it. */
EVP_PKEY *cg_key_if_known(const char *type);

/* A copy of cert with another key, signed with signer. The caller frees it. */
X509 *cg_cert_with_key(const X509 *cert, EVP_PKEY *key, EVP_PKEY *signer);

#endif
