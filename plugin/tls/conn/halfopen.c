/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "halfopen.h"

#include "handlers.h"
#include "record.h"

#include <stddef.h>
#include <sys/ioctl.h>

#define CG_BUCKETS 256

#define LATE_MS         3000 /* a slow device behind a slow link answers within this time */
#define SEARCH_MS       100  /* between two searches for late peers: each looks at thousands of sockets */
#define MOST_HANDSHAKES 32   /* times max_handshakes: then a peer need not be late */
#define MOST_TIMEOUTS   6    /* times handshake_timeout, the same */

struct cg_listener_load {
    unsigned count;    /* its half-open handshakes */
    int64_t search_ms; /* monotonic: the next search for late peers; 0 if it has none */
};

static struct {
    struct cg_conn *oldest, *newest;
    int64_t due_ms; /* monotonic: no handshake reaches its deadline earlier; valid while there are any */
    uint32_t seed;
    struct cg_listener_load listener[UINT16_MAX + 1]; /* by port; only those in use take memory */
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

/* A search for handshakes that must be aborted to make room for others. */
struct search {
    const struct cg_listener_load *load;
    bool any; /* the peer need not be late */
    int64_t now_ms, allowed_ms;
    unsigned abort[CG_BUCKETS][STAGES]; /* how many of each group */
};

/* The first one from here on that may be aborted. Those that began later than one that cannot be late are not late either. */
static struct cg_conn *next_found(const struct search *search, struct cg_conn *conn)
{
    for (; conn; conn = conn->private->newer) {
        if (!search->any && search->now_ms - conn->private->started_ms < search->allowed_ms)
            return NULL;
        if (conn->private->load == search->load && (search->any || is_late(conn, search->now_ms)))
            return conn;
    }
    return NULL;
}

static unsigned largest(const unsigned *number, unsigned count)
{
    unsigned found = 0;
    for (unsigned i = 1; i < count; i++)
        if (number[i] > number[found])
            found = i;
    return found;
}

/* One after the other is taken from the peer that has the most, at the stage that most of its handshakes are at, so a
 * flood from one address aborts its own handshakes. A flood of connections that send nothing, or a byte, does not
 * affect slow clients behind the same address. A flood of whole hellos does: they look like clients that take longer
 * than LATE_MS. */
static void choose_groups(struct search *search, unsigned excess)
{
    unsigned count[CG_BUCKETS][STAGES] = {{0}}, total[CG_BUCKETS] = {0}, found = 0;
    struct cg_conn *conn = next_found(search, half_open.oldest);
    for (; conn; conn = next_found(search, conn->private->newer), found++) {
        unsigned of = bucket_of(conn);
        count[of][stage_of(conn)]++;
        total[of]++;
    }
    for (; excess > 0 && found > 0; excess--, found--) {
        unsigned bucket = largest(total, CG_BUCKETS), stage = largest(count[bucket], STAGES);
        total[bucket]--;
        count[bucket][stage]--;
        search->abort[bucket][stage]++;
    }
}

/* The oldest of each group. */
static void abort_groups(struct search *search, cg_half_open_abort abort, unsigned limit)
{
    struct cg_conn *conn = next_found(search, half_open.oldest);
    while (conn) {
        struct cg_conn *next = next_found(search, conn->private->newer);
        unsigned *left = &search->abort[bucket_of(conn)][stage_of(conn)];
        if (*left > 0) {
            --*left;
            cg_conn_set_reason(conn, CG_REASON_TOO_MANY_HANDSHAKES,
                               "more than %u handshakes at the same time on port %u", limit, conn->listener);
            abort(conn);
        }
        conn = next;
    }
}

/* A search looks at all handshakes, so it must not run for every connection: late ones are searched from time to time, and
 * beyond the higher limit each search makes room for many. */
static void make_room(const struct cg_conn *new_conn, unsigned limit, cg_half_open_abort abort)
{
    struct cg_listener_load *load = new_conn->private->load;
    struct search search = {.load = load,
                            .any = load->count > limit * MOST_HANDSHAKES,
                            .now_ms = cg_handlers_monotonic_ms(),
                            .allowed_ms = allowed_ms(new_conn)};
    if (load->count <= limit || (!search.any && search.now_ms < load->search_ms))
        return;
    choose_groups(&search, load->count - (search.any ? limit * MOST_HANDSHAKES - limit / 2 : limit));
    abort_groups(&search, abort, limit);
    if (!search.any)
        load->search_ms = search.now_ms + SEARCH_MS;
}

static int64_t deadline_of(const struct cg_conn *conn)
{
    return conn->private->started_ms + cg_conn_tls(conn)->handshake_timeout_ms;
}

void cg_half_open_add(struct cg_conn *conn, cg_half_open_abort abort)
{
    if (!half_open.oldest)
        half_open.due_ms = INT64_MAX;
    conn->private->older = half_open.newest;
    conn->private->newer = NULL;
    *(half_open.newest ? &half_open.newest->private->newer : &half_open.oldest) = conn;
    half_open.newest = conn;
    conn->private->half_open = true;
    cg_half_open_policy_changed(conn);
    if (conn->role != CG_ROLE_LISTENER)
        return;
    conn->private->load = &half_open.listener[conn->listener];
    conn->private->load->count++;
    unsigned limit = cg_conn_tls(conn)->max_handshakes;
    if (limit > 0)
        make_room(conn, limit, abort);
}

void cg_half_open_policy_changed(const struct cg_conn *conn)
{
    if (conn->private->half_open && deadline_of(conn) < half_open.due_ms)
        half_open.due_ms = deadline_of(conn);
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
    struct cg_listener_load *load = conn->private->load;
    if (load && --load->count == 0)
        load->search_ms = 0;
    conn->private->load = NULL;
}

static const char *timeout_detail(const struct cg_conn *conn)
{
    return conn->private->nfirst ? "the peer stopped in the middle" : "the peer sent nothing";
}

/* The ms until its deadline. 0 or less: it has passed, and the reason is set. */
static int64_t left_ms(struct cg_conn *conn, int64_t now_ms)
{
    int64_t timeout = cg_conn_tls(conn)->handshake_timeout_ms, left = deadline_of(conn) - now_ms;
    if (left <= 0 && left > timeout - MOST_TIMEOUTS * timeout && !is_late(conn, now_ms))
        return SEARCH_MS;
    if (left <= 0)
        cg_conn_set_reason(conn, CG_REASON_HANDSHAKE_TIMEOUT, "not complete after %lld ms; %s", (long long)timeout,
                           timeout_detail(conn));
    return left;
}

/* They are ordered by their start, but listeners may have different timeouts: every one is checked. */
static void abort_overdue(int64_t now_ms, cg_half_open_abort abort)
{
    int64_t due_ms = INT64_MAX;
    for (struct cg_conn *conn = half_open.oldest, *newer; conn; conn = newer) {
        newer = conn->private->newer;
        int64_t left = left_ms(conn, now_ms);
        if (left <= 0)
            abort(conn);
        else if (now_ms + left < due_ms)
            due_ms = now_ms + left;
    }
    half_open.due_ms = due_ms - now_ms < SEARCH_MS ? now_ms + SEARCH_MS : due_ms;
}

int64_t cg_half_open_abort_overdue(cg_half_open_abort abort)
{
    if (!half_open.oldest)
        return -1;
    int64_t now_ms = cg_handlers_monotonic_ms();
    if (now_ms >= half_open.due_ms)
        abort_overdue(now_ms, abort);
    return half_open.oldest ? half_open.due_ms - now_ms : -1;
}
