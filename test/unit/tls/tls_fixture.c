/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tls_fixture.h"

#include "core/policy/policy_load.h"
#include "tls/openssl/context.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Takes the place of the broker layer's part of a record: it is zeroed, and nothing else writes to it. */
struct cg_session {
    unsigned char bytes[40];
};

static void write_session(struct cg_session *session)
{
    static const struct cg_session zeroed;
    CHECK(session && memcmp(session, &zeroed, sizeof zeroed) == 0);
    memset(session, 0xa5, sizeof *session);
}

static void check_session(const struct cg_session *session)
{
    for (size_t i = 0; i < sizeof session->bytes; i++)
        CHECK(session->bytes[i] == 0xa5);
}

static void begins(void *context)
{
    struct tls_fixture *fixture = context;
    if (fixture->ready)
        fixture->current = fixture->ready;
    fixture->ready = NULL;
}

static struct cg_snapshot *current(void *context)
{
    return ((struct tls_fixture *)context)->current;
}

static int64_t now(void *context)
{
    return ((struct tls_fixture *)context)->now;
}

static int64_t monotonic_ms(void *context)
{
    return ((struct tls_fixture *)context)->monotonic_ms;
}

static void keep(struct tls_fixture *fixture, const struct cg_conn *conn)
{
    memset(&fixture->calls.last, 0, sizeof fixture->calls.last);
    fixture->calls.last.role = conn->role;
    fixture->calls.last.reason = conn->reason;
    snprintf(fixture->calls.last.detail, sizeof fixture->calls.last.detail, "%s", conn->detail ? conn->detail : "");
    fixture->calls.last.fix = conn->fix;
    snprintf(fixture->calls.last.version, sizeof fixture->calls.last.version, "%s", conn->version ? conn->version : "");
    snprintf(fixture->calls.last.sni, sizeof fixture->calls.last.sni, "%s", conn->sni ? conn->sni : "");
    fixture->calls.last.alert_sent = conn->alert_sent;
    fixture->calls.last.alert_received = conn->alert_received;
    fixture->calls.last.has_peer_leaf = conn->peer_leaf != NULL;
    fixture->calls.last.has_verdict = conn->verdict != NULL;
    fixture->calls.last.has_path = conn->path != NULL;
    fixture->calls.last.resumed = conn->resumed;
    fixture->calls.last.not_after = conn->not_after;
    fixture->calls.last.listener = conn->listener;
}

static void rejected(void *context, struct cg_conn *conn)
{
    struct tls_fixture *fixture = context;
    fixture->calls.rejected++;
    write_session(conn->session);
    keep(fixture, conn);
}

static void accepted(void *context, struct cg_conn *conn)
{
    struct tls_fixture *fixture = context;
    fixture->calls.accepted++;
    write_session(conn->session);
    keep(fixture, conn);
}

static void ended(void *context, struct cg_conn *conn)
{
    struct tls_fixture *fixture = context;
    fixture->calls.ended++;
    check_session(conn->session);
    CHECK(conn->ssl == NULL && conn->fd == -1);
}

void tls_new_snapshot(struct tls_fixture *fixture)
{
    fixture->snapshot.number++;
}

void tls_serve_policy_credential(struct tls_fixture *fixture, const char *name)
{
    tls_new_snapshot(fixture);
    fixture->snapshot.credentials = NULL;
    if (!name)
        return;
    fixture->credential.leaf = cg_pki_cert(fixture->pki, name);
    fixture->credential.key = cg_pki_key(fixture->pki, name);
    fixture->credentials = (struct cg_credentials){.item = {&fixture->credential}, .count = 1};
    fixture->snapshot.credentials = &fixture->credentials;
}

void tls_fixture_open(struct tls_fixture *fixture)
{
    struct cg_error err = {""};
    signal(SIGPIPE, SIG_IGN);
    memset(fixture, 0, sizeof *fixture);
    fixture->now = time(NULL);
    fixture->pki = cg_pki_new(fixture->now);
    cg_pki_make(fixture->pki, "ca: ca cn=anchor\n"
                              "server: server issuer=ca\n"
                              "good: issuer=ca\n"
                              "expired: issuer=ca days=-20..-1\n"
                              "serverish: issuer=ca eku=serverAuth\n"
                              "otherca: ca cn=anchor\n"
                              "stranger: issuer=otherca\n"
                              "forged: issuer=ca broken-signature\n"
                              "strangeserver: server issuer=otherca\n"
                              "otherhost: server issuer=ca san=dns:elsewhere.example\n");
    fixture->policy = cg_policy_default("(test)", &err);
    fixture->trust = cg_trust_new();
    CHECK(fixture->policy && fixture->trust);
    char *pem = cg_pki_pem(fixture->pki, "ca");
    CHECK(cg_trust_add_anchors(fixture->trust, "(test)", pem, strlen(pem), &err));
    free(pem);
    fixture->snapshot.policy = fixture->policy;
    fixture->snapshot.trust = fixture->snapshot.server_trust = fixture->snapshot.bridge_trust = fixture->trust;
    fixture->snapshot.number = 1;
    atomic_init(&fixture->snapshot.references, 1);
    fixture->current = &fixture->snapshot;
    fixture->handlers = (struct cg_hook_handlers){.context = fixture,
                                                  .session_size = sizeof(struct cg_session),
                                                  .begins = begins,
                                                  .snapshot = current,
                                                  .now = now,
                                                  .monotonic_ms = monotonic_ms,
                                                  .rejected = rejected,
                                                  .accepted = accepted,
                                                  .ended = ended};
    if (!cg_hook_install(&fixture->handlers, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    CHECK(fixture->calls.rejected == 0 && fixture->calls.accepted == 0 && fixture->calls.ended == 0);
}

void tls_fixture_close(struct tls_fixture *fixture)
{
    cg_hook_remove();
    /* every connection gave its reference back */
    CHECK(atomic_load(&fixture->snapshot.references) == 1);
    cg_policy_free(fixture->policy);
    cg_trust_free(fixture->trust);
    cg_pki_free(fixture->pki);
}

struct tls_fixture shared_fixture;

int tls_setup(void **state)
{
    (void)state;
    tls_fixture_open(&shared_fixture);
    return 0;
}

int tls_teardown(void **state)
{
    (void)state;
    tls_fixture_close(&shared_fixture);
    return 0;
}

static void use(struct tls_fixture *fixture, SSL_CTX *ctx, const char *certificate)
{
    CHECK(ctx);
    if (certificate)
        CHECK(SSL_CTX_use_cert_and_key(ctx, cg_pki_cert(fixture->pki, certificate),
                                       cg_pki_key(fixture->pki, certificate), NULL, 1) == 1);
}

SSL_CTX *tls_broker_context(struct tls_fixture *fixture, const char *certificate)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    use(fixture, ctx, certificate);
    SSL_CTX_set_options(ctx, SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"mosquitto-8883", 14);
    CHECK(SSL_CTX_set_cipher_list(ctx, "DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:@STRENGTH") == 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

SSL_CTX *tls_bridge_context(struct tls_fixture *fixture, const char *certificate)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    use(fixture, ctx, certificate);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

SSL_CTX *tls_foreign_context(const SSL_METHOD *method)
{
    cg_contexts_force_owner(CG_CTX_OWNER_FOREIGN);
    SSL_CTX *ctx = SSL_CTX_new(method);
    cg_contexts_force_owner(CG_CTX_OWNER_UNKNOWN);
    CHECK(ctx);
    return ctx;
}

SSL_CTX *tls_peer_context(struct tls_fixture *fixture, int min_version, int max_version, const char *certificate)
{
    SSL_CTX *ctx = tls_foreign_context(TLS_method());
    use(fixture, ctx, certificate);
    CHECK(SSL_CTX_set_min_proto_version(ctx, min_version) && SSL_CTX_set_max_proto_version(ctx, max_version));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cg_pki_cert(fixture->pki, "ca"));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

/* One listening socket for all: connections of one test come to one port. */
static int listening_socket(void)
{
    static int fd = -1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd >= 0)
        return fd;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 64) == 0);
    return fd;
}

void tls_sockets(int fd[2], unsigned host)
{
    struct sockaddr_in address, source = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK + host)}};
    socklen_t length = sizeof address;
    int listener = listening_socket();
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    fd[1] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd[1] >= 0 && bind(fd[1], (struct sockaddr *)&source, sizeof source) == 0);
    /* else what a long chain does not fit into one segment waits up to 40 ms for an acknowledgement */
    CHECK(setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0);
    CHECK(connect(fd[1], (struct sockaddr *)&address, length) == 0);
    fd[0] = accept(listener, NULL, NULL);
    CHECK(fd[0] >= 0);
    for (int i = 0; i < 2; i++)
        CHECK(fcntl(fd[i], F_SETFL, O_NONBLOCK) == 0);
}

static SSL *attach(SSL_CTX *ctx, int fd)
{
    SSL *ssl = ctx ? SSL_new(ctx) : NULL;
    if (ssl) {
        BIO *bio = BIO_new_socket(fd, BIO_NOCLOSE);
        SSL_set_bio(ssl, bio, bio);
    }
    return ssl;
}

void tls_connect(struct tls_link *link, SSL_CTX *server, SSL_CTX *client)
{
    tls_connect_from(link, server, client, 0);
}

void tls_connect_from(struct tls_link *link, SSL_CTX *server, SSL_CTX *client, unsigned host)
{
    memset(link, 0, sizeof *link);
    tls_sockets(link->fd, host);
    link->server = attach(server, link->fd[0]);
    link->client = attach(client, link->fd[1]);
    if (link->server)
        SSL_set_accept_state(link->server);
    if (link->client) {
        SSL_set_connect_state(link->client);
        SSL_set_tlsext_host_name(link->client, "localhost");
    }
}

void tls_end(SSL **ssl, int *fd)
{
    SSL_free(*ssl);
    *ssl = NULL;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void side(SSL **ssl, int *fd, bool *done, bool *failed)
{
    char byte;
    if (!*ssl)
        return;
    ERR_clear_error();
    /* a finished side reads on, as the broker does: in TLS 1.3 a refusal may come late */
    int rc = *done ? SSL_read(*ssl, &byte, 1) : SSL_do_handshake(*ssl);
    *done = *done || rc == 1;
    int error = SSL_get_error(*ssl, rc);
    if (rc <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        *failed = true;
        tls_end(ssl, fd);
    }
}

void tls_step(struct tls_link *link)
{
    side(&link->client, &link->fd[1], &link->client_done, &link->client_failed);
    side(&link->server, &link->fd[0], &link->server_done, &link->server_failed);
}

void tls_run(struct tls_link *link)
{
    for (int i = 0; i < 12; i++) {
        tls_step(link);
        usleep(200); /* the loopback delivers at once, an RST after close a little later */
    }
}

void tls_talk(struct tls_link *link)
{
    char byte = 0x10;
    CHECK(SSL_write(link->client, &byte, 1) == 1);
    byte = 0;
    /* the client's kernel may hold the byte back until its last flight is acknowledged: 40 ms */
    for (int i = 0; i < 5000 && SSL_read(link->server, &byte, 1) != 1; i++)
        usleep(200);
    CHECK(byte == 0x10);
    CHECK(SSL_write(link->server, &byte, 1) == 1);
    for (int i = 0; i < 5000 && SSL_read(link->client, &byte, 1) != 1; i++)
        usleep(200);
}

void tls_disconnect(struct tls_link *link)
{
    tls_end(&link->client, &link->fd[1]);
    tls_end(&link->server, &link->fd[0]);
}
