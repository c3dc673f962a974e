/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who signed a CRL, and for whose certificates it may therefore speak (RFC 5280 6.3.3 f and g). The signature is
 * verified once, at load. The caller owns the struct and clears it. Called by crl.c. */
#ifndef CG_CRL_SIGNER_H
#define CG_CRL_SIGNER_H

#include "core/base/error.h"
#include "crl_parse.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* zeroed: speaks for nobody */
struct cg_crl_signer {
    X509 *cert;             /* owned reference */
    X509 *parent;           /* its issuer, where it may speak for other keys and is not self-signed; owned reference */
    STACK_OF(X509) *served; /* CA certificates with another key that it also speaks for; owned; may be NULL */
};

/* The certificate among issuers whose key verifies the signature over head->signed_bytes. strict refuses digests
 * weaker than SHA-224. indirect: the CRL may speak for other CAs too. */
bool cg_crl_signer_find(const struct cg_crl_head *head, const X509_NAME *name, const STACK_OF(X509) *issuers,
                        bool strict, bool indirect, struct cg_crl_signer *out, struct cg_error *err);
void cg_crl_signer_clear(struct cg_crl_signer *signer);

enum cg_crl_signer_relation {
    CG_CRL_SIGNER_NONE = 0,
    CG_CRL_SIGNER_SAME_KEY, /* issuer has the very key that signed the CRL */
    CG_CRL_SIGNER_RELATED,  /* issuer is served: signer->cert itself must be valid and not revoked */
};

/* issuer: of the certificate in question, from its path. */
enum cg_crl_signer_relation cg_crl_signer_match(const struct cg_crl_signer *signer, const X509 *issuer);

/* The two certificates hold the same public key, encoded the same way. */
bool cg_same_key(const X509 *a, const X509 *b);

#endif
