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
#define ANSWER_MS     200 /* how long a connection waits for the pulse */
#define NEVER         INT64_MAX

struct cg_waker {
    pthread_t thread;
    struct cg_reload *reload;
    struct sockaddr_storage listener;
    socklen_t listener_len;
    atomic_bool stop;
    _Atomic int64_t due_ms; /* monotonic */
    atomic_int port;        /* of the connection under way; 0: none */
};

static uint16_t port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
}

static socklen_t length_of(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void sleep_ms(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Bound to its port before it connects: the main thread may see it before connect() returns. */
static bool bind_first(struct cg_waker *waker, int fd)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof own;
    memset(&own, 0, sizeof own);
    own.ss_family = waker->listener.ss_family;
    if (bind(fd, (const struct sockaddr *)&own, length_of(&own)) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &len) != 0)
        return false;
    atomic_store(&waker->port, port_of(&own));
    return true;
}

static void knock(struct cg_waker *waker)
{
    int fd = socket(waker->listener.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    atomic_store(&waker->due_ms, NEVER); /* the pulse sets it anew */
    if (bind_first(waker, fd) &&
        (connect(fd, (const struct sockaddr *)&waker->listener, waker->listener_len) == 0 || errno == EINPROGRESS)) {
        for (int waited = 0; waited < ANSWER_MS && atomic_load(&waker->due_ms) == NEVER; waited += 10)
            sleep_ms(10);
    }
    close(fd);
    /* The port stays known until the next one: the broker notices the end of this connection a little later. */
}

static void *run(void *argument)
{
    struct cg_waker *waker = argument;
    while (!atomic_load(&waker->stop)) {
        if (cg_clock_monotonic_ms() >= atomic_load(&waker->due_ms) || cg_reload_has_news(waker->reload))
            knock(waker);
        sleep_ms(LOOK_EVERY_MS);
    }
    return NULL;
}

struct cg_waker *cg_waker_start(const struct cg_conn *listener, struct cg_reload *reload)
{
    if (listener->local.ss_family != AF_INET && listener->local.ss_family != AF_INET6)
        return NULL;
    struct cg_waker *waker = calloc(1, sizeof *waker);
    if (!waker)
        return NULL;
    waker->reload = reload;
    waker->listener = listener->local;
    waker->listener_len = length_of(&listener->local);
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

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

bool cg_waker_made(struct cg_waker *waker, const struct cg_conn *conn)
{
    int port = waker ? atomic_load(&waker->port) : 0;
    return port && conn->role == CG_ROLE_LISTENER && same_host(&conn->peer, &waker->listener) &&
           port_of(&conn->peer) == port;
}
