/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The requests in the spool: their files and the index. Owned by the worker; no locks. Called by all that works on requests. */
#ifndef CG_RENEWAL_REQUEST_FILES_H
#define CG_RENEWAL_REQUEST_FILES_H

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
    uint64_t answers;                /* inode of the folder answers/ at the last scan; 0: none yet */
    bool replaced;                   /* it is another one now: what it lacks was not removed by the CA */
    int64_t open_at_ms, sweep_at_ms; /* the next attempts */
};

/* Takes over news; NULL: out of memory, and everything is read again later. */
void cg_requests_post(struct cg_requests *requests, struct cg_work *news);
void cg_requests_probe(struct cg_requests *requests); /* whether the folder can be written */
void cg_requests_close(struct cg_requests *requests);
void cg_requests_close_for_now(struct cg_requests *requests); /* until an attempt some seconds later */
void cg_requests_warn(struct cg_requests *requests, int kind, const struct cg_error *err);

/* Reads and checks the file of a request. */
enum cg_spool_fault cg_requests_load(struct cg_requests *requests, const char *id, struct cg_mail_request *out);

/* Writes a JSON object, which it takes over; NULL: out of memory. */
bool cg_requests_write(struct cg_requests *requests, enum cg_spool_file file, struct cg_item *item, cJSON *json,
                       struct cg_error *err);

/* Removes the files of an item, and the item. */
void cg_requests_remove(struct cg_requests *requests, struct cg_item *item);

#endif
