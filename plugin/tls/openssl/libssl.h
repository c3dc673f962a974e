/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks which OpenSSL the broker uses. After an upgrade, two may be installed (libssl.so.3 and libssl.so.4); a hook
 * in the wrong one has no effect, although its self-test passes. Called by hook.c on the main thread. */
#ifndef CG_TLS_LIBSSL_H
#define CG_TLS_LIBSSL_H

#include "core/base/error.h"

#include <stdbool.h>

/* Whether the main program, and libwebsockets if it is shared, use the libssl that this object names and calls.
 * False: *err names both. Reads the dynamic sections (gABI, DT_NEEDED), since a lookup by name would find our own. */
bool cg_libssl_is_the_brokers(struct cg_error *err);

#endif
