/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The self-test at load, which shows that the hook is effective: handshakes with itself in memory, through the hook,
 * with temporary certificates. A valid one must be accepted and an invalid one refused, in TLS 1.2 and 1.3, on an
 * SSL_CTX that does not request a certificate itself. The caller's handlers are not called. Called by hook.c on the
 * main thread. */
#ifndef CG_TLS_SELFTEST_H
#define CG_TLS_SELFTEST_H

#include "core/base/error.h"

#include <stdbool.h>

bool cg_self_test(struct cg_error *err);

#endif
