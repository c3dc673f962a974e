/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of CRL numbers as text: the file "crl-numbers" in the folder that the policy names as "state". The caller
 * owns the table. Written by the broker layer, read by snapshot and the tool. */
#ifndef CG_CRL_NUMBERS_FORMAT_H
#define CG_CRL_NUMBERS_FORMAT_H

#include "core/base/error.h"
#include "crl_numbers_table.h"

#include <stdbool.h>
#include <stddef.h>

#define CG_CRL_NUMBERS_FILE  "crl-numbers"
#define CG_CRL_NUMBERS_OLD   "crl-numbers.old" /* the previous version of the file */
#define CG_CRL_NUMBERS_BYTES ((size_t)8 << 20) /* largest size of the file */

/* malloc'ed; NULL without memory. Sorted, so that equal tables give equal texts. */
char *cg_crl_numbers_text(const struct cg_crl_numbers *numbers, size_t *len);

/* Adds the rows of the text. On failure (false), *err names the place, the line and the fault, and the table may
 * contain some of the rows. */
bool cg_crl_numbers_parse(struct cg_crl_numbers *numbers, const char *place, const void *data, size_t len,
                          struct cg_error *err);

/* Adds the rows of the folder's file. A missing file or folder is no fault; *found is then false. A file or folder
 * that others may write is a fault. found may be NULL. */
bool cg_crl_numbers_read(struct cg_crl_numbers *numbers, const char *folder, bool *found, struct cg_error *err);

#endif
