/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The identity of a certificate, which a renewed certificate shares: the user name that the policy takes from it, otherwise
 * its subject and names. It is immutable and counts its references, since a claim and its client id usually have the same.
 * Main thread only. Called by client_map.c. */
#ifndef CG_HOLDER_H
#define CG_HOLDER_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define CG_HOLDER_NAMES 8 /* names of the subjectAltName; further names are ignored */

struct cg_holder {
    uint64_t key;      /* digest of the members below, never 0 */
    uint64_t username; /* 0: the policy takes no user name */
    uint64_t subject;  /* 0: empty */
    unsigned nnames, references;
    uint64_t name[];
};

/* username: "" for none. The caller owns a reference. NULL: out of memory, deny the client. */
struct cg_holder *cg_holder_of(const X509 *certificate, const char *username);
struct cg_holder *cg_holder_ref(struct cg_holder *holder);
void cg_holder_free(struct cg_holder *holder); /* releases a reference; accepts NULL */

/* The same identity: if both have a user name, the same user name. Otherwise the same subject and, if both have names, at least
 * one common name, since a renewed certificate may have an additional name. */
bool cg_holder_same(const struct cg_holder *a, const struct cg_holder *b);

/* Replaces *holder (NULL: none) by its renewed certificate's, with the user name or names that this one lacks. If memory runs
 * out, *holder stays. */
void cg_holder_renew(struct cg_holder **holder, struct cg_holder *renewed);

/* The first octets of the SHA-256 digest; 0: out of memory. */
uint64_t cg_digest64(const void *bytes, size_t len);

#endif
