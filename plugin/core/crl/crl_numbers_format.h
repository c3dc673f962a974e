/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of CRL numbers as text: the file "crl-numbers" in the folder that the policy names as "state".
 * The caller owns the table. Written by the broker layer; read by snapshot and the tool. */
#ifndef CG_CRL_NUMBERS_FORMAT_H
#define CG_CRL_NUMBERS_FORMAT_H

#include "core/base/error.h"
#include "crl_numbers_table.h"

#include <stdbool.h>
#include <stddef.h>

#define CG_CRL_NUMBERS_FILE  "crl-numbers"
#define CG_CRL_NUMBERS_OLD   "crl-numbers.old" /* what the file was before it was last written */
#define CG_CRL_NUMBERS_BYTES ((size_t)8 << 20) /* of the file */

/* malloc'ed, or NULL without memory. Sorted: the same table gives the same text. */
char *cg_crl_numbers_text(const struct cg_crl_numbers *numbers, size_t *len);

/* Adds what the text says. False: *err names place, line and fault, and the table may hold a part of it. */
bool cg_crl_numbers_parse(struct cg_crl_numbers *numbers, const char *place, const void *data, size_t len,
                          struct cg_error *err);

/* Adds what the folder's file says. A file or folder that is missing is no fault: *found is false then. Others may write
 * neither of them, or it is one. found may be NULL. */
bool cg_crl_numbers_read(struct cg_crl_numbers *numbers, const char *folder, bool *found, struct cg_error *err);

#endif
