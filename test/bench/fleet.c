/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fleet.h"

#include "lib/process.h"
#include "lib/tls_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 512

enum stage { STAGE_OUT, STAGE_CONNECTING, STAGE_HANDSHAKE, STAGE_CONNACK, STAGE_LIVE };

struct client {
    enum stage stage;
    int fd;
    SSL *ssl;             /* until the CONNACK; NULL: none */
    SSL_SESSION *session; /* for the next connection, or NULL */
    X509 *leaf;
    EVP_PKEY *key;
    int64_t retry_us; /* STAGE_OUT: when it tries again */
    char id[80];
};

struct fleet {
    size_t count;
    bool tickets;
    int epoll;
    SSL_CTX *ctx;
    struct sockaddr_in server;
    double *seconds; /* of each client that is back */
    size_t back;
    int64_t began_us;
    struct fleet_result *result;
    struct client clients[];
};

/* A key of its own, and a certificate for it. */
static void make_client(struct cg_pki *pki, struct client *client, size_t number)
{
    char recipe[64];
    size_t mark = cg_pki_mark(pki);
    client->key = EVP_EC_gen("P-256");
    cg_pki_add(pki, "own", cg_pki_cert(pki, "root"), client->key);
    snprintf(recipe, sizeof recipe, "dev%zu: issuer=root key=@own", number);
    cg_pki_make(pki, recipe);
    *strchr(recipe, ':') = '\0';
    client->leaf = cg_pki_cert(pki, recipe);
    X509_up_ref(client->leaf);
    snprintf(client->id, sizeof client->id, "urn:dev:%s", recipe);
    cg_pki_rewind(pki, mark);
    client->fd = -1;
}

struct fleet *fleet_new(struct cg_pki *pki, size_t clients)
{
    struct fleet *fleet = calloc(1, sizeof *fleet + clients * sizeof *fleet->clients);
    if (!fleet || !(fleet->seconds = calloc(clients, sizeof *fleet->seconds)))
        abort();
    fleet->count = clients;
    fleet->epoll = epoll_create1(EPOLL_CLOEXEC);
    fleet->ctx = SSL_CTX_new(TLS_client_method());
    if (fleet->epoll < 0 || !fleet->ctx || !SSL_CTX_set_min_proto_version(fleet->ctx, TLS1_3_VERSION))
        abort();
    for (size_t i = 0; i < clients; i++)
        make_client(pki, &fleet->clients[i], i);
    return fleet;
}

void fleet_keep_tickets(struct fleet *fleet, bool keep)
{
    fleet->tickets = keep;
    for (size_t i = 0; i < fleet->count; i++) {
        SSL_SESSION_free(fleet->clients[i].session);
        fleet->clients[i].session = NULL;
    }
}

/* ---- one client */

static void free_ssl(struct client *client)
{
    if (!client->ssl)
        return;
    SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* the session stays resumable */
    SSL_free(client->ssl);
    client->ssl = NULL;
}

static void leave(struct client *client)
{
    const struct linger reset = {.l_onoff = 1};
    free_ssl(client);
    if (client->fd >= 0) {
        (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(client->fd);
    }
    client->fd = -1;
    client->stage = STAGE_OUT;
}

static void lost(struct fleet *fleet, struct client *client)
{
    if (client->stage == STAGE_LIVE)
        fleet->back--;
    leave(client);
    fleet->result->retries++;
    client->retry_us = cg_now_us() + FLEET_RETRY_MS * INT64_C(1000);
}

static void join(struct fleet *fleet, struct client *client)
{
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        perror("bench_storm: socket");
        exit(1);
    }
    client->stage = STAGE_CONNECTING;
    (void)connect(client->fd, (const struct sockaddr *)&fleet->server, sizeof fleet->server);
    if (epoll_ctl(fleet->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        abort();
}

static bool start_handshake(const struct fleet *fleet, struct client *client)
{
    client->stage = STAGE_HANDSHAKE;
    client->ssl = SSL_new(fleet->ctx);
    if (!client->ssl || SSL_set_fd(client->ssl, client->fd) != 1 ||
        SSL_use_certificate(client->ssl, client->leaf) != 1 || SSL_use_PrivateKey(client->ssl, client->key) != 1)
        abort();
    if (client->session)
        SSL_set_session(client->ssl, client->session);
    SSL_set_connect_state(client->ssl);
    return true;
}

/* Whether OpenSSL waits for the socket. Else the connection has failed. */
static bool waits(const struct client *client, int rc)
{
    int error = SSL_get_error(client->ssl, rc);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool send_connect(struct client *client)
{
    unsigned char packet[256];
    size_t len = cg_mqtt_connect(false, client->id, NULL, packet);
    client->stage = STAGE_CONNACK;
    return SSL_write(client->ssl, packet, (int)len) == (int)len;
}

static void keep_session(const struct fleet *fleet, struct client *client)
{
    if (!fleet->tickets)
        return;
    SSL_SESSION_free(client->session);
    client->session = SSL_get1_session(client->ssl);
}

static void accepted(struct fleet *fleet, struct client *client)
{
    fleet->seconds[fleet->back++] = (double)(cg_now_us() - fleet->began_us) / 1e6;
    fleet->result->resumed += (size_t)SSL_session_reused(client->ssl);
    keep_session(fleet, client);
    free_ssl(client);
    client->stage = STAGE_LIVE;
}

/* Continues as far as the socket allows. False: the connection has failed. */
static bool advance(struct fleet *fleet, struct client *client)
{
    unsigned char connack[4] = {0};
    int rc = 1;
    if (client->stage == STAGE_CONNECTING && !start_handshake(fleet, client))
        return false;
    if (client->stage == STAGE_HANDSHAKE) {
        rc = SSL_do_handshake(client->ssl);
        if (rc != 1 || !send_connect(client))
            return waits(client, rc);
    }
    rc = SSL_read(client->ssl, connack, sizeof connack);
    if (rc <= 0)
        return waits(client, rc);
    if (rc != sizeof connack || connack[0] != 0x20 || connack[3] != 0)
        return false;
    accepted(fleet, client);
    return true;
}

static void on_event(struct fleet *fleet, struct client *client, uint32_t events)
{
    bool ended = events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP);
    if (client->stage == STAGE_OUT)
        return;
    if (ended || (client->stage != STAGE_LIVE && !advance(fleet, client)))
        lost(fleet, client);
}

/* ---- all clients */

/* Starts the clients that are due. Returns the ms until the next one is, at most 100. */
static int join_due(struct fleet *fleet, size_t parallel)
{
    int64_t now_us = cg_now_us(), next_us = now_us + 100000;
    size_t busy = 0;
    for (size_t i = 0; i < fleet->count; i++)
        busy += fleet->clients[i].stage != STAGE_OUT && fleet->clients[i].stage != STAGE_LIVE;
    for (size_t i = 0; i < fleet->count && busy < parallel; i++) {
        struct client *client = &fleet->clients[i];
        if (client->stage != STAGE_OUT)
            continue;
        if (client->retry_us <= now_us) {
            join(fleet, client);
            busy++;
        } else if (client->retry_us < next_us) {
            next_us = client->retry_us;
        }
    }
    return (int)((next_us - now_us + 999) / 1000);
}

static double cpu_s(void)
{
    return (double)cg_process_cpu_us(getpid()) / 1e6;
}

static void loop(struct fleet *fleet, size_t parallel)
{
    struct epoll_event events[EVENTS_MAX];
    while (fleet->back < fleet->count && cg_now_us() - fleet->began_us < FLEET_LIMIT_MS * INT64_C(1000)) {
        int wait_ms = join_due(fleet, parallel);
        int count = epoll_wait(fleet->epoll, events, EVENTS_MAX, wait_ms);
        for (int i = 0; i < count; i++)
            on_event(fleet, events[i].data.ptr, events[i].events);
    }
}

void fleet_connect(struct fleet *fleet, uint16_t port, size_t parallel, struct fleet_result *result)
{
    *result = (struct fleet_result){0};
    fleet->result = result;
    fleet->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    fleet->server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fleet->back = 0;
    fleet->began_us = cg_now_us();
    double before_s = cpu_s();
    loop(fleet, parallel);
    result->cpu_s = cpu_s() - before_s;
    result->failed = fleet->count - fleet->back;
    for (size_t i = fleet->back; i < fleet->count; i++)
        fleet->seconds[i] = FLEET_LIMIT_MS / 1e3;
    result->all_s = cg_percentile(fleet->seconds, fleet->count, 1);
    result->p50_s = cg_percentile(fleet->seconds, fleet->count, 0.5);
    result->p99_s = cg_percentile(fleet->seconds, fleet->count, 0.99);
}

void fleet_cut(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        leave(&fleet->clients[i]);
        fleet->clients[i].retry_us = 0;
    }
}

void fleet_free(struct fleet *fleet)
{
    fleet_cut(fleet);
    fleet_keep_tickets(fleet, false);
    for (size_t i = 0; i < fleet->count; i++) {
        X509_free(fleet->clients[i].leaf);
        EVP_PKEY_free(fleet->clients[i].key);
    }
    SSL_CTX_free(fleet->ctx);
    close(fleet->epoll);
    free(fleet->seconds);
    free(fleet);
}
