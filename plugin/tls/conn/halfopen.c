/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "halfopen.h"

#include "record.h"

#include <stddef.h>

#define CG_BUCKETS 256

static struct {
    struct cg_conn *oldest, *newest;
    unsigned count;
    uint32_t seed;
} half_open;

void cg_half_open_begin(uint32_t seed)
{
    half_open.seed = seed;
}

/* Peers are distinguished by address, for IPv6 by /64, since one subscriber has that many. A bucket may hold several
 * peers; the seed makes it impossible to predict which. */
static unsigned bucket_of(const struct cg_conn *conn)
{
    unsigned char key[CG_PEER_KEY];
    cg_conn_peer_key(conn, key);
    uint32_t hash = half_open.seed ^ 2166136261u;
    for (size_t i = 0; i < sizeof key; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return (hash ^ hash >> 16) % CG_BUCKETS;
}

/* How much a peer has sent: nothing, some bytes, a whole hello. */
#define STAGES 3

static unsigned stage_of(const struct cg_conn *conn)
{
    return conn->private->hello_seen ? 2 : conn->private->nfirst > 0;
}

/* Chooses the oldest handshake of the peer that has the most, at the stage that most of its handshakes are at, so a
 * flood from one address aborts its own handshakes. A flood of connections that send nothing, or a byte, does not
 * affect slow clients behind the same address. A flood of whole hellos does: they look like clients that take longer
 * than the flood needs to fill max_handshakes. */
static struct cg_conn *choose_victim(const struct cg_conn *new_conn)
{
    unsigned count[CG_BUCKETS][STAGES] = {{0}}, total[CG_BUCKETS] = {0}, bucket = 0, stage = 0;
    for (struct cg_conn *conn = half_open.oldest; conn; conn = conn->private->newer) {
        unsigned of = bucket_of(conn);
        if (conn->listener != new_conn->listener)
            continue;
        count[of][stage_of(conn)]++;
        if (++total[of] > total[bucket])
            bucket = of;
    }
    for (unsigned i = 1; i < STAGES; i++)
        if (count[bucket][i] > count[bucket][stage])
            stage = i;
    for (struct cg_conn *conn = half_open.oldest; conn; conn = conn->private->newer)
        if (conn->listener == new_conn->listener && bucket_of(conn) == bucket && stage_of(conn) == stage)
            return conn;
    return NULL;
}

static unsigned half_open_on(uint16_t listener)
{
    unsigned count = 0;
    for (const struct cg_conn *conn = half_open.oldest; conn; conn = conn->private->newer)
        count += conn->listener == listener;
    return count;
}

struct cg_conn *cg_half_open_add(struct cg_conn *conn)
{
    conn->private->older = half_open.newest;
    conn->private->newer = NULL;
    *(half_open.newest ? &half_open.newest->private->newer : &half_open.oldest) = conn;
    half_open.newest = conn;
    conn->private->half_open = true;
    half_open.count++;
    unsigned limit = cg_conn_tls(conn)->max_handshakes;
    if (conn->role != CG_ROLE_LISTENER || limit == 0 || half_open.count <= limit ||
        half_open_on(conn->listener) <= limit)
        return NULL;
    struct cg_conn *oldest = choose_victim(conn);
    cg_conn_set_reason(oldest, CG_REASON_TOO_MANY_HANDSHAKES, "more than %u handshakes at the same time on port %u",
                       limit, conn->listener);
    return oldest;
}

void cg_half_open_remove(struct cg_conn *conn)
{
    if (!conn->private->half_open)
        return;
    struct cg_conn *older = conn->private->older, *newer = conn->private->newer;
    *(older ? &older->private->newer : &half_open.oldest) = newer;
    *(newer ? &newer->private->older : &half_open.newest) = older;
    conn->private->older = conn->private->newer = NULL;
    conn->private->half_open = false;
    half_open.count--;
}

static const char *timeout_detail(const struct cg_conn *conn)
{
    return conn->private->nfirst ? "the peer stopped in the middle" : "the peer sent nothing";
}

struct cg_conn *cg_half_open_oldest(void)
{
    return half_open.oldest;
}

struct cg_conn *cg_half_open_newer(const struct cg_conn *conn)
{
    return conn->private->newer;
}

int64_t cg_half_open_left(struct cg_conn *conn, int64_t now_ms)
{
    int64_t timeout = cg_conn_tls(conn)->handshake_timeout_ms;
    int64_t left = conn->private->started_ms + timeout - now_ms;
    if (left <= 0)
        cg_conn_set_reason(conn, CG_REASON_HANDSHAKE_TIMEOUT, "not complete after %lld ms; %s", (long long)timeout,
                           timeout_detail(conn));
    return left;
}
