/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The grades of an adopted CA: what the plugin and lint say about it and about each name, and what to replace.
 * Nothing is owned. Called by import. */
#ifndef CG_CA_GRADE_H
#define CG_CA_GRADE_H

#include "ca_adopt.h"
#include "cli.h"

/* Words to standard output, or into result: "findings" and "names". *bad counts the errors and what is to be replaced. */
bool cg_grade(const struct cg_cli *cli, const struct cg_adoption *adoption, cJSON *result, size_t *bad,
              struct cg_error *err);

#endif
