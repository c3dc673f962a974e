/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#define OPENSSL_SUPPRESS_DEPRECATED /* ENGINE is deprecated, but the only way on OpenSSL 3.0 */
#include "key_engine.h"
#include "base/failure.h"

#include <openssl/opensslconf.h>

#include <stdio.h>
#include <string.h>

#ifdef OPENSSL_NO_ENGINE /* always from OpenSSL 4.0 on */

EVP_PKEY *cg_key_by_engine(const char *uri, UI_METHOD *ui, void *context, struct cg_error *err)
{
    (void)ui;
    (void)context;
    cg_error_set(
        err,
        "cannot find the key %s: no provider has it, and this OpenSSL has no engines. Check the URI and the PIN, "
        "install pkcs11-provider and activate it in openssl.cnf",
        uri);
    return NULL;
}

#else

#include <openssl/engine.h>
#include <openssl/err.h>

EVP_PKEY *cg_key_by_engine(const char *uri, UI_METHOD *ui, void *context, struct cg_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(uri, ":"), uri);
    ENGINE *engine = ENGINE_by_id(name);
    if (!engine) {
        ERR_clear_error();
        cg_error_set(err,
                     "cannot find the key %s: OpenSSL has neither a provider nor an engine for %s: URIs. Install "
                     "pkcs11-provider, or libengine-pkcs11-openssl on Debian 12",
                     uri, name);
        return NULL;
    }
    /* The functional reference is kept until the process ends: the key's operations run in the engine. */
    EVP_PKEY *key = ENGINE_init(engine) ? ENGINE_load_private_key(engine, uri, ui, context) : NULL;
    if (!key) {
        cg_fail_openssl(err, "find the key", uri);
        cg_error_prefix(err,
                        "the engine has no such key, or the PIN is wrong (set PKCS11_MODULE_PATH to the token's module "
                        "if that is not p11-kit's)");
    }
    ENGINE_free(engine);
    return key;
}

#endif
