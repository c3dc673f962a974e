/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* For intrusive hash tables and queues, whose nodes are members of the stored objects. */
#ifndef CG_OWNER_H
#define CG_OWNER_H

#include <stddef.h>

/* The object that contains node. */
#define CG_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
