/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Why a renewal is refused: one of the codes renewal_* of the table of reasons, and what was found in this case. Zero-initialized
 * means refused for an unknown reason. The caller owns the struct. Called by all of core/renewal. */
#ifndef CG_RENEWAL_REFUSAL_H
#define CG_RENEWAL_REFUSAL_H

#include "core/base/reason.h"

#include <stdbool.h>

struct cg_refusal {
    enum cg_reason reason; /* CG_REASON_OK: not refused */
    char detail[160];      /* one escaped line, what was found and expected; "" if not refused */
};

/* Sets both, escapes control characters, and returns false. */
bool cg_refuse(struct cg_refusal *refusal, enum cg_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
