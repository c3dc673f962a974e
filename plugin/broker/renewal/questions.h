/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What devices ask: rate, shape, and what the table knows. Main thread only, and no public-key cryptography. */
#ifndef CG_RENEWAL_QUESTIONS_H
#define CG_RENEWAL_QUESTIONS_H

#include "parts.h"

/* As cg_renewal_receive(), while renewal is on. */
void cg_question_answer(struct cg_renewal *renewal, struct cg_snapshot *current,
                        const struct cg_renewal_question *question);

#endif
