/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The record of one TLS connection, from its first handshake byte to SSL_free: the part that the broker layer reads.
 * The SSL owns it (ex_data) and frees it; the broker layer borrows it. Main thread only. */
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

/* For other families, and AF_UNSPEC while unknown, only the family is set. A quarter of the size of a
 * sockaddr_storage, since there are thousands. */
union cg_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Thousands of them live: the order of the members leaves no gaps. */
struct cg_conn {
    uint64_t number;  /* counts from 1 in this process: see cg_conn_id */
    uint32_t process; /* random number of this process */
    int fd;           /* -1 for none (memory BIO, ended) */
    SSL *ssl;         /* borrowed: it owns the record; NULL in ended(), and in a rejected() called at the end */
    enum cg_role role;
    enum cg_conn_state state;
    union cg_address peer, local;
    enum cg_reason reason;                   /* why it was rejected; else CG_REASON_UNSET */
    uint16_t listener;                       /* local port; for a bridge: the remote port */
    int16_t alert_sent, alert_received;      /* TLS AlertDescription, -1 for none */
    bool psk;                                /* the peer proved a pre-shared key, which the policy allows */
    bool probe;                              /* its hello says that it is a probe of the tool; unverified */
    bool resumed;                            /* by a ticket: the leaf is from the earlier handshake */
    bool signatures_hold;                    /* as in struct cg_verdict */
    const char *version;                     /* "TLSv1.3"; OpenSSL's text; NULL while unknown */
    const char *cipher;                      /* the same */
    struct cg_snapshot *snapshot;            /* reference: this handshake is checked against it */
    const struct cg_listener_policy *policy; /* borrowed from snapshot; NULL for bridges */
    struct cg_verdict *verdict;              /* owned; freed after the accepted event */
    STACK_OF(X509) *path;                    /* owned; the accepted path, for re-checks */
    int64_t not_after;                       /* as in struct cg_verdict */
    X509 *peer_leaf;                         /* owned reference; set for a refused peer too; may be NULL */
    char *detail;                            /* owned; NULL if it was not rejected */
    const char *fix;                         /* the fix for this case; NULL: the reason's */
    unsigned long openssl_error;             /* ERR_peek_last_error at the failure, 0 for none */
    char *sni;                               /* owned, escaped; NULL for none */
    struct cg_session *session;              /* for the broker layer only; NULL if session_size is 0 */
    struct cg_conn *prev, *next;             /* list of all records */
    struct cg_conn_private *private;         /* for plugin/tls only: see record.h */
};

/* Sizes of texts for events. They are formatted only when an event is written. */
#define CG_CONN_ID_MAX   28
#define CG_PEER_TEXT_MAX 64

/* Writes an id for all events of this connection. No other connection of this or another process has it. */
void cg_conn_id(const struct cg_conn *conn, char out[CG_CONN_ID_MAX]);

/* "192.0.2.1:50123", "[2001:db8::1]:50123"; "" while unknown. */
void cg_conn_peer_text(const struct cg_conn *conn, char out[CG_PEER_TEXT_MAX]);

/* Ends a connection: nothing more is read or written, and its socket is shut down; the broker notices and frees it. */
void cg_conn_shut_down(struct cg_conn *conn);

/* The name of a TLS alert. */
const char *cg_alert_text(int alert);

#endif
