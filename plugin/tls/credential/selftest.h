/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The proof at load that the hook is effective: handshakes with ourselves in memory, through the hook, with
 * certificates made on the spot. A good one must be accepted and a bad one refused, in TLS 1.2 and 1.3, on an SSL_CTX
 * that asks for no certificate itself. Nothing of it reaches the caller's handlers.
 * Called by hook.c, on the main thread. */
#ifndef CG_TLS_SELFTEST_H
#define CG_TLS_SELFTEST_H

#include "core/base/error.h"

#include <stdbool.h>

bool cg_self_test(struct cg_error *err);

#endif
