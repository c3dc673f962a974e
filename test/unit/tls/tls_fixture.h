/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker and its peers in one process for the tests of the TLS hook: SSL_CTXs made as Mosquitto makes them, real TCP
 * over 127.0.0.1, and handlers that record their calls. One fixture at a time; main thread only. */
#ifndef CG_TEST_TLS_FIXTURE_H
#define CG_TEST_TLS_FIXTURE_H

#include "core/snapshot.h"
#include "lib/pki_maker.h"
#include "tls/hook.h"

#include <openssl/ssl.h>

/* how often the handlers were called; last is from the latest rejected() or accepted() */
struct tls_calls {
    int rejected, accepted, ended;
    struct {
        enum cg_role role;
        enum cg_reason reason;
        char detail[192];
        const char *fix;
        char version[12];
        char sni[64];
        int alert_sent, alert_received;
        bool has_peer_leaf, has_verdict, has_path, resumed;
        int64_t not_after;
        uint16_t listener;
    } last;
};

struct tls_fixture {
    struct cg_pki *pki;
    struct cg_policy *policy; /* may be changed before a connection */
    struct cg_trust *trust;
    struct cg_credential credential;
    struct cg_credentials credentials; /* of the policy's top level */
    struct cg_snapshot snapshot;
    struct cg_snapshot *current; /* what the handler returns: &snapshot, or NULL */
    struct cg_snapshot *ready;   /* becomes current when a handshake begins; NULL: nothing is new */
    struct cg_hook_handlers handlers;
    struct tls_calls calls;
    int64_t now, monotonic_ms;
};

/* Certificates: ca, server (localhost, 127.0.0.1), good, expired (yesterday), serverish (no client), stranger
 * (unknown  * CA with the name of ours), forged (its signature is invalid). */
void tls_fixture_open(struct tls_fixture *fixture); /* hook installed */
void tls_fixture_close(struct tls_fixture *fixture);

/* For cmocka: the fixture of the test that runs. */
extern struct tls_fixture shared_fixture;
int tls_setup(void **state);
int tls_teardown(void **state);

void tls_serve_policy_credential(struct tls_fixture *fixture, const char *name); /* NULL: the broker's own */
void tls_new_snapshot(struct tls_fixture *fixture); /* the number goes up: settings are applied */

/* As in Mosquitto 2.0: TLS_server_method, certificate by name or NULL, no verification. */
SSL_CTX *tls_broker_context(struct tls_fixture *fixture, const char *certificate);
/* For a peer outside of the broker; trusts ca. */
SSL_CTX *tls_peer_context(struct tls_fixture *fixture, int min_version, int max_version, const char *certificate);
/* As in a bridge of Mosquitto. */
SSL_CTX *tls_bridge_context(struct tls_fixture *fixture, const char *certificate);
/* Another plugin's, as seen by the hook. */
SSL_CTX *tls_foreign_context(const SSL_METHOD *method);

/* Two connected, non-blocking sockets: [0] the accepting side on 127.0.0.1, always the same port; [1] comes from
 * 127.0.0.(1 + host). */
void tls_sockets(int fd[2], unsigned host);

/* One connection: server and client side, either may be NULL for a peer without TLS. */
struct tls_link {
    SSL *server, *client;
    int fd[2];
    bool server_done, client_done, server_failed, client_failed;
};
void tls_connect(struct tls_link *link, SSL_CTX *server, SSL_CTX *client);
void tls_connect_from(struct tls_link *link, SSL_CTX *server, SSL_CTX *client, unsigned host);
void tls_step(struct tls_link *link); /* each side once; a side that fails is freed and closed, as the broker does */
void tls_run(struct tls_link *link);  /* until nothing moves any more */
void tls_talk(struct tls_link *link); /* client says 0x10, server reads it and answers */
void tls_disconnect(struct tls_link *link); /* frees what is left */
void tls_end(SSL **ssl, int *fd);

#endif
