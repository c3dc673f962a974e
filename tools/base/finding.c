/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "finding.h"

#include "array.h"

#include <stddef.h>

const char *cg_severity_text(enum cg_severity severity)
{
    static const char *const text[] = {"notice", "warning", "error"};
    return (size_t)severity < CG_COUNT(text) ? text[severity] : "error";
}
