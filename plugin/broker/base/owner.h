/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Of hash tables and lists whose nodes are members of what is stored. */
#ifndef CG_OWNER_H
#define CG_OWNER_H

#include <stddef.h>

/* What node is a member of. */
#define CG_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
