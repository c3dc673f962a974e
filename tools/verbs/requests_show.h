/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the verb requests prints: a table of requests, and the same as JSON. Nothing is owned. */
#ifndef CG_VERBS_REQUESTS_SHOW_H
#define CG_VERBS_REQUESTS_SHOW_H

#include "cli/cli.h"
#include "requests/case.h"

#include <cjson/cJSON.h>

/* The name of the certificate, or its subject if this CA does not know it, or the ID. Returns out. */
const char *cg_case_title(const struct cg_case *item, char out[256]);

/* "code: detail", the error, or what it waits for; "" if there is nothing to say. Returns out. */
const char *cg_case_why(const struct cg_case *item, char out[1200]);

/* The caller's. */
cJSON *cg_case_json(const struct cg_case *item);

/* A table on standard output of the cases that are wanted. */
void cg_cases_print(const struct cg_case_list *list);

#endif
