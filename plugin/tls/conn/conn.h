/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The record of one TLS connection, from its first handshake byte to SSL_free: what the broker layer reads of it.
 * Owned by the SSL (ex_data) and freed with it; the broker layer borrows it. Main thread only. */
#ifndef CG_CONN_H
#define CG_CONN_H

#include "core/path/verdict.h"
#include "core/peer.h"
#include "core/snapshot.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum cg_conn_state { CG_CONN_HANDSHAKE = 0, CG_CONN_ESTABLISHED, CG_CONN_REJECTED };

/* Of any other family, and AF_UNSPEC while unknown: family alone. A quarter of a sockaddr_storage: there are thousands. */
union cg_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct cg_conn {
    uint64_t number;  /* from 1 on, of this process: see cg_conn_id */
    uint32_t process; /* random, of this process */
    enum cg_role role;
    enum cg_conn_state state;
    SSL *ssl; /* borrowed: it owns us; NULL in ended(), and in a rejected() that comes with the end */
    int fd;   /* -1 for none (memory BIO, ended) */
    union cg_address peer, local;
    uint16_t listener;                       /* local port; of a bridge: the remote port */
    struct cg_snapshot *snapshot;            /* reference: what this handshake is judged by */
    const struct cg_listener_policy *policy; /* borrowed from snapshot; NULL for bridges */
    bool psk;                                /* the peer proved a pre-shared key, which the policy allows */
    bool probe;                              /* its hello says that it is the tool's look: anyone may say so */
    bool resumed;                            /* by a ticket: the leaf is the one of the handshake before */
    struct cg_verdict *verdict;              /* owned; dropped after the accepted event, kept short */
    STACK_OF(X509) *path;                    /* owned; the accepted path, for re-checks */
    int64_t not_after;                       /* as in struct cg_verdict */
    X509 *peer_leaf;                         /* owned reference; also of a refused peer, for the event; may be NULL */
    enum cg_reason reason;                   /* why it was rejected; CG_REASON_UNSET while it was not */
    char *detail;                            /* owned; NULL while it was not */
    const char *fix;                         /* what to do in this case; NULL: the reason's own */
    int alert_sent, alert_received;          /* TLS AlertDescription, -1 for none */
    unsigned long openssl_error;             /* ERR_peek_last_error at the failure, 0 for none */
    char *sni;                               /* owned, escaped; NULL for none */
    char version[12];                        /* "TLSv1.3" */
    char cipher[48];
    struct cg_session *session;      /* of the broker layer alone; NULL where its handlers ask for none */
    struct cg_conn *prev, *next;     /* list of all records */
    struct cg_conn_private *private; /* of plugin/tls alone: see record.h */
};

/* Texts for events, made only where one is written: most of what strangers send is not. */
#define CG_CONN_ID_MAX   28
#define CG_PEER_TEXT_MAX 64

/* One id for all events of this connection, which no other of this or of another process has. */
void cg_conn_id(const struct cg_conn *conn, char out[CG_CONN_ID_MAX]);

/* "192.0.2.1:50123", "[2001:db8::1]:50123"; "" while it is not known. */
void cg_conn_peer_text(const struct cg_conn *conn, char out[CG_PEER_TEXT_MAX]);

/* Ends a connection: nothing more is read or written, and its socket is shut down; the broker notices and frees it. */
void cg_conn_shut_down(struct cg_conn *conn);

/* What an alert is called, in words. */
const char *cg_alert_text(int alert);

#endif
