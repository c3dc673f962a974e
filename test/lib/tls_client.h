/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An MQTT client over TLS that says exactly what happened to it: the alert that came, the CONNACK code, the end.
 * Connects to 127.0.0.1 only and gives up after a deadline. All pointers are borrowed. Called by broker tests. */
#ifndef CG_TEST_TLS_CLIENT_H
#define CG_TEST_TLS_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_client_spec {
    uint16_t port;
    unsigned host;               /* comes from 127.0.0.(1 + host) */
    X509 *leaf;                  /* NULL: no certificate */
    const STACK_OF(X509) *chain; /* sent behind the leaf as it is; may be NULL */
    EVP_PKEY *key;
    int version;         /* the only TLS version offered: TLS1_2_VERSION ...; 0: the library's */
    const char *ciphers; /* TLS 1.2 list, or NULL */
    const char *groups, *sigalgs, *sni;
    int refuse_server;          /* X509_V_ERR_* with which the client refuses the server; 0: takes any */
    bool psk;                   /* offers a pre-shared key: identity "device", 16 octets of 1 */
    bool psk_wrong;             /* the same identity with another key */
    const SSL_SESSION *session; /* offered for resumption, or NULL */
    bool no_keep_alive;         /* else 60 s */
    bool mqtt5;
    const char *client_id, *username; /* NULL: "" and none */
    const char *will;                 /* topic of a will whose payload is the client id; without username; NULL: none */
    int wait_ms;                      /* for each answer; 0: 20000 */
};

struct cg_client_result {
    uint16_t local_port;
    bool connected; /* TCP */
    bool resumed;   /* the server took the session that was offered */
    bool handshake; /* our side of it was done: with TLS 1.3 the server may still refuse */
    bool accepted;  /* CONNACK 0 */
    int alert;      /* AlertDescription that the server sent; -1 none */
    int connack;    /* its code; -1 none came */
    char version[12];
    char error[160]; /* of our side, "" for none */
    SSL *ssl;        /* the live session when accepted: cg_client_close frees it */
};

/* Handshake, CONNECT, CONNACK. */
void cg_client_connect(const struct cg_client_spec *spec, struct cg_client_result *result);

/* Waits: true when the server ended the session within wait_ms. Takes up what it sends. */
bool cg_client_ended(const struct cg_client_result *result, int wait_ms);
void cg_client_close(struct cg_client_result *result);

/* TLS of such a client, not connected yet: for tests that speak it by hand. The caller frees; NULL: see OpenSSL's error. */
SSL *cg_client_ssl(const struct cg_client_spec *spec);

/* The first flight of such a client, malloc'ed. */
unsigned char *cg_client_hello(const struct cg_client_spec *spec, size_t *len);

/* Raw TCP. */
int cg_raw_open(uint16_t port, uint16_t *local_port);                     /* -1: refused */
int cg_raw_open_from(unsigned host, uint16_t port, uint16_t *local_port); /* comes from 127.0.0.(1 + host) */
bool cg_raw_send(int fd, const void *bytes, size_t len);
bool cg_raw_closed(int fd, int wait_ms); /* the server closed; what it sends before is dropped */
int cg_raw_connack(int fd, int wait_ms); /* code of a CONNACK, -1 for none */

/* A CONNECT packet; returns its length, at most 256 octets. */
size_t cg_mqtt_connect(bool mqtt5, const char *client_id, const char *username, unsigned char out[256]);

/* The same with a will, its payload the client id. */
size_t cg_mqtt_connect_will(bool mqtt5, const char *client_id, const char *topic, unsigned char out[256]);

/* A key whose public half is of one and whose private half is of another: a certificate without its key. P-256 only. */
EVP_PKEY *cg_false_key(const EVP_PKEY *public_half, const EVP_PKEY *private_half);

#endif
