/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* --help, made from the rows of verbs and options, on standard output. Called by main. */
#ifndef CG_HELP_H
#define CG_HELP_H

#include "cli.h"

void cg_help_all(const struct cg_verb *const *verbs); /* NULL-terminated */
void cg_help_verb(const struct cg_verb *verb);

#endif
