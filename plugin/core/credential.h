/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A credential: the certificate chain and private key that a listener serves. Immutable except for its hold;
 * snapshots share it. Loaded here (the key must match), checked by snapshot_credentials.c, served by tls. */
#ifndef CG_CREDENTIAL_H
#define CG_CREDENTIAL_H

#include "core/base/error.h"
#include "core/file/file_state.h"
#include "core/policy/policy.h"
#include "core/trust/trust.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdbool.h>

struct cg_credential {
    X509 *leaf;
    STACK_OF(X509) *chain; /* the certificates after the leaf, without the anchor */
    EVP_PKEY *key;
    char *file; /* the file of the chain; a listener may keep this credential although another file is configured */
    atomic_int references; /* private */
    atomic_bool held;      /* private; see cg_credential_is_held */
};

/* What one listener serves: one credential of each key type. OpenSSL chooses by what the client offers. */
struct cg_credentials {
    struct cg_credential *item[CG_CREDENTIALS_MAX];  /* each is a reference */
    struct cg_file_states files[CG_CREDENTIALS_MAX]; /* when they were read, to notice changes; none: read them again */
    size_t count;
};

/* Reads both files and checks that the key belongs to the leaf. Refuses encrypted keys. */
struct cg_credential *cg_credential_load(const char *chain_file, const char *key_file, struct cg_error *err);
/* "RSA", "EC" (whatever the curve), ...: what OpenSSL distinguishes certificates by when it chooses one to serve. */
const char *cg_credential_key_type(const struct cg_credential *credential);

/* Does renewed have every SAN of old? Clients find the broker by these names. If not, missing gets the first missing
 * name. */
bool cg_credential_covers(const struct cg_credential *renewed, const struct cg_credential *old, char *missing,
                          size_t size);

/* A credential on hold was loaded at start although it is refused for its dates (cg_own_fault). It must not be served
 * until a check accepts it and releases the hold. */
bool cg_credential_is_held(const struct cg_credential *credential);
void cg_credential_hold(struct cg_credential *credential);
void cg_credential_release(const struct cg_credential *credential);

struct cg_credential *cg_credential_ref(struct cg_credential *credential); /* +1, returns its argument; NULL is fine */
void cg_credential_free(struct cg_credential *credential);                 /* -1; NULL is fine */
void cg_credentials_clear(struct cg_credentials *credentials);

#endif
