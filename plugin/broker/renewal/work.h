/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What main thread and worker hand to each other: a task goes to the worker and comes back with its result; news come from the
 * worker alone, when it finds something in the spool. The side that holds a cg_work owns it, with all that it points to. */
#ifndef CG_RENEWAL_WORK_H
#define CG_RENEWAL_WORK_H

#include "broker/session/recheck.h"
#include "core/base/error.h"
#include "core/renewal/question.h"
#include "core/renewal/request.h"
#include "types.h"

#include <cjson/cJSON.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_DIGEST_BYTES 32 /* SHA-256 */

enum cg_work_kind {
    CG_WORK_REQUEST = 0, /* task: check a request and keep it. News: one was found in the folder */
    CG_WORK_ANSWER,      /* task: check the answer again, for this port. News: there is one */
    CG_WORK_UNANSWERED,  /* news: its answer is gone, or cannot be used */
    CG_WORK_DONE,        /* task: write that the new certificate was used. News: found in the folder */
    CG_WORK_GONE,        /* news: its files are removed */
    CG_WORK_COMMAND,     /* task: of a signer */
    CG_WORK_STATE,       /* news: the spool is full or not; fresh: what follows is all that is in it */
    CG_WORK_WARNING,     /* news: for the operator */
};

enum cg_work_result {
    CG_RESULT_BUSY = 0, /* nothing was kept; try again later */
    CG_RESULT_OK,
    CG_RESULT_REFUSED,
};

/* What the table of the main thread keeps of a request. */
struct cg_request_facts {
    unsigned char certificate[CG_DIGEST_BYTES]; /* of the session's */
    unsigned char key[CG_DIGEST_BYTES];         /* of the requested SubjectPublicKeyInfo */
    int64_t received;                           /* wall clock, s */
    char subject[96];                           /* the certificate's, escaped; may be cut */
};

/* A certificate that answers a request, and the chain above it: DER, as devices get it. One block of memory. */
struct cg_issued {
    unsigned char leaf[CG_DIGEST_BYTES]; /* SHA-256 */
    char serial[CG_RENEWAL_ID_MAX];
    uint64_t snapshot; /* number of the one that accepts it */
    size_t count;
    struct {
        const unsigned char *data;
        size_t len;
    } item[1 + CG_RENEW_CHAIN_MAX];
};

struct cg_work {
    struct cg_work *next;
    enum cg_work_kind kind;
    bool task;
    uint64_t epoch; /* of the spool: see cg_worker_use() */
    char id[CG_RENEWAL_ID_MAX];
    uint16_t port; /* of the listener */

    /* CG_WORK_REQUEST as a task */
    struct cg_recheck_subject subject;
    unsigned char *data; /* CSR || S */
    size_t len;
    struct cg_renewal_request request; /* of data */

    X509 *certificate; /* for events: the session's, or NULL */

    /* CG_WORK_COMMAND */
    uint64_t ticket;
    enum cg_renewal_command command;
    cJSON *argument, *data_out;
    struct cg_error err; /* and of CG_WORK_WARNING */

    enum cg_work_result result;
    bool fresh;                /* of a request or CG_WORK_DONE: written just now */
    bool full;                 /* of CG_RESULT_BUSY, and of CG_WORK_STATE: the spool takes no more */
    struct cg_refusal refusal; /* of CG_RESULT_REFUSED: by the check of a request, or in the CA's answer */
    struct cg_request_facts facts;
    struct cg_issued *issued; /* of CG_WORK_ANSWER */
};

struct cg_work *cg_work_new(enum cg_work_kind kind, const char *id); /* id may be NULL. NULL: out of memory */
void cg_work_free(struct cg_work *work);                             /* accepts NULL */

#endif
