/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The identity of a certificate, which a renewed certificate shares: the user name that the policy takes from it, otherwise
 * its subject and names. A value type with digests of fixed size. Called by client_map.c. */
#ifndef CG_HOLDER_H
#define CG_HOLDER_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define CG_HOLDER_NAMES 8 /* names of the subjectAltName; further names are ignored */

struct cg_holder {
    uint64_t key;      /* digest of all members below; 0: no certificate */
    uint64_t username; /* 0: the policy takes no user name */
    uint64_t subject;  /* 0: empty */
    uint64_t name[CG_HOLDER_NAMES];
    unsigned nnames;
};

/* username: "" for none. False: out of memory, deny the client. */
bool cg_holder_of(const X509 *certificate, const char *username, struct cg_holder *out);

/* The same identity: if both have a user name, the same user name. Otherwise the same subject and, if both have names, at least
 * one common name, since a renewed certificate may have an additional name. */
bool cg_holder_same(const struct cg_holder *a, const struct cg_holder *b);

/* Updates the holder for its new certificate, and keeps the user name or names that this one lacks. */
void cg_holder_renew(struct cg_holder *holder, const struct cg_holder *renewed);

/* The first octets of the SHA-256 digest; 0: out of memory. */
uint64_t cg_digest64(const void *bytes, size_t len);

#endif
