/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The typed facts of one certificate, read once, so that rules compare values and never parse. The X509 is borrowed.
 * cg_cert_clear frees what is decoded here. Called by check.c and the rules. */
#ifndef CG_CERT_H
#define CG_CERT_H

#include "cert_kinds.h"
#include "der.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>

struct cg_cert {
    X509 *x509;
    uint32_t flags;     /* EXFLAG_* */
    uint32_t key_usage; /* KU_*; UINT32_MAX without the extension */
    uint32_t eku;       /* XKU_*; UINT32_MAX without the extension */
    bool dates_ok;
    int64_t not_before, not_after; /* s since 1970 */
    EVP_PKEY *key;                 /* borrowed; NULL if it cannot be read */
    unsigned key_algorithm;        /* one CG_KEY_* bit; 0 for an algorithm that no policy can allow */
    int key_bits;
    bool ec_explicit; /* the curve's parameters are explicit, or it has no name */
    unsigned digest;  /* of its signature: one CG_DIGEST_* bit; 0 for a digest that no policy can allow */
    bool san_broken;  /* the SAN cannot be decoded or occurs twice */
    GENERAL_NAMES *san;
    bool name_constraints_broken; /* like san_broken */
    NAME_CONSTRAINTS *name_constraints;
};

/* False without memory. A malformed field is a fact, not a failure. */
bool cg_cert_read(struct cg_cert *cert, X509 *x509);
void cg_cert_clear(struct cg_cert *cert);

/* How often an extension occurs. *value: the content of the first one's OCTET STRING, borrowed; empty if there is none. */
int cg_cert_extension(const X509 *cert, int nid, struct cg_der *value);

/* The algorithm as text for details: "RSA of 1024 bits", "EC secp256k1", "DSA". */
void cg_cert_key_text(const struct cg_cert *cert, char *out, size_t size);

#endif
