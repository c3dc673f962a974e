/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Building certificates: RFC 5280 section 4, extension by extension. The only place that signs certificates.
 * The caller owns the struct and the returned certificate. Called by issue, create and import. */
#ifndef CG_CA_SIGN_H
#define CG_CA_SIGN_H

#include "core/base/error.h"
#include "profile.h"

#include <openssl/x509v3.h>

struct cg_certificate_policy {
    const char *oid;  /* dotted, in the CA's own arc; NULL: no certificatePolicies extension */
    const char *cps;  /* https URL or NULL */
    const char *text; /* user notice, at most 200 characters (RFC 5280 4.2.1.4), or NULL */
};

struct cg_certificate_request {
    const struct cg_ca_profile *profile;
    const X509_NAME *subject;
    EVP_PKEY *key;                       /* only its public half is used */
    const GENERAL_NAMES *names;          /* NULL for a CA */
    const NAME_CONSTRAINTS *constraints; /* of a CA, or NULL */
    const struct cg_certificate_policy *policy;
    const CERTIFICATEPOLICIES *policies; /* of the renewed certificate; or NULL */
    const ASN1_OCTET_STRING *key_id;     /* SKI of a renewed CA; NULL: made from its key */
    const ASN1_INTEGER *serial;          /* of a renewed CA; NULL: random */
    bool both_purposes;                  /* serverAuth and clientAuth */
    int path_length;                     /* of a CA; -2: the profile's */
    int64_t now, lifetime;               /* s; lifetime 0: the profile's */
};

/* issuer NULL: self-signed. notAfter is at most the issuer's; *shortened: it was reduced to that. */
X509 *cg_sign_certificate(const struct cg_certificate_request *request, X509 *issuer, EVP_PKEY *issuer_key,
                          bool *shortened, struct cg_error *err);

#endif
