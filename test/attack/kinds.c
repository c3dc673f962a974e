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

/* From 127.0.0.2, or from one of two million loopback addresses. -1: refused, or no descriptor. */
static int dial(struct attacker *attacker, bool many)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    struct timeval wait = {.tv_sec = 2};
    const struct linger reset = {.l_onoff = 1, .l_linger = 0}; /* no TIME_WAIT: ports would run out */
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    from.sin_addr.s_addr = htonl(many ? 0x7f400000U | (next_random(attacker) & 0x1fffff) : 0x7f000002U);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(attacker->arsenal->port);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void send_bytes(struct attacker *attacker, const struct kind *kind)
{
    char answer[64];
    int fd = dial(attacker, kind->many);
    if (fd < 0)
        return;
    cg_raw_send(fd, kind->bytes, kind->len);
    while (recv(fd, answer, sizeof answer, 0) > 0) /* until the server ends it */
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

/* A ClientHello; the answer is read, and the connection dropped. */
static void half_handshake(struct attacker *attacker, const struct kind *kind)
{
    char answer[4096];
    int fd = dial(attacker, kind->many);
    if (fd < 0)
        return;
    cg_raw_send(fd, attacker->arsenal->hello, attacker->arsenal->hello_len);
    recv(fd, answer, sizeof answer, 0);
    close(fd);
}

/* Keeps connections open that are in the middle of a ClientHello, and gives each another byte now and then. */
static void slow(struct attacker *attacker, const struct kind *kind)
{
    int *slot = &attacker->held[attacker->next++ % attacker->nheld];
    (void)kind;
    if (*slot >= 0 && send(*slot, "\0", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
        return;
    if (*slot >= 0)
        close(*slot);
    *slot = dial(attacker, false);
    if (*slot >= 0)
        cg_raw_send(*slot, attacker->arsenal->hello, 20);
}

static void send_chain(struct attacker *attacker, const struct kind *kind)
{
    char answer[16];
    int fd = dial(attacker, kind->many);
    if (fd < 0)
        return;
    SSL *ssl = SSL_new(attacker->arsenal->hostile[kind->hostile]);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1)
        SSL_read(ssl, answer, sizeof answer); /* the alert: TLS 1.3 refuses after our last flight */
    SSL_free(ssl);
    close(fd);
    ERR_clear_error();
}

#define TEXT(text) (text), sizeof(text) - 1

const struct kind attack_kinds[] = {
    {"garbage", send_random, NULL, 0, 0, false},
    {"garbage from many addresses", send_random, NULL, 0, 0, true},
    {"MQTT without TLS", send_bytes,
     TEXT("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04"
          "evil"),
     0, false},
    {"HTTP", send_bytes, TEXT("GET / HTTP/1.1\r\nHost: broker\r\n\r\n"), 0, false},
    {"half handshakes", half_handshake, NULL, 0, 0, false},
    {"half handshakes from many addresses", half_handshake, NULL, 0, 0, true},
    {"slow loris", slow, NULL, 0, 0, false},
    {"expired certificates", send_chain, NULL, 0, HOSTILE_EXPIRED, false},
    {"unknown CA from many addresses", send_chain, NULL, 0, HOSTILE_UNKNOWN, true},
    {"64 intermediates", send_chain, NULL, 0, HOSTILE_LONG, false},
    {"names of 64 KB", send_chain, NULL, 0, HOSTILE_NAMES, false},
    {"policy tree, invented", send_chain, NULL, 0, HOSTILE_POLICIES, false},
    {"policy tree, of a subordinate CA", send_chain, NULL, 0, HOSTILE_POLICIES_SIGNED, false},
    {"RSA of 16384 bits", send_chain, NULL, 0, HOSTILE_RSA, false},
    {"name constraints, invented", send_chain, NULL, 0, HOSTILE_CONSTRAINTS, false},
    {"name constraints, of a subordinate CA", send_chain, NULL, 0, HOSTILE_CONSTRAINTS_SIGNED, false},
};
const size_t attack_kinds_count = sizeof attack_kinds / sizeof *attack_kinds;

void arsenal_open(struct arsenal *arsenal, uint16_t port, struct cg_pki *pki)
{
    const struct cg_client_spec spec = {.sni = "localhost"};
    arsenal->port = port;
    arsenal->hello = cg_client_hello(&spec, &arsenal->hello_len);
    arsenal->hostile = calloc(HOSTILE_COUNT, sizeof(SSL_CTX *));
    if (!arsenal->hostile)
        abort();
    cg_pki_make(pki, "thief: ca cn=root\nthief-rsa: ca cn=root key=rsa2048\ninter0: ca cn=inter0 issuer=root");
    for (int i = 0; i < HOSTILE_COUNT; i++)
        arsenal->hostile[i] = hostile_context(pki, (enum hostile_row)i);
}

void arsenal_close(struct arsenal *arsenal)
{
    for (int i = 0; i < HOSTILE_COUNT; i++)
        SSL_CTX_free(arsenal->hostile[i]);
    free(arsenal->hostile);
    free(arsenal->hello);
}
