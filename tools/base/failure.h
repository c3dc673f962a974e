/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Failures of the system and of libcrypto as errors with a fix. Nothing is owned; called by all of the tool. */
#ifndef CG_TOOLS_BASE_FAILURE_H
#define CG_TOOLS_BASE_FAILURE_H

#include "core/base/error.h"

#include <stdbool.h>

/* All of these are always false, so that a caller can return it. This one is a macro, which an analyzer can see through. */
#define cg_fail_text(...) (cg_error_set(__VA_ARGS__), false)

/* "cannot ACTION OBJECT: REASON. FIX" from errno. */
bool cg_fail_errno(struct cg_error *err, const char *action, const char *object);

/* "cannot ACTION OBJECT: REASON" from the OpenSSL error queue, which is emptied. */
bool cg_fail_openssl(struct cg_error *err, const char *action, const char *object);

bool cg_fail_memory(struct cg_error *err); /* "out of memory" */

#endif
