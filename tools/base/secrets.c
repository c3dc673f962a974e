/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "secrets.h"

#include <openssl/crypto.h>

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Room for the CA's key and what 64 threads of a batch need to make RSA keys; OpenSSL does not go on elsewhere when it is
 * used up. */
#define LOCKED_SIZE ((size_t)4 << 20)
#define LEAST_BLOCK ((size_t)16)

void cg_secrets_guard(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the limit does not hold where dumps go to a program */
}

void cg_secrets_lock(void)
{
    /* where locking is not allowed (RLIMIT_MEMLOCK) the memory is wiped all the same */
    if (!CRYPTO_secure_malloc_initialized())
        (void)CRYPTO_secure_malloc_init(LOCKED_SIZE, LEAST_BLOCK);
}
