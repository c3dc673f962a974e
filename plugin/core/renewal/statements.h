/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The statements about roots (statement.h) that the policy names: the answers to "anchor 1", "anchor 2", ... Immutable after the
 * load, and reference-counted. NULL is a list without statements. Any thread. Filled by snapshot_statements.c, read by the
 * broker layer. */
#ifndef CG_RENEWAL_STATEMENTS_H
#define CG_RENEWAL_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct cg_statements;

struct cg_statements *cg_statements_new(size_t room); /* empty, with room for so many; NULL: out of memory */

/* Appends a copy; only before the list is shared. False: out of memory. */
bool cg_statements_add(struct cg_statements *statements, const unsigned char *data, size_t len);

struct cg_statements *cg_statements_ref(struct cg_statements *statements); /* +1, returns its argument */
void cg_statements_free(struct cg_statements *statements);                 /* -1; NULL is fine */

size_t cg_statements_count(const struct cg_statements *statements);

/* The statement with this number, from 1. Borrowed. False: there is none. */
bool cg_statements_get(const struct cg_statements *statements, size_t number, const unsigned char **data, size_t *len);

bool cg_statements_same(const struct cg_statements *a,
                        const struct cg_statements *b); /* the same octets in the same order */

#endif
