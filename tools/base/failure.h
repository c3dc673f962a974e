/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Failures of the system and of libcrypto as errors with a fix. Nothing is owned; called by all of the tool. */
#ifndef CG_TOOLS_BASE_FAILURE_H
#define CG_TOOLS_BASE_FAILURE_H

#include "core/base/error.h"

#include <stdbool.h>

/* cg_error_set. These functions always return false, so that a caller can return it. */
bool cg_fail_text(struct cg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "cannot ACTION OBJECT: REASON. FIX" from errno. */
bool cg_fail_errno(struct cg_error *err, const char *action, const char *object);

/* "cannot ACTION OBJECT: REASON" from the OpenSSL error queue, which is emptied. */
bool cg_fail_openssl(struct cg_error *err, const char *action, const char *object);

bool cg_fail_memory(struct cg_error *err); /* "out of memory" */

#endif
