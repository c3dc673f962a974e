/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The start: the index as the files in the spool are. Called by requests. */
#ifndef CG_RENEWAL_REQUEST_OPENING_H
#define CG_RENEWAL_REQUEST_OPENING_H

#include "request_files.h"

/* Opens the spool and fills the index from it, or sets the next attempt. */
void cg_requests_open(struct cg_requests *requests);

#endif
