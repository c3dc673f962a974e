/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The parser of CertificateList (RFC 5280 5.1): one pass over the DER, with borrowed ranges as its result. It
 * allocates nothing, so a CRL of any size costs no memory before its signature is verified. Called by loaded_crl.c
 * and lint. */
#ifndef CG_CRL_PARSE_H
#define CG_CRL_PARSE_H

#include "core/base/error.h"
#include "core/cert/der.h"
#include "crl_index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* content of extnValue; at is NULL if the extension is absent */
struct cg_crl_extensions {
    struct cg_der authority_key_id, number, delta_base, scope, issuer_alt_name, freshest, authority_info;
};

/* An extension of RFC 5280 5.2 (of the CRL) or 5.3 (of an entry). */
struct cg_crl_extension {
    uint64_t oid;     /* the octets of the OID, big-endian */
    const char *name; /* NULL at the end of the table */
    const char *section;
    bool critical; /* required by the RFC; otherwise, the CRL is refused */
    bool either;   /* both are accepted */
    size_t offset; /* offset of its value */
};

/* The row of the extension, or NULL if we do not know it. Also called by lint, so that lint and the load agree. */
const struct cg_crl_extension *cg_crl_extension_known(bool of_entry, const unsigned char *oid, size_t len);

struct cg_crl_head {
    struct cg_der signed_bytes; /* tbsCertList with its header */
    struct cg_der algorithm;    /* AlgorithmIdentifier with its header */
    struct cg_der issuer;       /* Name with its header */
    int64_t this_update, next_update;
    struct cg_der entries;   /* content of revokedCertificates; empty if absent */
    struct cg_der signature; /* BIT STRING without its octet of unused bits */
    struct cg_crl_extensions extensions;
};

/* Reads everything except the entries. */
bool cg_crl_read_head(const unsigned char *der, size_t len, struct cg_crl_head *out, struct cg_error *err);

#define CG_CRL_REASON_REMOVE 8 /* removeFromCRL, RFC 5280 5.3.1 */

struct cg_crl_entry {
    struct cg_serial serial;
    struct cg_crl_record record;
    struct cg_der certificate_issuer; /* content of extnValue; at is NULL if absent */
};

/* Consumes the next entry of entries, which must not be empty. Allocates nothing. */
bool cg_crl_take_entry(struct cg_der *entries, struct cg_crl_entry *out, struct cg_error *err);

/* A cRLNumber or BaseCRLNumber (RFC 5280 5.2.3): not negative, at most 20 octets. */
bool cg_crl_read_number(const struct cg_der *value, const char *name, unsigned char out[CG_SERIAL_MAX],
                        struct cg_error *err);

#endif
