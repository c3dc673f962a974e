/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The record of a connection as plugin/tls keeps it: the part that the broker layer does not read, how it is made and freed,
 * and the list of all. Knows no other file of a handshake. Main thread only. */
#ifndef CG_TLS_RECORD_H
#define CG_TLS_RECORD_H

#include "conn.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_conn_private {
    struct cg_conn *fresher, *staler; /* list of those that may be asked for, see unclaimed.c */
    bool unclaimed;                   /* in that list */
    bool connect_done;                /* its CONNECT was shown */
    struct cg_conn *older, *newer;    /* list of half-open handshakes */
    bool half_open;                   /* in that list */
    bool begun;                       /* its handshake has; else the peer is silent */
    bool verified;                    /* the certificate check ran in this handshake */
    bool awaiting_first_record;       /* bridge, TLS 1.3: the server may still refuse our certificate */
    bool hello_seen;                  /* a whole ClientHello or ServerHello came */
    bool psk_offered;                 /* TLS 1.3, by the identity of a key */
    bool certificate_shown;           /* our certificate went out */
    int64_t started_ms;               /* monotonic */
    int64_t proved_ms;                /* monotonic: when the peer last signed a handshake with its key */
    unsigned tickets_tried;
    unsigned char first[5]; /* the first bytes from the peer */
    unsigned char nfirst;
};

/* process: for the ids of connections. The ex_data indexes of SSL and X509 are owned from here on; -1: OpenSSL gave none. */
void cg_records_begin(uint32_t process, int conn_index, int leaf_index);
void cg_records_end(void); /* once there is no record any more */

/* Listed, and in the SSL's ex_data. session_size: bytes for conn->session. NULL without memory. */
struct cg_conn *cg_conn_new(SSL *ssl, int64_t started_ms, size_t session_size);
struct cg_conn *cg_conn_of(const SSL *ssl);
void cg_conn_free(struct cg_conn *conn, SSL *ssl); /* ssl: the one that it was made for */

struct cg_conn *cg_conn_first(void); /* newest first */
void cg_conn_list(struct cg_conn *conn);
void cg_conn_unlist(struct cg_conn *conn);

/* The leaf that OpenSSL has of the peer is found again; false: no memory. */
bool cg_conn_claim_leaf(struct cg_conn *conn, X509 *leaf);
struct cg_conn *cg_conn_of_leaf(const X509 *leaf);

void cg_conn_addresses(struct cg_conn *conn); /* reads them from its socket */
void cg_conn_set_reason(struct cg_conn *conn, enum cg_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));   /* the first reason stays */
void cg_conn_describe(struct cg_conn *conn); /* version, cipher, SNI as far as known */
void cg_conn_drop_verdict(struct cg_conn *conn);
const struct cg_profile *cg_conn_profile(const struct cg_conn *conn);
const struct cg_tls_policy *cg_conn_tls(const struct cg_conn *conn);

#define CG_PEER_KEY 8 /* bytes that tell peers apart: an IPv4 address, or the /64 of an IPv6 one */
void cg_conn_peer_key(const struct cg_conn *conn, unsigned char key[CG_PEER_KEY]); /* zero while not known */

#endif
