/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The requests in the spool: files, index, checks, answers and commands. Runs tasks, follows the policy, and looks for new answers.
 * All results go to one function as news. Owned by the worker; it has neither threads nor locks. Times in ms are
 * monotonic. */
#ifndef CG_RENEWAL_REQUESTS_H
#define CG_RENEWAL_REQUESTS_H

#include "index.h"
#include "spool.h"
#include "work.h"

#include "core/renewal/mailbox.h"
#include "core/snapshot.h"

/* Takes over news. */
typedef void (*cg_news_fn)(void *context, struct cg_work *news);

/* Warnings are given once for each kind until the fault is gone: those of files, and these. */
enum { CG_WARNED_OPEN = CG_SPOOL_FAULTS, CG_WARNED_WRITE, CG_WARNED_ANSWERS };

struct cg_requests {
    cg_news_fn post;
    void *context;
    struct cg_snapshot *snapshot; /* borrowed from the worker; NULL: renewal is off */
    struct cg_spool spool;
    struct cg_request_index index;
    struct cg_queue todo; /* items whose answer is to be read */
    bool open, unwritable;
    bool reported_full;
    unsigned warned;                 /* bits */
    struct cg_spool_state seen;      /* of answers/ at the last scan */
    int64_t open_at_ms, sweep_at_ms; /* the next attempts */
};

bool cg_requests_init(struct cg_requests *requests, cg_news_fn post, void *context); /* false: out of memory */
void cg_requests_clear(struct cg_requests *requests);

/* The snapshot to use. again: another spool, or the same from the beginning. */
void cg_requests_use(struct cg_requests *requests, struct cg_snapshot *snapshot, bool again);

/* Fills in the result of a task, which stays the caller's; but for CG_WORK_COMMAND, see commands.h. */
void cg_requests_run(struct cg_requests *requests, struct cg_work *task);

/* Opens the spool, and looks for answers. A part of the work at each call. Returns the ms until the next one. */
int64_t cg_requests_poll(struct cg_requests *requests);

/* ---- for the files of this part */

void cg_requests_warn(struct cg_requests *requests, int kind, const struct cg_error *err);

/* Reads the answer of an item and checks it. NULL: out of memory. */
struct cg_work *cg_requests_examine(struct cg_requests *requests, struct cg_item *item);

/* Reads and checks the file of a request. */
enum cg_spool_fault cg_requests_load(struct cg_requests *requests, const char *id, struct cg_mail_request *out);

/* Reads the answer of an item. The caller clears it in every case. */
enum cg_spool_fault cg_requests_load_answer(struct cg_requests *requests, const struct cg_item *item,
                                            struct cg_mail_answer *out);

/* Writes a JSON object, which it takes over; NULL: out of memory. */
bool cg_requests_write(struct cg_requests *requests, enum cg_spool_file file, struct cg_item *item, cJSON *json,
                       struct cg_error *err);

/* Removes the files of an item, and the item. */
void cg_requests_remove(struct cg_requests *requests, struct cg_item *item);

#endif
