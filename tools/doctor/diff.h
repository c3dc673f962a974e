/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What would change in a file, shown by "diff -u" on standard error. Nothing is owned. Called by fix.c. */
#ifndef CG_DIFF_H
#define CG_DIFF_H

#include "core/base/error.h"

#include <stdbool.h>

bool cg_diff_show(const char *path, const char *after, struct cg_error *err);

#endif
