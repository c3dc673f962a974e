/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Stands for libssl: no more of it than libssl_program.c and plugin/tls/openssl/libssl.c refer to. */
#include <openssl/ssl.h>

int OPENSSL_init_ssl(uint64_t opts, const OPENSSL_INIT_SETTINGS *settings)
{
    (void)opts, (void)settings;
    return 1;
}

SSL *SSL_new(SSL_CTX *ctx)
{
    (void)ctx;
    return NULL;
}
