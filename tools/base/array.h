/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The number of elements of an array whose size the compiler knows. */
#ifndef CG_ARRAY_H
#define CG_ARRAY_H

#define CG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
