/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An MQTT client over TLS that reports what it received: the alert, the CONNACK code, the end of the session.
 * It connects to 127.0.0.1 only, and each answer has a deadline. All pointers in a spec are borrowed. Called by tests and
 * benchmarks; different sessions may be used in different threads. */
#ifndef CG_TEST_TLS_CLIENT_H
#define CG_TEST_TLS_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_client_spec {
    uint16_t port;
    unsigned host;               /* connects from 127.0.0.(1 + host) */
    X509 *leaf;                  /* NULL: no certificate */
    const STACK_OF(X509) *chain; /* sent after the leaf, unchanged; may be NULL */
    EVP_PKEY *key;
    int version;         /* the only TLS version offered, e.g. TLS1_2_VERSION; 0: the defaults of OpenSSL */
    const char *ciphers; /* for TLS 1.2, or NULL */
    const char *groups, *sigalgs, *sni;
    int refuse_server;          /* X509_V_ERR_* for which the client refuses the server; 0: accepts any server */
    bool psk;                   /* offers a pre-shared key: identity "device", 16 octets of value 1 */
    bool psk_wrong;             /* offers the same identity with another key */
    const SSL_SESSION *session; /* offered for resumption, or NULL */
    bool no_keep_alive;         /* keep alive 0 instead of 60 s */
    bool mqtt5;
    const char *client_id, *username; /* NULL: "" and none */
    const char *will; /* topic of a will with the client id as payload, only without username; NULL: none */
    int wait_ms;      /* deadline of each answer; 0: 20000 */
};

struct cg_client_result {
    uint16_t local_port;
    bool connected; /* TCP */
    bool resumed;   /* the server resumed the offered session */
    bool handshake; /* complete on the client's side; a TLS 1.3 server may still refuse the client */
    bool accepted;  /* CONNACK 0 */
    int alert;      /* AlertDescription from the server; -1: none */
    int connack;    /* its code; -1: none */
    char version[12];
    char error[160]; /* of the client, or "" */
    SSL *ssl;        /* the live session when accepted: cg_client_close frees it */
};

/* Handshake, CONNECT, CONNACK. */
void cg_client_connect(const struct cg_client_spec *spec, struct cg_client_result *result);

/* True if the server ends the session within wait_ms. Discards what the server sends. */
bool cg_client_ended(const struct cg_client_result *result, int wait_ms);
void cg_client_close(struct cg_client_result *result);

/* The TLS object of such a client, not connected, for tests that run the handshake themselves. The caller frees it. NULL:
 * OpenSSL has the error. */
SSL *cg_client_ssl(const struct cg_client_spec *spec);

/* The first flight of such a client. The caller frees it. */
unsigned char *cg_client_hello(const struct cg_client_spec *spec, size_t *len);

/* Raw TCP. */
int cg_raw_open(uint16_t port, uint16_t *local_port);                     /* -1: refused */
int cg_raw_open_from(unsigned host, uint16_t port, uint16_t *local_port); /* from 127.0.0.(1 + host) */
bool cg_raw_send(int fd, const void *bytes, size_t len);
bool cg_raw_closed(int fd, int wait_ms); /* the server closes within wait_ms; what it sends is discarded */
int cg_raw_connack(int fd, int wait_ms); /* the code of a CONNACK; -1: none */

/* Builds a CONNECT packet. Returns its length; 0: the texts are too long. */
size_t cg_mqtt_connect(bool mqtt5, const char *client_id, const char *username, unsigned char out[256]);

/* The same with a will. Its payload is the client id. */
size_t cg_mqtt_connect_will(bool mqtt5, const char *client_id, const char *topic, unsigned char out[256]);

/* Combines the public half of one P-256 key and the private half of another: a client that has a certificate but not its
 * key. The caller frees it. */
EVP_PKEY *cg_false_key(const EVP_PKEY *public_half, const EVP_PKEY *private_half);

#endif
