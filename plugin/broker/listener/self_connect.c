/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "self_connect.h"

#include "broker/base/address.h"
#include "broker/base/clock.h"
#include "broker/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK_MS    100  /* between two checks for results of the reload thread */
#define RETRY_MS    1000 /* if the broker did not wake */
#define IDLE_MS     50   /* an idle connection is closed, since the broker counts it as a client */
#define NEVER       INT64_MAX
#define MADE_MAX    64
#define MADE_FOR_MS 20000 /* the broker has closed the connection by then, and a client may use its port */

/* The beginning of a long TLS record: each octet wakes the broker, which waits for the wait_until_due. */
static const unsigned char record[] = {0x16, 0x03, 0x01, 0x40, 0x00};
#define OCTETS_MAX 8000

/* Local addresses of the connections made here, for cg_self_connect_made(). One table per process. */
static struct {
    pthread_mutex_t mutex;
    union cg_address address[MADE_MAX];
    int64_t until_ms[MADE_MAX];
    int64_t latest_ms; /* of until_ms: later, the table need not be searched */
    unsigned next;
} made = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct cg_self_connect {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards due_ms and stop */
    pthread_cond_t wake;
    int64_t due_ms; /* monotonic */
    bool stop;
    union cg_address listener;
    struct cg_reload *reload; /* NULL: the broker ticks */
    int fd;                   /* used by the thread; -1: none */
    int sent;
};

/* ---- one connection */

static void remember(const union cg_address *own)
{
    pthread_mutex_lock(&made.mutex);
    unsigned place = made.next++ % MADE_MAX;
    made.address[place] = *own;
    made.latest_ms = made.until_ms[place] = cg_clock_monotonic_ms() + MADE_FOR_MS;
    pthread_mutex_unlock(&made.mutex);
}

bool cg_self_connect_made(const struct cg_conn *conn)
{
    bool found = false;
    int64_t now_ms = cg_clock_monotonic_ms();
    if (conn->role != CG_ROLE_LISTENER || !cg_address_port(&conn->peer))
        return false;
    pthread_mutex_lock(&made.mutex);
    for (unsigned i = 0; now_ms < made.latest_ms && i < MADE_MAX && !found; i++) {
        found = now_ms < made.until_ms[i] && cg_address_port(&made.address[i]) == cg_address_port(&conn->peer) &&
                cg_address_same_host(&made.address[i], &conn->peer);
        if (found)
            made.until_ms[i] = 0;
    }
    pthread_mutex_unlock(&made.mutex);
    return found;
}

/* Stores the port before connect(): the main thread may handle the connection before connect() returns. */
static int connect_to(const union cg_address *listener)
{
    union cg_address own;
    socklen_t len = sizeof own;
    int fd = socket(listener->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    own = *listener;
    cg_address_set_any_port(&own);
    if (bind(fd, &own.any, cg_address_length(&own)) == 0 && getsockname(fd, &own.any, &len) == 0) {
        remember(&own);
        if (connect(fd, &listener->any, cg_address_length(listener)) == 0 || errno == EINPROGRESS)
            return fd;
    }
    close(fd);
    return -1;
}

void cg_self_connect_probe(const union cg_address *listener)
{
    int fd = cg_address_port(listener) ? connect_to(listener) : -1;
    if (fd >= 0)
        close(fd);
}

/* ---- the thread */

static void disconnect(struct cg_self_connect *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    self->sent = 0;
}

static bool send_octet(struct cg_self_connect *self)
{
    unsigned char octet = self->sent < (int)sizeof record ? record[self->sent] : 0;
    if (self->fd < 0 || self->sent >= OCTETS_MAX || send(self->fd, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
        return false;
    self->sent++;
    return true;
}

/* An octet wakes a broker that ticks. Otherwise a handshake must begin. */
static void wake(struct cg_self_connect *self)
{
    if (!self->reload && send_octet(self))
        return;
    disconnect(self);
    self->fd = connect_to(&self->listener);
}

/* Called with the mutex held. */
static void wait_until_due(struct cg_self_connect *self, int64_t now_ms)
{
    if (self->due_ms != NEVER || self->reload || self->fd >= 0) {
        int64_t longest = now_ms + (self->reload ? CHECK_MS : IDLE_MS);
        bool idle = self->due_ms > longest;
        cg_thread_wait(&self->wake, &self->mutex, idle ? longest : self->due_ms);
        if (idle && !self->reload && self->due_ms > longest)
            disconnect(self);
    } else {
        pthread_cond_wait(&self->wake, &self->mutex);
    }
}

static void *run(void *argument)
{
    struct cg_self_connect *self = argument;
    pthread_mutex_lock(&self->mutex);
    while (!self->stop) {
        int64_t now_ms = cg_clock_monotonic_ms();
        bool due = now_ms >= self->due_ms || (self->reload && cg_reload_has_result(self->reload));
        if (due) {
            self->due_ms = now_ms + RETRY_MS; /* unless cg_self_connect_due() sets it */
            pthread_mutex_unlock(&self->mutex);
            wake(self);
            pthread_mutex_lock(&self->mutex);
        }
        if (!self->stop)
            wait_until_due(self, now_ms);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

struct cg_self_connect *cg_self_connect_start(const union cg_address *listener, struct cg_reload *reload)
{
    if (!cg_address_port(listener))
        return NULL;
    struct cg_self_connect *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    cg_thread_wake_init(&self->wake);
    pthread_mutex_init(&self->mutex, NULL);
    self->listener = *listener;
    self->reload = reload;
    self->due_ms = reload ? cg_clock_monotonic_ms() : NEVER;
    self->fd = -1;
    if (cg_thread_start(&self->thread, run, self) == 0)
        return self;
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    return NULL;
}

void cg_self_connect_stop(struct cg_self_connect *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->mutex);
    self->stop = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
    disconnect(self);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

void cg_self_connect_due(struct cg_self_connect *self, int64_t ms)
{
    if (!self)
        return;
    int64_t due_ms = ms < 0 ? NEVER : cg_clock_monotonic_ms() + ms;
    pthread_mutex_lock(&self->mutex);
    bool sooner = due_ms < self->due_ms;
    self->due_ms = due_ms;
    if (sooner)
        pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
}
