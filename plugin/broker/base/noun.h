/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The form of a noun that fits a number in a message: 1 event, 2 events. */
#ifndef CG_NOUN_H
#define CG_NOUN_H

#include <stdint.h>

static inline const char *cg_noun(int64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

#endif
