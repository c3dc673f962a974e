/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificates and reasons that a CRL covers: its issuingDistributionPoint is compared with all
 * cRLDistributionPoints of the certificate (RFC 5280 5.2.5, 4.2.1.13, 6.3.3 b to e). The caller owns the structs and
 * clears them. Called by crl.c and loaded_crl.c. */
#ifndef CG_CRL_SCOPE_H
#define CG_CRL_SCOPE_H

#include "core/base/error.h"
#include "core/cert/der.h"

#include <openssl/x509v3.h>
#include <stdbool.h>

/* ReasonFlags of RFC 5280 4.2.1.13: bits 1 (keyCompromise) to 8 (aACompromise) */
#define CG_CRL_ALL_REASONS 0x1feu

/* Zeroed: covers nothing. */
struct cg_crl_scope {
    ISSUING_DIST_POINT *idp; /* NULL: all certificates of the issuer */
    unsigned reasons;
    bool indirect;
};

/* value: extnValue of issuingDistributionPoint; at is NULL if absent. issuer: of the CRL. */
bool cg_crl_scope_read(const struct cg_der *value, const X509_NAME *issuer, struct cg_crl_scope *out,
                       struct cg_error *err);
void cg_crl_scope_clear(struct cg_crl_scope *scope);

/* The scope as text, such as "CA certificates, http://ca.lan/2.crl"; "" for a CRL that covers all certificates.
 * Printable ASCII. CG_CRL_SCOPE_MAX is always large enough. */
#define CG_CRL_SCOPE_MAX 192
void cg_crl_scope_text(const struct cg_crl_scope *scope, char *out, size_t size);

/* The parts of a certificate that select its CRLs. */
struct cg_crl_points {
    const X509_NAME *issuer;
    CRL_DIST_POINTS *list; /* NULL: none */
    bool is_ca;
};

/* False if one of the extensions read here is malformed or occurs twice. The status is then unknown. */
bool cg_crl_points_read(const X509 *cert, struct cg_crl_points *out);
void cg_crl_points_clear(struct cg_crl_points *points);

/* The reasons that a CRL with this scope, issued under the name crl_issuer, covers for the certificate; 0 if the
 * certificate is not in its scope. */
unsigned cg_crl_scope_covers(const struct cg_crl_scope *scope, const X509_NAME *crl_issuer,
                             const struct cg_crl_points *points);

#endif
