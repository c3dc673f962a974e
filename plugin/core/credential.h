/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A credential: certificate chain and private key that a listener serves. Immutable but for its hold; snapshots share it.
 * Loaded and proven here (key matches, chain builds, server policy accepts); served by tls. */
#ifndef CG_CREDENTIAL_H
#define CG_CREDENTIAL_H

#include "core/base/error.h"
#include "core/policy/policy.h"
#include "core/trust/trust.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdbool.h>

struct cg_credential {
    X509 *leaf;
    STACK_OF(X509) *chain; /* what follows the leaf in the file, the anchor left out */
    EVP_PKEY *key;
    char *file;            /* that the chain was read from; a listener may keep it when it is to serve another one */
    atomic_int references; /* private */
    atomic_bool held;      /* private: see cg_credential_is_held */
};

/* Reads both files, checks that the key belongs to the leaf. Encrypted keys are refused: say so. */
struct cg_credential *cg_credential_load(const char *chain_file, const char *key_file, struct cg_error *err);
/* Has fresh every SAN of old? Clients know the broker by these names. If not, missing gets the first that it lacks. */
bool cg_credential_covers(const struct cg_credential *fresh, const struct cg_credential *old, char *missing,
                          size_t size);

/* Loaded at the start although it is refused for its time (cg_own_fault): not to be served before a check accepts it, which
 * let_go tells for good. */
bool cg_credential_is_held(const struct cg_credential *credential);
void cg_credential_hold(struct cg_credential *credential);
void cg_credential_release(const struct cg_credential *credential);

struct cg_credential *cg_credential_ref(struct cg_credential *credential); /* +1, returns its argument; NULL is fine */
void cg_credential_free(struct cg_credential *credential);                 /* -1; NULL is fine */

#endif
