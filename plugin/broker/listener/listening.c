/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "listening.h"

#include "broker/base/address.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define SOCKETS_MAX     256
#define DESCRIPTORS_MAX 65536
#define BACKLOG         65535 /* the kernel uses at most net.core.somaxconn */

struct socket {
    union cg_address address; /* AF_UNSPEC: not an IP socket */
    bool tls;
};

struct cg_listening {
    size_t count;
    bool overflow; /* there are more sockets than SOCKETS_MAX */
    struct socket socket[SOCKETS_MAX];
};

static bool is_listening(int fd)
{
    int listening = 0;
    socklen_t len = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
}

static void add(struct cg_listening *listening, int fd)
{
    struct socket *socket = &listening->socket[listening->count];
    socklen_t len = sizeof socket->address;
    if (listening->count == SOCKETS_MAX) {
        listening->overflow = true;
        return;
    }
    if (getsockname(fd, &socket->address.any, &len) != 0 || !cg_address_port(&socket->address))
        memset(&socket->address, 0, sizeof socket->address);
    listening->count++;
}

static void for_each_socket(void (*visit)(struct cg_listening *, int fd), struct cg_listening *listening)
{
    struct rlimit limit = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    /* /proc may be missing */
    for (rlim_t fd = 0; fd < limit.rlim_cur && fd < DESCRIPTORS_MAX; fd++)
        if (is_listening((int)fd))
            visit(listening, (int)fd);
}

struct cg_listening *cg_listening_new(void)
{
    struct cg_listening *listening = calloc(1, sizeof *listening);
    if (listening)
        for_each_socket(add, listening);
    return listening;
}

/* On a socket that listens already, listen() only sets the length of the queue; on a Unix socket, which drops no connections,
 * it would also make this process the one that clients see as the peer (SO_PEERCRED). */
static void raise_backlog(struct cg_listening *unused, int fd)
{
    union cg_address address;
    socklen_t len = sizeof address;
    (void)unused;
    if (getsockname(fd, &address.any, &len) == 0 && cg_address_port(&address))
        (void)listen(fd, BACKLOG);
}

void cg_listening_raise_backlog(void)
{
    for_each_socket(raise_backlog, NULL);
}

void cg_listening_free(struct cg_listening *listening)
{
    free(listening);
}

/* How well the socket matches the local address of a connection: 0 not at all, 3 by address and port. */
static int match(const struct socket *socket, const union cg_address *local)
{
    if (cg_address_port(&socket->address) != cg_address_port(local))
        return 0;
    if (cg_address_same_host(&socket->address, local))
        return 3;
    if (!cg_address_is_any(&socket->address))
        return 0;
    /* an IPv6 socket may also accept IPv4 connections */
    return socket->address.any.sa_family == local->any.sa_family ? 2 : local->any.sa_family == AF_INET;
}

void cg_listening_saw_tls(struct cg_listening *listening, const struct cg_conn *conn)
{
    struct socket *best = NULL;
    int best_fit = 0;
    if (conn->role != CG_ROLE_LISTENER || !cg_address_port(&conn->local))
        return;
    for (size_t i = 0; i < listening->count; i++) {
        int fit = match(&listening->socket[i], &conn->local);
        if (fit > best_fit) {
            best_fit = fit;
            best = &listening->socket[i];
        }
    }
    if (best)
        best->tls = true;
}

static bool is_the_same_everywhere(const struct cg_policy *policy)
{
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].plain_allowed != policy->base.plain_allowed)
            return false;
    return true;
}

enum cg_plaintext_answer cg_listening_plaintext(const struct cg_listening *listening, const struct cg_policy *policy)
{
    size_t allowed = 0, denied = 0;
    if (is_the_same_everywhere(policy)) /* usual, and this is called at each tick */
        return policy->base.plain_allowed ? CG_PLAINTEXT_ALLOW : CG_PLAINTEXT_DENY;
    for (size_t i = 0; i < listening->count; i++) {
        const struct socket *socket = &listening->socket[i];
        if (socket->tls)
            continue;
        if (cg_policy_listener(policy, cg_address_port(&socket->address))->plain_allowed)
            allowed++;
        else
            denied++;
    }
    if ((allowed && denied) || listening->overflow)
        return CG_PLAINTEXT_DIFFERS;
    if (!allowed && !denied)
        return policy->base.plain_allowed ? CG_PLAINTEXT_ALLOW : CG_PLAINTEXT_DENY;
    return allowed ? CG_PLAINTEXT_ALLOW : CG_PLAINTEXT_DENY;
}

bool cg_listening_unknown(const struct cg_listening *listening, size_t number, union cg_address *out)
{
    for (size_t i = 0; i < listening->count; i++) {
        if (listening->socket[i].tls || number-- > 0)
            continue;
        *out = listening->socket[i].address;
        cg_address_make_loopback(out);
        return true;
    }
    return false;
}
