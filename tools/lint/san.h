/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#ifndef CG_LINT_SAN_H
#define CG_LINT_SAN_H

#include "object.h"

bool cg_lint_names_host(const struct cg_lint_object *o, const char *host); /* among its SANs */

#endif
