/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The highest cRLNumber that was ever in use, of each issuer, key and scope: what an older CRL is refused by when the newer
 * one is not in use any more, since a policy named no CRLs for a time or the broker was restarted. As text it is the file
 * "crl-numbers" in the folder that the policy names as "state".
 * The caller owns the table. Filled and asked by snapshot and trust; written by the broker layer; read by the tool. */
#ifndef CG_CRL_NUMBERS_H
#define CG_CRL_NUMBERS_H

#include "crl_held.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

#define CG_CRL_NUMBERS_FILE  "crl-numbers"
#define CG_CRL_NUMBERS_OLD   "crl-numbers.old" /* what the file was before it was last written */
#define CG_CRL_NUMBERS_LINES 16384 /* in the file; beyond it those of CRLs not in use go, the oldest first */
#define CG_CRL_NUMBERS_BYTES ((size_t)8 << 20) /* of the file */

struct cg_crl_numbers;

struct cg_crl_numbers *cg_crl_numbers_new(void); /* NULL without memory */
void cg_crl_numbers_free(struct cg_crl_numbers *numbers);
size_t cg_crl_numbers_count(const struct cg_crl_numbers *numbers);

/* Each scope keeps the higher one. False without memory: some are missing then. */
bool cg_crl_numbers_raise(struct cg_crl_numbers *numbers, const struct cg_crl *crl); /* which is in use */
bool cg_crl_numbers_merge(struct cg_crl_numbers *numbers, const struct cg_crl_numbers *other);

/* None is in use any more, until it is raised again. */
void cg_crl_numbers_unmark(struct cg_crl_numbers *numbers);

/* Cuts the table down to CG_CRL_NUMBERS_LINES as far as no CRL in use loses its own. */
void cg_crl_numbers_trim(struct cg_crl_numbers *numbers);

/* Compared as CRLs are with one another (cg_crl_order): by number, else by thisUpdate. */
enum cg_crl_age {
    CG_CRL_AGE_UNKNOWN = 0, /* no memory */
    CG_CRL_OLDER,           /* *err, which may be NULL, says than what, and the cure */
    CG_CRL_NOT_OLDER,
};
enum cg_crl_age cg_crl_numbers_judge(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                     struct cg_error *err);

/* A complete CRL against the delta CRLs of its scope: older where one with a higher number was in use, so that it does not
 * say all that was known. A delta itself is not older. */
enum cg_crl_age cg_crl_numbers_judge_base(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                          struct cg_error *err);

/* Was a CRL in use that this certificate's key signed? *err names one. Unknown without memory is true. */
bool cg_crl_numbers_knows(const struct cg_crl_numbers *numbers, const X509 *issuer, struct cg_error *err);

/* malloc'ed, or NULL without memory. Sorted: the same table gives the same text. */
char *cg_crl_numbers_text(const struct cg_crl_numbers *numbers, size_t *len);

/* Adds what the text says. False: *err names place, line and fault, and the table may hold a part of it. */
bool cg_crl_numbers_parse(struct cg_crl_numbers *numbers, const char *place, const void *data, size_t len,
                          struct cg_error *err);

/* Adds what the folder's file says. A file or folder that is missing is no fault: *found is false then. Others may write
 * neither of them, or it is one. found may be NULL. */
bool cg_crl_numbers_read(struct cg_crl_numbers *numbers, const char *folder, bool *found, struct cg_error *err);

#endif
