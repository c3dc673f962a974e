/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificates that are revoked as superseded: those of requests that another request replaced, and, if that is asked for, those
 * whose successor has been in use for a week: not sooner, since devices go back to the old one if the new one fails. The caller owns
 * the struct. Called by the verb requests. */
#ifndef CG_REQUESTS_RETIRE_H
#define CG_REQUESTS_RETIRE_H

#include "ca/revoke.h"
#include "case.h"

#define CG_RETIRE_AGE (7 * CG_DAY)

struct cg_retire {
    char (*serial)[72]; /* "0x...": never a name */
    size_t count;
};

/* Adds the rivals of answered cases. */
bool cg_retire_add_rivals(struct cg_retire *retire, const struct cg_case_list *list, struct cg_error *err);

/* Adds predecessors by the confirmations in the journal, unless they or their successors are revoked, or one of the cases is a fork
 * of theirs. */
bool cg_retire_add_confirmed(struct cg_retire *retire, const struct cg_cases *cases, struct cg_error *err);

/* Revokes them in one change, with a new CRL. Clear revoked in every case. */
bool cg_retire_revoke(const struct cg_retire *retire, const struct cg_ca *ca, struct cg_revoked *revoked,
                      struct cg_error *err);
void cg_retire_clear(struct cg_retire *retire);

#endif
