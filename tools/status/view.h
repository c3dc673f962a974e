/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Prints the answers of the control topic on standard output. Objects are borrowed, and any key may be missing.
 * Called by the verb status. */
#ifndef CG_STATUS_VIEW_H
#define CG_STATUS_VIEW_H

#include "base/json.h"

/* Text or number of a key; "" or 0 if it is missing or of another type. */
const cJSON *cg_status_tally(const cJSON *object, const char *key); /* a key that contains an object; else NULL */

void cg_status_show(const cJSON *data);          /* of "status" */
void cg_status_show_sessions(const cJSON *data); /* of "list_sessions", all pages in one */
void cg_status_show_session(const cJSON *data);  /* of "explain_session" */
void cg_status_show_dryrun(const cJSON *data);   /* of "check_policy" */

#endif
