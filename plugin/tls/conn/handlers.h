/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The handlers that the broker layer gives the hook, and the functions by which plugin/tls calls them. Without
 * handlers the hook is not installed: there is no snapshot, and every handshake is refused. Main thread only. */
#ifndef CG_TLS_HANDLERS_H
#define CG_TLS_HANDLERS_H

#include "conn.h"
#include "core/path/signature_cache.h"
#include "core/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* all are called on the main thread; none may free the conn */
struct cg_hook_handlers {
    void *context;
    struct cg_signature_cache *signatures; /* or NULL */
    size_t session_size;                   /* of conn->session, which is zeroed and freed with the record; 0: none */
    /* A handshake begins. The snapshot requested next applies to it, so activate the newest one. May do work, and may end
     * other connections. May be NULL. */
    void (*begins)(void *context);
    struct cg_snapshot *(*snapshot)(void *context); /* the current one, borrowed; NULL: deny. Must do no other work */
    int64_t (*now)(void *context);                  /* wall clock, s since 1970 */
    int64_t (*monotonic_ms)(void *context);
    void (*rejected)(void *context, struct cg_conn *conn);   /* exactly once for a handshake that did not complete */
    void (*accepted)(void *context, struct cg_conn *conn);   /* handshake complete, before CONNECT */
    void (*first_read)(void *context, struct cg_conn *conn); /* first read after cg_hook_connect_done(); may be NULL */
    void (*ended)(void *context, struct cg_conn *conn);      /* the SSL is being freed; after rejected or accepted */
};

/* Replaces the handlers by a copy of these; NULL: none. Returns the previous ones. */
struct cg_hook_handlers cg_handlers_replace(const struct cg_hook_handlers *handlers);

/* Whether the hook is installed. */
bool cg_handlers_given(void);

void cg_handlers_begins(void);
struct cg_snapshot *cg_handlers_snapshot(void); /* borrowed; NULL: deny */
size_t cg_handlers_session_size(void);
struct cg_signature_cache *cg_handlers_signatures(void); /* or NULL */
/* The clocks; only while the hook is installed. */
int64_t cg_handlers_now(void);
int64_t cg_handlers_monotonic_ms(void);

void cg_handlers_rejected(struct cg_conn *conn);
void cg_handlers_accepted(struct cg_conn *conn);
void cg_handlers_first_read(struct cg_conn *conn);
void cg_handlers_ended(struct cg_conn *conn);

#endif
