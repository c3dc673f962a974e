/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A plugin that only checks which libssl its program has. */
#include "libssl_probe.h"

#include "tls/openssl/libssl.h"

int libssl_probe(struct cg_error *err)
{
    return cg_libssl_is_the_brokers(err);
}
