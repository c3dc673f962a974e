/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "halfopen.h"

#include "handlers.h"
#include "record.h"

#include <stddef.h>
#include <sys/ioctl.h>

#define CG_BUCKETS 256

#define LATE_MS         3000 /* a slow device behind a slow link answers within this time */
#define SEARCH_MS       100  /* after a search found no late peer */
#define MOST_HANDSHAKES 32   /* times max_handshakes: then a peer need not be late */
#define MOST_TIMEOUTS   6    /* times handshake_timeout, the same */

static struct {
    struct cg_conn *oldest, *newest;
    unsigned count;
    uint32_t seed;
    int64_t search_ms; /* monotonic: the next search */
} half_open;

void cg_half_open_begin(uint32_t seed)
{
    half_open.seed = seed;
    half_open.search_ms = 0;
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

static int64_t allowed_ms(const struct cg_conn *conn)
{
    int64_t timeout = cg_conn_tls(conn)->handshake_timeout_ms;
    return timeout < LATE_MS ? timeout : LATE_MS;
}

/* Whether the handshake waits for its peer and not for the broker. When thousands of clients connect at once, the bytes of most
 * of them wait in their sockets. Single bytes of a hello are no progress. */
static bool is_late(const struct cg_conn *conn, int64_t now_ms)
{
    int unread = 0;
    return now_ms - conn->private->progress_ms >= allowed_ms(conn) &&
           (conn->fd < 0 || ioctl(conn->fd, FIONREAD, &unread) != 0 || unread == 0);
}

/* A search for a handshake that must be aborted to make room for another. */
struct search {
    uint16_t listener;
    bool any; /* the peer need not be late */
    int64_t now_ms, allowed_ms;
};

/* The first one from here on that may be aborted. Those that began later than one that cannot be late are not late either. */
static struct cg_conn *next_found(const struct search *search, struct cg_conn *conn)
{
    for (; conn; conn = conn->private->newer) {
        if (!search->any && search->now_ms - conn->private->started_ms < search->allowed_ms)
            return NULL;
        if (conn->listener == search->listener && (search->any || is_late(conn, search->now_ms)))
            return conn;
    }
    return NULL;
}

/* Chooses the oldest handshake of the peer that has the most, at the stage that most of its handshakes are at, so a
 * flood from one address aborts its own handshakes. A flood of connections that send nothing, or a byte, does not
 * affect slow clients behind the same address. A flood of whole hellos does: they look like clients that take longer
 * than LATE_MS. */
static struct cg_conn *choose_victim(const struct search *search)
{
    unsigned count[CG_BUCKETS][STAGES] = {{0}}, total[CG_BUCKETS] = {0}, bucket = 0, stage = 0;
    struct cg_conn *conn = next_found(search, half_open.oldest);
    for (; conn; conn = next_found(search, conn->private->newer)) {
        unsigned of = bucket_of(conn);
        count[of][stage_of(conn)]++;
        if (++total[of] > total[bucket])
            bucket = of;
    }
    for (unsigned i = 1; i < STAGES; i++)
        if (count[bucket][i] > count[bucket][stage])
            stage = i;
    conn = count[bucket][stage] ? next_found(search, half_open.oldest) : NULL;
    while (conn && (bucket_of(conn) != bucket || stage_of(conn) != stage))
        conn = next_found(search, conn->private->newer);
    return conn;
}

static bool are_more_than(unsigned limit, uint16_t listener)
{
    unsigned count = 0;
    const struct cg_conn *conn = half_open.count > limit ? half_open.oldest : NULL;
    for (; conn && count <= limit; conn = conn->private->newer)
        count += conn->listener == listener;
    return count > limit;
}

/* NULL: there is room, or no peer is late. */
static struct cg_conn *make_room(const struct cg_conn *new_conn, unsigned limit)
{
    struct search search = {.listener = new_conn->listener,
                            .any = are_more_than(limit * MOST_HANDSHAKES, new_conn->listener),
                            .now_ms = cg_handlers_monotonic_ms(),
                            .allowed_ms = allowed_ms(new_conn)};
    if (!search.any && (search.now_ms < half_open.search_ms || !are_more_than(limit, search.listener)))
        return NULL;
    struct cg_conn *victim = choose_victim(&search);
    half_open.search_ms = victim ? 0 : search.now_ms + SEARCH_MS;
    return victim;
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
    struct cg_conn *victim = conn->role == CG_ROLE_LISTENER && limit > 0 ? make_room(conn, limit) : NULL;
    if (victim)
        cg_conn_set_reason(victim, CG_REASON_TOO_MANY_HANDSHAKES, "more than %u handshakes at the same time on port %u",
                           limit, conn->listener);
    return victim;
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
    if (left <= 0 && left > timeout - MOST_TIMEOUTS * timeout && !is_late(conn, now_ms))
        return SEARCH_MS;
    if (left <= 0)
        cg_conn_set_reason(conn, CG_REASON_HANDSHAKE_TIMEOUT, "not complete after %lld ms; %s", (long long)timeout,
                           timeout_detail(conn));
    return left;
}
