/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Finds the signer of a CRL, and the CAs that it may sign CRLs for (RFC 5280 6.3.3 f and g). The signature is
 * verified once, at load. The caller owns the struct and clears it. Called by loaded_crl.c and crl.c. */
#ifndef CG_CRL_SIGNER_H
#define CG_CRL_SIGNER_H

#include "core/base/error.h"
#include "crl_parse.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* Zeroed: covers no CA. */
struct cg_crl_signer {
    X509 *cert;                /* owned reference */
    X509 *parent;              /* its issuer, if it may sign for other keys and is not self-signed; owned reference */
    STACK_OF(X509) *other_cas; /* CA certificates with other keys that it also signs CRLs for; owned; may be NULL */
};

/* Finds the certificate among issuers whose key verifies the signature over head->signed_bytes. strict refuses
 * digests weaker than SHA-224. indirect: the CRL may also cover certificates of other CAs. */
bool cg_crl_signer_find(const struct cg_crl_head *head, const X509_NAME *name, const STACK_OF(X509) *issuers,
                        bool strict, bool indirect, struct cg_crl_signer *out, struct cg_error *err);
void cg_crl_signer_clear(struct cg_crl_signer *signer);

enum cg_crl_signer_relation {
    CG_CRL_SIGNER_NONE = 0,
    CG_CRL_SIGNER_SAME_KEY, /* issuer has the key that signed the CRL */
    CG_CRL_SIGNER_RELATED,  /* issuer is in other_cas: signer->cert itself must be valid and not revoked */
};

/* issuer: the issuer, from the path, of the certificate in question. */
enum cg_crl_signer_relation cg_crl_signer_match(const struct cg_crl_signer *signer, const X509 *issuer);

/* Do both certificates contain the same public key, in the same encoding? */
bool cg_same_key(const X509 *a, const X509 *b);

#endif
