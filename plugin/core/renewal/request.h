/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A renewal request: CSR || S (docs/renewal.md). The CSR is PKCS#10 (RFC 2986) in strict DER, S the signature with the key of the
 * current certificate over
 *
 *     "certguard renew v1" 0x0A || SHA-256(current certificate, DER) || CSR
 *
 * This file reads its shape without public-key cryptography, in time linear in its size, and allocates nothing, so the broker's
 * main thread may do it. request_check.h verifies it. All spans are borrowed from the request. Called by the broker layer, the
 * tool and the fuzzer. */
#ifndef CG_RENEWAL_REQUEST_H
#define CG_RENEWAL_REQUEST_H

#include "core/cert/der.h"
#include "refusal.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#define CG_RENEW_TBS_PREFIX "certguard renew v1\n"
#define CG_RENEWAL_ID_MAX   65 /* 64 hex digits in lower case, and the NUL */

struct cg_renewal_request {
    struct cg_der whole;     /* CSR || S */
    struct cg_der csr;       /* with its header, as in all below except "content" */
    struct cg_der info;      /* CertificationRequestInfo: what the CSR's own key signed */
    struct cg_der subject;   /* Name */
    struct cg_der spki;      /* SubjectPublicKeyInfo */
    struct cg_der names;     /* GeneralNames of the requested subjectAltName; empty: none is requested */
    struct cg_der signature; /* S, content */
    unsigned key_algorithm;  /* one CG_KEY_* bit, by the OIDs of spki; never 0: others are refused */
};

/* False with RENEWAL_MALFORMED or RENEWAL_KEY_NOT_ALLOWED (an algorithm that no request can have: keys that cannot sign this
 * protocol, such as RSA-PSS, curves without a CG_KEY_EC_* bit, RSA above 8192 bits). */
bool cg_renewal_parse(const unsigned char *data, size_t len, struct cg_renewal_request *out,
                      struct cg_refusal *refusal);

/* Hex of SHA-256(SHA-256(certificate, DER) || SubjectPublicKeyInfo). The same certificate and key have the same ID at any broker.
 * False: out of memory. */
bool cg_renewal_id(const X509 *current, const struct cg_renewal_request *request, char out[CG_RENEWAL_ID_MAX]);
bool cg_renewal_id_is_valid(const char *id); /* 64 hex digits in lower case */

/* The octets that S signs, OPENSSL_malloc'ed. NULL: out of memory. */
unsigned char *cg_renewal_tbs(const X509 *current, const struct cg_der *csr, size_t *len);

#endif
