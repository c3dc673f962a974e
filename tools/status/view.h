/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Answers of the control topic for people, to standard output. Objects are borrowed; keys that are missing are shown as
 * such, never followed. Called by verb_status. */
#ifndef CG_STATUS_VIEW_H
#define CG_STATUS_VIEW_H

#include <cjson/cJSON.h>

/* Text and numbers of an object's keys: "" and 0 where there is none of that type. */
const char *cg_status_text(const cJSON *object, const char *key);
double cg_status_number(const cJSON *object, const char *key);
const cJSON *cg_status_tally(const cJSON *object, const char *key); /* an object, whose items have names; else NULL */

void cg_status_show(const cJSON *data);          /* of "status" */
void cg_status_show_sessions(const cJSON *data); /* of "list_sessions", all pages in one */
void cg_status_show_session(const cJSON *data);  /* of "explain_session" */
void cg_status_show_dryrun(const cJSON *data);   /* of "check_policy" */

#endif
