/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Preloaded before a broker: a libssl that forgets one of the callbacks that the hook lives on, as CG_FORGET names it.
 * All else is passed on. */
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

typedef int (*verify_fn)(X509_STORE_CTX *, void *);
typedef void (*info_fn)(const SSL *, int, int);

static int forgets(const char *what)
{
    const char *named = getenv("CG_FORGET");
    return named && strcmp(named, what) == 0;
}

static int accept_all(X509_STORE_CTX *store, void *argument)
{
    (void)argument;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

void SSL_CTX_set_cert_verify_callback(SSL_CTX *ctx, verify_fn callback, void *argument)
{
    void (*real)(SSL_CTX *, verify_fn, void *);
    *(void **)&real = dlsym(RTLD_NEXT, "SSL_CTX_set_cert_verify_callback");
    if (forgets("verify"))
        return;
    real(ctx, forgets("verdict") ? accept_all : callback, argument);
}

void SSL_CTX_set_info_callback(SSL_CTX *ctx, info_fn callback)
{
    void (*real)(SSL_CTX *, info_fn);
    *(void **)&real = dlsym(RTLD_NEXT, "SSL_CTX_set_info_callback");
    if (!forgets("info"))
        real(ctx, callback);
}
