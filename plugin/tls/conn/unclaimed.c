/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which connection is this client's? The broker gives plugins no SSL, but it gives the certificate of a client, which it
 * takes from the client's SSL: that finds the record of every client that showed one. For one that did not, a proof is
 * made of the same: a mark, which is no certificate that anybody could use, stands in the session of a connection for
 * the time of one question. If the broker answers with the mark, the connection is the client's. Nobody else sees it.
 *
 * Guesses (who sent something last, from the same address) can be steered by whoever sends at the right time, and let a
 * client without TLS pass for one with it. Here they say only which connections are asked first.
 *
 * Where marks have no effect (see marker.h), nobody without a certificate is ever found, and what the policy allows to such
 * clients is denied. */
#include "unclaimed.h"

#include "record.h"
#include "tls/openssl/marker.h"

#include <openssl/err.h>

/* For one client: a CONNECT costs the same however many connections wait. The one that a CONNECT came on sent something
 * last, so it is the first of the list. */
#define ASKED_MAX     4
#define LOOKED_AT_MAX 64

static struct cg_conn *freshest;

/* ---- the list of connections that wait for their CONNECT, the one that sent something last first */

void cg_unclaimed_add(struct cg_conn *conn)
{
    conn->private->unclaimed = true;
    conn->private->fresher = NULL;
    conn->private->staler = freshest;
    if (freshest)
        freshest->private->fresher = conn;
    freshest = conn;
}

void cg_unclaimed_remove(struct cg_conn *conn)
{
    if (!conn->private->unclaimed)
        return;
    struct cg_conn *fresher = conn->private->fresher, *staler = conn->private->staler;
    *(fresher ? &fresher->private->staler : &freshest) = staler;
    if (staler)
        staler->private->fresher = fresher;
    conn->private->fresher = conn->private->staler = NULL;
    conn->private->unclaimed = false;
}

void cg_unclaimed_read(struct cg_conn *conn)
{
    if (!conn->private->unclaimed || freshest == conn)
        return;
    cg_unclaimed_remove(conn);
    cg_unclaimed_add(conn);
}

/* ---- questions */

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
                                    bool (*may_be)(const void *context, const struct cg_conn *conn),
                                    const void *context)
{
    int asked = 0, looked_at = 0;
    struct cg_conn *conn = freshest;
    for (; conn && asked < ASKED_MAX && looked_at < LOOKED_AT_MAX; conn = conn->private->staler, looked_at++) {
        if (!may_be(context, conn))
            continue;
        asked++;
        if (cg_hook_is_client(conn, certificate, client))
            return conn;
    }
    return NULL;
}
