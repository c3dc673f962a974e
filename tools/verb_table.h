/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Every verb in the order of the help. Called by main and by the maker of the manual and the completions. */
#ifndef CG_VERB_TABLE_H
#define CG_VERB_TABLE_H

#include "cli/cli.h"

extern const struct cg_verb *const cg_verbs[]; /* NULL-terminated */

#endif
