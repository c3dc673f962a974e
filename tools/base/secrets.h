/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keeps keys and passphrases out of core dumps and, if the system allows it, out of swap. Called by main, and by code that
 * loads or makes the key of a CA. */
#ifndef CG_SECRETS_H
#define CG_SECRETS_H

#include "core/base/error.h"

/* Source of the passphrase of an encrypted key, or of the PIN of a token. Like OpenSSL's pem_password_cb, it is called only
 * if a key needs it. get returns NULL with the error; the source owns the text, which must outlive the users of the source.
 * get NULL: there is no passphrase, and encrypted keys cannot be read. */
struct cg_passphrase_source {
    const char *(*get)(const void *context, struct cg_error *err);
    const void *context;
    const char *(*setting)(void); /* after get: the file, if a setting named it and not the user. May be NULL */
};

/* Of a passphrase that is known, and borrowed; NULL: there is none. */
struct cg_passphrase_source cg_passphrase_known(const char *passphrase);

/* At the start: no core dumps, and no other process of the same user can read this one's memory. */
void cg_secrets_guard(void);

/* Afterwards OpenSSL keeps private keys in memory that is locked and wiped. Idempotent. */
void cg_secrets_lock(void);

#endif
