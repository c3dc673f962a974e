/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The private part of a connection's record, which only plugin/tls uses; creating and freeing records, and the list
 * of all. Depends on no other file of a handshake. Main thread only. */
#ifndef CG_TLS_RECORD_H
#define CG_TLS_RECORD_H

#include "conn.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_conn_private {
    struct cg_conn *more_recent, *less_recent; /* list of unclaimed connections, see unclaimed.c */
    struct cg_conn *older, *newer;             /* list of half-open handshakes */
    struct cg_listener_load *load;             /* counts it, while it is in that list; NULL: a bridge; see halfopen.c */
    int64_t started_ms;                        /* monotonic */
    int64_t progress_ms;                       /* monotonic: its start, or when its whole hello was read */
    int64_t signed_ms;                         /* monotonic: when the peer last signed a handshake with its key */
    unsigned tickets_tried;
    unsigned char first[5]; /* the first bytes from the peer */
    unsigned char nfirst;
    bool unclaimed;             /* in that list */
    bool connect_done;          /* the plugin has seen its CONNECT */
    bool half_open;             /* in that list */
    bool begun;                 /* its handshake has begun; else the peer has sent nothing */
    bool verified;              /* the certificate check ran in this handshake */
    bool awaiting_first_record; /* bridge, TLS 1.3: the server may still refuse our certificate */
    bool hello_seen;            /* a whole ClientHello or ServerHello was received */
    bool psk_offered;           /* TLS 1.3: the client sent the identity of a key */
    bool certificate_shown;     /* our certificate was sent */
};

/* process: for the ids of connections. Takes ownership of the ex_data indexes of SSL and X509; -1: OpenSSL had none. */
void cg_records_begin(uint32_t process, int conn_index, int leaf_index);
void cg_records_end(void); /* after the last record is freed */

/* Creates a record in the list and in the SSL's ex_data. session_size: bytes for conn->session. NULL if out of
 * memory. */
struct cg_conn *cg_conn_new(SSL *ssl, int64_t started_ms, size_t session_size);
struct cg_conn *cg_conn_of(const SSL *ssl);
void cg_conn_free(struct cg_conn *conn, SSL *ssl); /* ssl: the one it was created for */

struct cg_conn *cg_conn_first(void); /* newest first */
void cg_conn_list(struct cg_conn *conn);
void cg_conn_unlist(struct cg_conn *conn);

/* Links the peer's leaf to the record, for cg_conn_of_leaf; false: out of memory. */
bool cg_conn_claim_leaf(struct cg_conn *conn, X509 *leaf);
struct cg_conn *cg_conn_of_leaf(const X509 *leaf);

void cg_conn_addresses(struct cg_conn *conn); /* reads them from the socket */
void cg_conn_set_reason(struct cg_conn *conn, enum cg_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* the first reason stays */
void cg_conn_set_fault(struct cg_conn *conn, enum cg_reason reason,
                       const char *detail);  /* the same with a text; for faults that a flood has */
void cg_conn_describe(struct cg_conn *conn); /* sets version, cipher and SNI as far as known */
void cg_conn_drop_verdict(struct cg_conn *conn);
const struct cg_profile *cg_conn_profile(const struct cg_conn *conn);
const struct cg_tls_policy *cg_conn_tls(const struct cg_conn *conn);

#define CG_PEER_KEY 8 /* bytes that identify a peer: an IPv4 address, or the /64 of an IPv6 address */
void cg_conn_peer_key(const struct cg_conn *conn, unsigned char key[CG_PEER_KEY]); /* zero while unknown */

#endif
