/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which OpenSSL the broker speaks TLS with. After an upgrade two may be installed (libssl.so.3 and libssl.so.4); a hook in
 * the other one is without effect, and its self-test passes all the same.
 * Called by hook.c, on the main thread. */
#ifndef CG_TLS_LIBSSL_H
#define CG_TLS_LIBSSL_H

#include "core/base/error.h"

#include <stdbool.h>

/* The main program, and libwebsockets where it is shared, take libssl from the object that we name and that our own calls go
 * to. False: *err names both. Looked up in the dynamic sections (gABI, DT_NEEDED): to ask by name would find our own. */
bool cg_libssl_is_the_brokers(struct cg_error *err);

#endif
