/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Arrays: the number of elements of one whose size the compiler knows, and growing one on the heap. */
#ifndef CG_ARRAY_H
#define CG_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

#define CG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The array, moved if needed, with room for one more than its count elements of this size: it doubles at each power of two.
 * NULL: out of memory, and the array is unchanged. */
static inline void *cg_array_grow(void *array, size_t count, size_t size)
{
    return count & (count - 1) ? array : reallocarray(array, count ? 2 * count : 1, size);
}

#endif
