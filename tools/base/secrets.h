/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keys and passphrases stay in the memory of the run: neither a core dump nor the swap file gets them, where the system
 * allows that. Called by main, and by those that load or make the key of a CA. */
#ifndef CG_SECRETS_H
#define CG_SECRETS_H

#include "core/base/error.h"

/* Where the passphrase of a sealed key, or the PIN of a token, comes from: asked only once a key turns out to need it, as
 * OpenSSL's pem_password_cb is. get returns NULL with the reason; the text stays the source's and must last as long as
 * whatever was given the source. get NULL: there is none, and sealed keys stay shut. */
struct cg_passphrase_source {
    const char *(*get)(const void *context, struct cg_error *err);
    const void *context;
};

/* At the start: no core dumps, and no other process of the same user reads this one's memory. */
void cg_secrets_guard(void);

/* From here on OpenSSL keeps private keys in memory that is locked and wiped. Again and again without effect. */
void cg_secrets_lock(void);

#endif
