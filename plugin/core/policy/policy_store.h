/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The memory behind a policy's pointers, freed all at once. Called by policy_*.c, and by the snapshot for what it
 * adds to a policy. */
#ifndef CG_POLICY_STORE_H
#define CG_POLICY_STORE_H

#include <stddef.h>

struct cg_policy_store;

struct cg_policy_store *cg_store_new(void);
void cg_store_free(struct cg_policy_store *store);
void *cg_store_get(struct cg_policy_store *store, size_t size); /* zeroed; NULL if out of memory */
/* Copies, ended by a NUL; NULL if out of memory. */
const char *cg_store_bytes(struct cg_policy_store *store, const char *bytes, size_t len);
const char *cg_store_text(struct cg_policy_store *store, const char *text);

#endif
