/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Faults of the system and of libcrypto as sentences with a fix. Nothing is owned; called by all of the tool. */
#ifndef CG_TOOLS_BASE_FAILURE_H
#define CG_TOOLS_BASE_FAILURE_H

#include "core/base/error.h"

#include <stdbool.h>

/* "cannot ACTION PATH: REASON; FIX" from errno. Always false, so that a caller can return it. */
bool cg_fail_errno(struct cg_error *err, const char *action, const char *path);

/* "WHAT: REASON" from the OpenSSL error queue, which is emptied. Always false. */
bool cg_fail_openssl(struct cg_error *err, const char *what);

#endif
