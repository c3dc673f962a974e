/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "kinds.h"

#include "lib/tls_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static unsigned next_random(struct attacker *attacker)
{
    attacker->random = attacker->random * 1664525U + 1013904223U;
    return attacker->random >> 8;
}

/* Connects from 127.0.0.2, or from one of two million loopback addresses. -1: refused, or no descriptor. */
static int open_connection(struct attacker *attacker, bool many)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    struct timeval wait = {.tv_sec = 2};
    const struct linger reset = {.l_onoff = 1, .l_linger = 0}; /* no TIME_WAIT, else the ports would run out */
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    from.sin_addr.s_addr = htonl(many ? 0x7f400000U | (next_random(attacker) & 0x1fffff) : 0x7f000002U);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(attacker->port);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
        attacker->opened++;
        return fd;
    }
    close(fd);
    return -1;
}

static void send_bytes(struct attacker *attacker, const struct kind *kind)
{
    char answer[64];
    int fd = open_connection(attacker, kind->many);
    if (fd < 0)
        return;
    cg_raw_send(fd, kind->bytes, kind->len);
    shutdown(fd, SHUT_WR);                         /* else the server may wait for the rest of a record */
    while (recv(fd, answer, sizeof answer, 0) > 0) /* until the server closes */
        ;
    close(fd);
}

static void send_random(struct attacker *attacker, const struct kind *kind)
{
    char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)next_random(attacker);
    const struct kind one = {.bytes = bytes, .len = sizeof bytes, .many = kind->many};
    send_bytes(attacker, &one);
}

/* Sends a ClientHello, reads the answer and closes the connection. */
static void half_handshake(struct attacker *attacker, const struct kind *kind)
{
    char answer[4096];
    int fd = open_connection(attacker, kind->many);
    if (fd < 0)
        return;
    cg_raw_send(fd, attacker->data->hello, attacker->data->hello_len);
    recv(fd, answer, sizeof answer, 0);
    close(fd);
}

/* Keeps connections open in the middle of a ClientHello, and sends another byte on each of them from time to time. Reopens
 * connections that the server has closed. */
static void slow_loris(struct attacker *attacker, const struct kind *kind)
{
    int *slot = &attacker->held[attacker->next++ % attacker->nheld];
    (void)kind;
    if (*slot >= 0 && send(*slot, "\0", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
        attacker->bytes++;
        return;
    }
    if (*slot >= 0)
        close(*slot);
    *slot = open_connection(attacker, false);
    if (*slot >= 0)
        cg_raw_send(*slot, attacker->data->hello, 20);
}

static void send_chain(struct attacker *attacker, const struct kind *kind)
{
    char answer[16];
    int fd = open_connection(attacker, kind->many);
    if (fd < 0)
        return;
    SSL *ssl = SSL_new(attacker->data->hostile[kind->hostile]);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1) {
        shutdown(fd, SHUT_WR);                /* a server that accepts the client ends then */
        SSL_read(ssl, answer, sizeof answer); /* the alert: TLS 1.3 refuses after the client's last flight */
    }
    SSL_free(ssl);
    close(fd);
    ERR_clear_error();
}

#define TEXT(text) .bytes = (text), .len = sizeof(text) - 1

const struct kind attack_kinds[] = {
    {.name = "garbage", .rate = 2000, .attempt = send_random},
    {.name = "garbage from many addresses", .rate = 2000, .attempt = send_random, .many = true},
    {.name = "MQTT without TLS",
     .rate = 2000,
     .attempt = send_bytes,
     TEXT("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04"
          "evil")},
    {.name = "HTTP", .rate = 2000, .attempt = send_bytes, TEXT("GET / HTTP/1.1\r\nHost: broker\r\n\r\n")},
    {.name = "half handshakes", .rate = 1000, .attempt = half_handshake},
    {.name = "half handshakes from many addresses", .rate = 1000, .attempt = half_handshake, .many = true},
    {.name = "slow loris, 200 connections", .rate = 2000, .attempt = slow_loris, .held = 200},
    {.name = "slow loris, 400 connections", .rate = 2000, .attempt = slow_loris, .held = 400},
    {.name = "expired certificates", .rate = 500, .attempt = send_chain, .hostile = HOSTILE_EXPIRED},
    {.name = "unknown CA from many addresses",
     .rate = 500,
     .attempt = send_chain,
     .hostile = HOSTILE_UNKNOWN,
     .many = true},
    {.name = "8 intermediates", .rate = 300, .attempt = send_chain, .hostile = HOSTILE_LONG},
    {.name = "maze of 9 CAs", .rate = 300, .attempt = send_chain, .hostile = HOSTILE_MAZE},
    {.name = "64 intermediates, 24 KB", .rate = 60, .attempt = send_chain, .hostile = HOSTILE_TOO_LONG},
    {.name = "subject of 15 KB", .rate = 300, .attempt = send_chain, .hostile = HOSTILE_NAMES},
    {.name = "subjectAltNames of 15 KB", .rate = 300, .attempt = send_chain, .hostile = HOSTILE_SANS},
    {.name = "policy tree, forged", .rate = 200, .attempt = send_chain, .hostile = HOSTILE_POLICIES},
    {.name = "policy tree, of a subordinate CA", .rate = 80, .attempt = send_chain, .hostile = HOSTILE_POLICIES_SIGNED},
    {.name = "RSA of 16384 bits", .rate = 300, .attempt = send_chain, .hostile = HOSTILE_RSA},
    {.name = "name constraints, forged", .rate = 300, .attempt = send_chain, .hostile = HOSTILE_CONSTRAINTS},
    {.name = "name constraints, of a subordinate CA",
     .rate = 300,
     .attempt = send_chain,
     .hostile = HOSTILE_CONSTRAINTS_SIGNED},
};
const size_t attack_kinds_count = sizeof attack_kinds / sizeof *attack_kinds;

void attack_data_open(struct attack_data *data, struct cg_pki *pki)
{
    const struct cg_client_spec spec = {.sni = "localhost"};
    data->hello = cg_client_hello(&spec, &data->hello_len);
    data->hostile = calloc(HOSTILE_COUNT, sizeof(SSL_CTX *));
    if (!data->hostile)
        abort();
    cg_pki_make(pki, "attacker: ca cn=root\nattacker-rsa: ca cn=root key=rsa2048\ninter0: ca cn=inter0 issuer=root");
    for (int i = 0; i < HOSTILE_COUNT; i++)
        data->hostile[i] = hostile_context(pki, (enum hostile_row)i);
}

void attack_data_close(struct attack_data *data)
{
    for (int i = 0; i < HOSTILE_COUNT; i++)
        SSL_CTX_free(data->hostile[i]);
    free(data->hostile);
    free(data->hello);
}
