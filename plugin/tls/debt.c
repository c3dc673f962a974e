/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Refused handshakes cost the broker's one thread time that good clients wait for. So there are debts: the CPU of
 * handshakes that were refused, less the policy's share of a core as time goes by. Who comes while the debt is high waits,
 * unread, and then they come one at a time.
 *
 * One debt is of all large handshakes, in which the peer sends more than certificates that we know need: to decode a long
 * chain costs OpenSSL far more than anything else that a stranger can ask of it, and it does so before we are asked.
 *
 * The others are of an address each, for all handshakes from there. Where somebody is let in already (a NAT, a proxy),
 * nobody waits: an attacker must not be able to keep others out. What the peer or its network broke off is no debt of
 * its address: when thousands reconnect at once, those that lose patience must not make it worse. */
#include "private.h"

#include <openssl/bio.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define BURST_US 50000 /* of debt before anybody has to wait */
#define ALONE_MS 200  /* how long it is believed that nobody is connected from there: to look is to walk all sessions */
#define USUAL    4096 /* octets that a peer may send in a handshake before it is a large one */
#define HELLO    2048 /* octets of a ClientHello with key shares of every kind */

static int64_t monotonic_ms(void)
{
    return cg_hook.handlers.monotonic_ms(cg_hook.handlers.context);
}

static int64_t cpu_us(void)
{
    return cg_hook.handlers.cpu_us ? cg_hook.handlers.cpu_us(cg_hook.handlers.context) : 0;
}

static void pay(struct cg_debt *debt, int64_t us)
{
    debt->us = debt->us > us ? debt->us - us : 0;
}

static void decay(struct cg_debt *debt, unsigned percent, int64_t now_ms)
{
    pay(debt, (now_ms - debt->at_ms) * 10 * percent);
    debt->at_ms = now_ms;
}

static struct cg_debt *find(const unsigned char key[CG_PEER_KEY])
{
    for (size_t i = 0; i < CG_DEBTS; i++)
        if (cg_hook.debts[i].last_us && memcmp(cg_hook.debts[i].key, key, CG_PEER_KEY) == 0)
            return &cg_hook.debts[i];
    return NULL;
}

static unsigned percent_of(const struct cg_conn *conn)
{
    if (!conn->policy)
        return 0;
    return conn->large ? conn->policy->tls.max_large_percent : conn->policy->tls.max_refused_percent;
}

/* NULL: nothing is owed. */
static struct cg_debt *debt_of(const struct cg_conn *conn)
{
    unsigned char key[CG_PEER_KEY];
    if (percent_of(conn) == 0)
        return NULL;
    if (conn->large)
        return &cg_hook.large_debt;
    cg_conn_peer_key(conn, key);
    return find(key);
}

/* In the place of the smallest one: who comes from so many addresses owes little at each. */
static struct cg_debt *make(const unsigned char key[CG_PEER_KEY], unsigned percent, int64_t now_ms)
{
    struct cg_debt *least = &cg_hook.debts[0];
    for (size_t i = 0; i < CG_DEBTS; i++) {
        decay(&cg_hook.debts[i], percent, now_ms);
        if (cg_hook.debts[i].us < least->us)
            least = &cg_hook.debts[i];
    }
    *least = (struct cg_debt){.at_ms = now_ms};
    memcpy(least->key, key, CG_PEER_KEY);
    return least;
}

static bool is_somebody_in(struct cg_debt *debt, int64_t now_ms)
{
    unsigned char key[CG_PEER_KEY];
    if (now_ms < debt->alone_until_ms)
        return false;
    for (const struct cg_conn *conn = cg_hook.conns; conn; conn = conn->next) {
        if (conn->state != CG_CONN_ESTABLISHED || conn->role != CG_ROLE_LISTENER)
            continue;
        cg_conn_peer_key(conn, key);
        if (memcmp(key, debt->key, CG_PEER_KEY) == 0)
            return true;
    }
    debt->alone_until_ms = now_ms + ALONE_MS;
    return false;
}

/* May this handshake begin? It is then charged with what the last refused one took, until its own end is known. */
static bool may_begin(struct cg_conn *conn)
{
    struct cg_debt *debt = debt_of(conn);
    if (!debt)
        return true;
    int64_t now_ms = monotonic_ms();
    decay(debt, percent_of(conn), now_ms);
    if (debt->us > BURST_US && (conn->large || !is_somebody_in(debt, now_ms)))
        return false;
    conn->charged_us = debt->last_us;
    debt->us += conn->charged_us;
    return true;
}

const char *cg_debt_why(const struct cg_conn *conn)
{
    return conn->large ? "it had to wait: refused handshakes with so long a chain take more than tls.max_large_percent"
                       : "it had to wait: refused handshakes of its address take more than tls.max_refused_percent";
}

/* The broker comes back only when the peer is gone or talks on without an answer: the kernel holds back the rest. */
static bool is_over(struct cg_conn *conn)
{
    struct pollfd socket = {.fd = conn->fd, .events = POLLIN | POLLRDHUP};
    if (poll(&socket, 1, 0) <= 0 || !socket.revents)
        return false;
    cg_conn_why(conn, CG_REASON_PEER_GONE, "gave up, or talked on; %s", cg_debt_why(conn));
    return true;
}

/* How many bytes must be there before the socket counts as readable. False: it can't be told so. */
static bool hold_back(int fd, bool back)
{
    int bytes = 1;
    socklen_t size = sizeof bytes;
    if (back && getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size) != 0)
        return false;
    bytes = back ? bytes / 2 : 1; /* more would make the buffer grow */
    return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0;
}

static size_t octets_of(const STACK_OF(X509) *certificates)
{
    size_t octets = 0;
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        int len = i2d_X509(sk_X509_value(certificates, i), NULL);
        octets += len > 0 ? (size_t)len : 0;
    }
    return octets;
}

/* Our own chain comes from the same kind of CA as the clients', most likely. */
static size_t usual(const struct cg_conn *conn)
{
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = SSL_get_certificate(conn->ssl);
    int len = leaf ? i2d_X509(leaf, NULL) : 0;
    SSL_get0_chain_certs(conn->ssl, &chain);
    size_t ours = (len > 0 ? (size_t)len : 0) + octets_of(chain);
    size_t known = ours > cg_hook.largest_path ? ours : cg_hook.largest_path;
    size_t needed = known + known / 2 + HELLO; /* half as much again: a signature by such a key, a root */
    return needed > USUAL ? needed : USUAL;
}

/* Before a read of up to so many octets: OpenSSL asks for a record, and what makes it large may not have come yet. */
static bool turns_large(const struct cg_conn *conn, size_t wanted)
{
    int there = 0;
    if (conn->large || !conn->policy || conn->policy->tls.max_large_percent == 0 || conn->nread + wanted <= USUAL)
        return false;
    if (ioctl(conn->fd, FIONREAD, &there) == 0 && (size_t)there < wanted)
        wanted = (size_t)there;
    return conn->nread + wanted > usual(conn);
}

/* What it cost up to here is forgiven: who never gets a turn must not make the debt higher. */
static void become_large(struct cg_conn *conn)
{
    struct cg_debt *debt = conn->charged_us ? debt_of(conn) : NULL;
    if (debt)
        pay(debt, conn->charged_us);
    conn->charged_us = conn->worked_us = conn->working_since_us = 0;
    conn->large = true;
    conn->has_turn = false;
}

enum cg_turn cg_debt_turn(struct cg_conn *conn, size_t wanted)
{
    if (conn->waits)
        return is_over(conn) ? CG_TURN_NEVER : CG_TURN_LATER;
    if (turns_large(conn, wanted))
        become_large(conn);
    if (!conn->has_turn && !may_begin(conn) && hold_back(conn->fd, true)) {
        conn->waits = true;
        return CG_TURN_LATER;
    }
    conn->has_turn = true;
    if (conn->working_since_us == 0)
        conn->working_since_us = cpu_us();
    return CG_TURN_NOW;
}

void cg_debt_pause(struct cg_conn *conn)
{
    if (conn->working_since_us)
        conn->worked_us += cpu_us() - conn->working_since_us;
    conn->working_since_us = 0;
}

/* What a large one cost is owed whoever broke it off. */
static bool is_owed(const struct cg_conn *conn)
{
    static const enum cg_reason not_ours[] = {
        CG_REASON_PEER_UNTRUSTS_US, CG_REASON_PEER_SAYS_EXPIRED, CG_REASON_PEER_ALERT,
        CG_REASON_PEER_GONE,        CG_REASON_HANDSHAKE_TIMEOUT, CG_REASON_TOO_MANY_HANDSHAKES,
    };
    if (conn->large)
        return conn->reason != CG_REASON_UNSET;
    enum cg_reason_kind kind = cg_reason_row(conn->reason)->kind;
    for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
        if (not_ours[i] == conn->reason)
            return false;
    return kind == CG_KIND_RULE || kind == CG_KIND_HANDSHAKE;
}

void cg_debt_settle(struct cg_conn *conn)
{
    unsigned char key[CG_PEER_KEY];
    unsigned percent = percent_of(conn);
    cg_debt_pause(conn);
    int64_t owed_us = is_owed(conn) ? conn->worked_us : 0;
    struct cg_debt *debt = owed_us || conn->charged_us ? debt_of(conn) : NULL;
    if (!debt && owed_us && percent) {
        cg_conn_peer_key(conn, key);
        debt = make(key, percent, monotonic_ms());
    }
    if (conn->large && conn->state == CG_CONN_ESTABLISHED && octets_of(conn->path) > cg_hook.largest_path)
        cg_hook.largest_path = octets_of(conn->path);
    if (debt) {
        decay(debt, percent, monotonic_ms());
        debt->us += owed_us;
        pay(debt, conn->charged_us);
        debt->last_us = owed_us ? owed_us : debt->last_us;
    }
    conn->charged_us = conn->worked_us = 0;
}

int64_t cg_debt_tick(void)
{
    int64_t next = -1;
    for (struct cg_conn *conn = cg_hook.oldest; conn; conn = conn->newer) {
        if (!conn->waits)
            continue;
        if (may_begin(conn)) {
            conn->waits = false;
            conn->has_turn = true;
            hold_back(conn->fd, false); /* wakes the broker */
        } else {
            next = CG_WAIT_MS;
        }
    }
    return next;
}
