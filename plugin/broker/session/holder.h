/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who a certificate belongs to, in so far as a renewed one still belongs to the same: the user name that the policy takes
 * from it, else its subject and names. Values only, digests of fixed size. Called by client_map.c. */
#ifndef CG_HOLDER_H
#define CG_HOLDER_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define CG_HOLDER_NAMES 8 /* of the subjectAltName; the others are not looked at */

struct cg_holder {
    uint64_t key;      /* of all that follows */
    uint64_t username; /* 0: the policy takes none */
    uint64_t subject;  /* 0: empty */
    uint64_t name[CG_HOLDER_NAMES];
    unsigned nnames;
};

/* username: "" for none. False without memory: deny. */
bool cg_holder_of(const X509 *certificate, const char *username, struct cg_holder *out);

/* With a username each: the same one. Else the same subject and a name in common, where both have names: a renewed
 * certificate may have got one more. */
bool cg_holder_same(const struct cg_holder *a, const struct cg_holder *b);

/* The holder showed another certificate of its: what only the earlier one told stays known. */
void cg_holder_renew(struct cg_holder *holder, const struct cg_holder *shown);

/* The first octets of SHA-256, never 0; 0 without memory. */
uint64_t cg_digest64(const void *bytes, size_t len);

#endif
