/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The connections that take part in renewal: those that asked, with the answers that wait to be sent, and those with a new
 * certificate that must live for a while. Owned by renewal.c; main thread only. */
#ifndef CG_RENEWAL_SESSIONS_H
#define CG_RENEWAL_SESSIONS_H

#include "broker/base/hashtable.h"
#include "broker/base/queue.h"
#include "broker/session/client_map.h"
#include "types.h"
#include "work.h"

#define CG_LIVED_MS 60000 /* a new certificate that was in use for so long works */

struct cg_renewal_session {
    struct cg_conn *conn;
    struct cg_node by_certificate;
    struct cg_queue_node young, ready;          /* waits until it has lived; has answers */
    unsigned char certificate[CG_DIGEST_BYTES]; /* its own */
    bool asked;
    int64_t since_ms;                  /* with young */
    char delivered[CG_RENEWAL_ID_MAX]; /* the ID whose delivery was reported */
    struct cg_answer *first, **end;
    unsigned count;
};

struct cg_sessions {
    struct cg_hashtable by_certificate;
    struct cg_queue young, ready;
};

bool cg_sessions_init(struct cg_sessions *sessions); /* false: out of memory */
void cg_sessions_free(struct cg_sessions *sessions);

/* That of a connection with a certificate; makes it if there is none. NULL: out of memory. */
struct cg_renewal_session *cg_sessions_of(struct cg_sessions *sessions, struct cg_conn *conn);
void cg_sessions_forget(struct cg_sessions *sessions, const struct cg_conn *conn); /* it may have none */

/* The first and the next one with this certificate; NULL: none. */
struct cg_renewal_session *cg_sessions_of_certificate(const struct cg_sessions *sessions, const unsigned char *digest);
struct cg_renewal_session *cg_session_next(const struct cg_renewal_session *session);

/* Begins, or begins again, to wait until it has lived. */
void cg_sessions_watch(struct cg_sessions *sessions, struct cg_renewal_session *session, int64_t now_ms);

/* The next one that has lived, and is no longer watched; NULL: none. */
struct cg_renewal_session *cg_sessions_lived(struct cg_sessions *sessions, int64_t now_ms);

/* Queues an answer below the topic of renewal; payload is copied. If there is no memory, or the client takes no answers, it is
 * dropped: the device asks again. */
void cg_sessions_answer(struct cg_sessions *sessions, struct cg_renewal_session *session, const char *kind,
                        const void *payload, size_t len);

/* Sends all answers whose client certainly owns its client id; the others are dropped. Call it while no packet of a client can
 * arrive before the publish. */
void cg_sessions_send(struct cg_sessions *sessions, const struct cg_client_map *clients, cg_send_fn send);

#endif
