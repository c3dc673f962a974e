/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The trust that a batch line brings along: anchors, CRLs, and what they make of the peer's own certificates.
 * Everything goes into the case, which owns it. Called by batch.c and verb_check.c. */
#ifndef CG_BATCH_TRUST_H
#define CG_BATCH_TRUST_H

#include "batch.h"
#include "core/file.h"

/* Adds the anchors in bytes. OpenSSL's "TRUSTED CERTIFICATE" says for what a certificate is trusted: one that is not
 * trusted for the purpose of the case joins the deny list by its key. */
bool cg_batch_add_root(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes, struct cg_error *err);

/* A CRL that is refused is left out; see cg_batch_crl_matters. */
void cg_batch_add_crl(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes);

/* A CRL of an issuer of this path was refused: nobody knows what it said, so accepting would be a guess. */
bool cg_batch_crl_matters(const struct cg_batch_case *c, const struct cg_verdict *verdict);

/* Makes the CA certificates that the peer sent known as intermediates, so that CRLs which they signed can be verified.
 * Offline only: the plugin takes issuers of CRLs from its own files. */
void cg_batch_trust_sent(struct cg_trust *trust, const STACK_OF(X509) *sent);

#endif
