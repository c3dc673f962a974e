/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "wake.h"

#include "clock.h"
#include "thread.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 100
#define PAUSE_MS      5   /* at least, between two connections */
#define ANSWER_MS     200 /* how long a connection waits for the pulse */
#define RETRY_MS      1000
#define NEVER         INT64_MAX

struct cg_waker {
    pthread_t thread;
    struct cg_reload *reload;
    union cg_address listener;
    atomic_bool stop;
    _Atomic int64_t due_ms; /* monotonic */
    atomic_int port;        /* of the connection under way; 0: none */
};

static uint16_t port_of(const union cg_address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

static socklen_t length_of(const union cg_address *address)
{
    return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

static void sleep_ms(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Bound to its port before it connects: the main thread may see it before connect() returns. */
static bool bind_first(struct cg_waker *waker, int fd)
{
    union cg_address own;
    socklen_t len = sizeof own;
    memset(&own, 0, sizeof own);
    own.any.sa_family = waker->listener.any.sa_family;
    if (bind(fd, &own.any, length_of(&own)) != 0 || getsockname(fd, &own.any, &len) != 0)
        return false;
    atomic_store(&waker->port, port_of(&own));
    return true;
}

static void knock(struct cg_waker *waker)
{
    int fd = socket(waker->listener.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    atomic_store(&waker->due_ms, NEVER); /* the pulse sets it anew */
    if (bind_first(waker, fd) &&
        (connect(fd, &waker->listener.any, length_of(&waker->listener)) == 0 || errno == EINPROGRESS)) {
        for (int waited = 0; waited < ANSWER_MS && atomic_load(&waker->due_ms) == NEVER; waited += 10)
            sleep_ms(10);
    }
    close(fd);
    int64_t unanswered = NEVER;
    atomic_compare_exchange_strong(&waker->due_ms, &unanswered, cg_clock_monotonic_ms() + RETRY_MS);
    /* The port stays known until the next one: the broker notices the end of this connection a little later. */
}

/* Work that is queued is due at once. */
static int64_t pause_before(struct cg_waker *waker)
{
    int64_t due_ms = atomic_load(&waker->due_ms), now_ms = cg_clock_monotonic_ms();
    if (due_ms >= now_ms + LOOK_EVERY_MS)
        return LOOK_EVERY_MS;
    return due_ms > now_ms + PAUSE_MS ? due_ms - now_ms : PAUSE_MS;
}

static void *run(void *argument)
{
    struct cg_waker *waker = argument;
    while (!atomic_load(&waker->stop)) {
        if (cg_clock_monotonic_ms() >= atomic_load(&waker->due_ms) || cg_reload_has_news(waker->reload))
            knock(waker);
        sleep_ms(pause_before(waker));
    }
    return NULL;
}

struct cg_waker *cg_waker_start(const struct cg_conn *listener, struct cg_reload *reload)
{
    if (listener->local.any.sa_family != AF_INET && listener->local.any.sa_family != AF_INET6)
        return NULL;
    struct cg_waker *waker = calloc(1, sizeof *waker);
    if (!waker)
        return NULL;
    waker->reload = reload;
    waker->listener = listener->local;
    atomic_init(&waker->stop, false);
    atomic_init(&waker->due_ms, cg_clock_monotonic_ms());
    atomic_init(&waker->port, 0);
    if (cg_thread_start(&waker->thread, run, waker) == 0)
        return waker;
    free(waker);
    return NULL;
}

void cg_waker_stop(struct cg_waker *waker)
{
    if (!waker)
        return;
    atomic_store(&waker->stop, true);
    pthread_join(waker->thread, NULL);
    free(waker);
}

void cg_waker_pulsed(struct cg_waker *waker, int64_t next_ms)
{
    atomic_store(&waker->due_ms, next_ms < 0 ? NEVER - 1 : cg_clock_monotonic_ms() + next_ms);
}

static bool same_host(const union cg_address *a, const union cg_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

bool cg_waker_made(struct cg_waker *waker, const struct cg_conn *conn)
{
    int port = waker ? atomic_load(&waker->port) : 0;
    return port && conn->role == CG_ROLE_LISTENER && same_host(&conn->peer, &waker->listener) &&
           port_of(&conn->peer) == port;
}
