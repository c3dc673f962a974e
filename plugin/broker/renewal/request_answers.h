/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The answers of the CA: those in answers/, and those that came over the control topic. Called by requests and commands. */
#ifndef CG_RENEWAL_REQUEST_ANSWERS_H
#define CG_RENEWAL_REQUEST_ANSWERS_H

#include "request_files.h"

/* Reads the answer of an item. The caller clears it in every case. */
enum cg_spool_fault cg_requests_load_answer(struct cg_requests *requests, const struct cg_item *item,
                                            struct cg_mail_answer *out);

/* Reads the answer of an item and checks it. NULL: out of memory. */
struct cg_work *cg_requests_examine(struct cg_requests *requests, struct cg_item *item);

bool cg_answers_are_current(struct cg_requests *requests);    /* false: the folders are no longer those that are open */
void cg_answers_scan(struct cg_requests *requests);           /* queues what changed in answers/ */
void cg_answers_read(struct cg_requests *requests, int most); /* reads so many of the queue */

#endif
