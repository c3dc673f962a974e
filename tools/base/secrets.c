/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "secrets.h"

#include <openssl/crypto.h>

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Room for the CA's key and for 64 threads of a batch that make RSA keys: OpenSSL fails if it is used up. */
#define LOCKED_SIZE ((size_t)4 << 20)
#define LEAST_BLOCK ((size_t)16)

static const char *known(const void *context, struct cg_error *err)
{
    (void)err;
    return context;
}

struct cg_passphrase_source cg_passphrase_known(const char *passphrase)
{
    return (struct cg_passphrase_source){.get = passphrase ? known : NULL, .context = passphrase};
}

void cg_secrets_guard(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the limit does not apply if dumps are piped to a program */
}

void cg_secrets_lock(void)
{
    /* if RLIMIT_MEMLOCK forbids locking, the memory is still wiped */
    if (!CRYPTO_secure_malloc_initialized())
        (void)CRYPTO_secure_malloc_init(LOCKED_SIZE, LEAST_BLOCK);
}
