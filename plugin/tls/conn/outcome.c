/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "outcome.h"

#include "failure.h"
#include "halfopen.h"
#include "handlers.h"
#include "record.h"
#include "socket.h"
#include "unclaimed.h"

void cg_conn_reject(struct cg_conn *conn)
{
    if (conn->state == CG_CONN_REJECTED)
        return;
    conn->state = CG_CONN_REJECTED;
    conn->private->awaiting_first_record = false;
    cg_half_open_remove(conn);
    cg_conn_describe(conn);
    cg_handlers_rejected(conn);
}

void cg_conn_accept(struct cg_conn *conn)
{
    conn->state = CG_CONN_ESTABLISHED;
    conn->private->awaiting_first_record = false;
    cg_half_open_remove(conn);
    if (conn->role == CG_ROLE_LISTENER) {
        cg_socket_watch_established(conn);
        cg_socket_acknowledge(conn);
    } else {
        cg_socket_unwatch(conn);
    }
    if (conn->role == CG_ROLE_LISTENER && !conn->peer_leaf)
        cg_unclaimed_add(conn);
    cg_handlers_accepted(conn);
    cg_conn_drop_verdict(conn);
}

void cg_conn_abort(struct cg_conn *conn)
{
    cg_conn_reject(conn);
    cg_conn_shut_down(conn);
}

void cg_conn_end(struct cg_conn *conn)
{
    /* Called from SSL_free, when the SSL is partly freed, or when the hook is removed and the SSL still exists. */
    SSL *ssl = conn->ssl;
    if (conn->state == CG_CONN_HANDSHAKE)
        cg_failure_gone(conn, 0);
    conn->ssl = NULL;
    conn->fd = -1;
    if (conn->state == CG_CONN_HANDSHAKE)
        cg_conn_reject(conn);
    cg_handlers_ended(conn);
    cg_half_open_remove(conn);
    cg_unclaimed_remove(conn);
    cg_conn_free(conn, ssl);
}
