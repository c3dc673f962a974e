/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* All verbs in the order of the help. Used by main and by pages/, which generates the manual and the completions. */
#ifndef CG_VERB_TABLE_H
#define CG_VERB_TABLE_H

#include "cli/cli.h"

extern const struct cg_verb *const cg_verbs[]; /* NULL-terminated */

#endif
