/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What backs a policy's pointers: freed at once with it. Called by policy_*.c, and by snapshot for what it adds to a policy. */
#ifndef CG_POLICY_STORE_H
#define CG_POLICY_STORE_H

#include <stddef.h>

struct cg_policy_store;

struct cg_policy_store *cg_store_new(void);
void cg_store_free(struct cg_policy_store *store);
void *cg_store_get(struct cg_policy_store *store, size_t size);             /* zeroed; NULL without memory */
const char *cg_store_text(struct cg_policy_store *store, const char *text); /* a copy; NULL without memory */

#endif
