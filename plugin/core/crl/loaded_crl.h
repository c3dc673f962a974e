/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One CRL after loading: verified, indexed, without its DER. Immutable, reference counted, shared by sets and files.
 * Called by crl.c, crl_numbers.c and trust_crls.c. */
#ifndef CG_LOADED_CRL_H
#define CG_LOADED_CRL_H

#include "core/base/error.h"
#include "crl_index.h"
#include "crl_scope.h"
#include "crl_signer.h"

#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The entries of one certificate issuer. Only an indirect CRL has more than one part. */
struct cg_crl_part {
    X509_NAME *issuer; /* owned */
    struct cg_crl_index index;
};

struct cg_crl {
    atomic_int references;
    unsigned char sha256[32]; /* of its DER */
    char *place;              /* the file that it was read from; NULL if there is none */
    X509_NAME *issuer;
    char issuer_text[256 + 16 + CG_CRL_SCOPE_MAX]; /* with its delta flag and scope */
    size_t name_len;                               /* length of issuer_text without them */
    int64_t this_update, next_update;
    bool has_number, is_delta;
    unsigned char number[CG_SERIAL_MAX], delta_base[CG_SERIAL_MAX];
    unsigned char *scope_der; /* extnValue of issuingDistributionPoint; NULL if absent */
    size_t scope_len;
    struct cg_crl_scope scope;
    struct cg_crl_signer signer;
    struct cg_crl_part *parts; /* the first part is for the CRL's own issuer */
    size_t nparts;
};

/* Parses, verifies and indexes; NULL and *err if the CRL is refused. See cg_crl_set_add. */
struct cg_crl *cg_crl_read(const unsigned char *der, size_t len, const STACK_OF(X509) *issuers, bool strict,
                           struct cg_error *err);
bool cg_crl_set_place(struct cg_crl *crl, const char *place); /* before it is shared; false without memory */
struct cg_crl *cg_crl_ref(struct cg_crl *crl);                /* +1, returns its argument */
void cg_crl_free(struct cg_crl *crl);                         /* -1; NULL is fine */

bool cg_crl_find(const struct cg_crl *crl, const X509_NAME *cert_issuer, const struct cg_serial *serial,
                 struct cg_crl_record *out);

/* Do both have the same issuer, key and scope? */
bool cg_crl_same_base(const struct cg_crl *a, const struct cg_crl *b);
/* And are both complete, or both deltas? Then one replaces the other. */
bool cg_crl_same_scope(const struct cg_crl *a, const struct cg_crl *b);

/* < 0 if a is older than b: by cRLNumber; if one has none or both are equal, by thisUpdate. */
int cg_crl_compare(const struct cg_crl *a, const struct cg_crl *b);

/* The same for the values. number: CG_SERIAL_MAX octets, or NULL if there is none. */
int cg_crl_compare_age(const unsigned char *a_number, int64_t a_this_update, const unsigned char *b_number,
                       int64_t b_this_update);

/* Is BaseCRLNumber <= number of base < number of delta (RFC 5280 5.2.4)? */
bool cg_crl_delta_fits(const struct cg_crl *delta, const struct cg_crl *base);

void cg_crl_number_text(const struct cg_crl *crl, char *out, size_t size);   /* lower-case hex; "" for none */
void cg_crl_number_hex(const unsigned char *number, char *out, size_t size); /* the same; "" for NULL */
size_t cg_crl_entries(const struct cg_crl *crl);

#endif
