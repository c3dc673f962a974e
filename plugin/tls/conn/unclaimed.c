/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Finds the connection of a client. The broker gives plugins no SSL, but it gives them the client's certificate, which
 * it reads from the client's SSL. This finds the record of every client that showed one. For a client that did not, the
 * same way is used with a mark: a certificate that is useless for anything else is put into the session of a connection
 * for the duration of one call. If the broker returns the mark, the connection is the client's. Nobody else sees it.
 *
 * A guess (the connection that sent something last, from the same address) can be manipulated by a peer that sends at
 * the right time, and could give a client without TLS the connection of one with it. Guesses only decide which
 * connections are tried first.
 *
 * If marks do not work (see marker.h), no client without a certificate is found, and what the policy allows such
 * clients is denied. */
#include "unclaimed.h"

#include "record.h"
#include "tls/openssl/marker.h"

#include <openssl/err.h>

/* Limits per client, so that the cost of a CONNECT does not depend on the number of connections. The connection of a
 * CONNECT sent something last, so it is the first of the list. */
#define TRIED_MAX    4
#define EXAMINED_MAX 64

static struct cg_conn *most_recent;

/* ---- the list of connections that wait for their CONNECT, the one that sent something last first */

void cg_unclaimed_add(struct cg_conn *conn)
{
    conn->private->unclaimed = true;
    conn->private->more_recent = NULL;
    conn->private->less_recent = most_recent;
    if (most_recent)
        most_recent->private->more_recent = conn;
    most_recent = conn;
}

void cg_unclaimed_remove(struct cg_conn *conn)
{
    if (!conn->private->unclaimed)
        return;
    struct cg_conn *more_recent = conn->private->more_recent, *less_recent = conn->private->less_recent;
    *(more_recent ? &more_recent->private->less_recent : &most_recent) = less_recent;
    if (less_recent)
        less_recent->private->more_recent = more_recent;
    conn->private->more_recent = conn->private->less_recent = NULL;
    conn->private->unclaimed = false;
}

void cg_unclaimed_read(struct cg_conn *conn)
{
    if (!conn->private->unclaimed || most_recent == conn)
        return;
    cg_unclaimed_remove(conn);
    cg_unclaimed_add(conn);
}

/* ---- finding a client */

bool cg_hook_is_client(struct cg_conn *conn, cg_certificate_fn certificate, const void *client)
{
    struct cg_marking marking;
    if (!cg_marks_are_proven() || !conn->ssl || conn->state != CG_CONN_ESTABLISHED || conn->peer_leaf)
        return false;
    ERR_set_mark();
    cg_mark_begin(conn->ssl, &marking);
    X509 *answer = marking.mark ? certificate(client) : NULL;
    bool is = answer && answer == marking.mark;
    X509_free(answer);
    if (!cg_mark_end(&marking)) {
        cg_conn_shut_down(conn);
        is = false;
    }
    ERR_pop_to_mark();
    return is;
}

struct cg_conn *cg_hook_find_client(cg_certificate_fn certificate, const void *client,
                                    bool (*may_match)(const void *context, const struct cg_conn *conn),
                                    const void *context)
{
    int tried = 0, examined = 0;
    struct cg_conn *conn = most_recent;
    for (; conn && tried < TRIED_MAX && examined < EXAMINED_MAX; conn = conn->private->less_recent, examined++) {
        if (!may_match(context, conn))
            continue;
        tried++;
        if (cg_hook_is_client(conn, certificate, client))
            return conn;
    }
    return NULL;
}
