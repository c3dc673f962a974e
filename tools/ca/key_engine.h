/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Private keys in a token through OpenSSL's ENGINE interface, if there is no provider for them (Debian 12 has
 * libengine-pkcs11-openssl and no pkcs11-provider). The caller owns the key. Called by key, after OSSL_STORE. */
#ifndef CG_CA_KEY_ENGINE_H
#define CG_CA_KEY_ENGINE_H

#include "core/base/error.h"

#include <openssl/evp.h>
#include <openssl/ui.h>

/* The engine has the name of the URI's scheme ("pkcs11:..."). NULL with the reason; also if this OpenSSL has no engines.
 * ui asks for the PIN, with context. */
EVP_PKEY *cg_key_by_engine(const char *uri, UI_METHOD *ui, void *context, struct cg_error *err);

#endif
