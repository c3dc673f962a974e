/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "verb_table.h"

#include "verbs/verbs.h"

#include <stddef.h>

#define ROW(name) &cg_verb_##name,
const struct cg_verb *const cg_verbs[] = {CG_VERBS(ROW) & cg_verb_help, &cg_verb_version, NULL};
