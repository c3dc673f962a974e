/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The owners of MQTT client ids. A claim is a connection that certguard allowed to use a client id. The broker may still
 * refuse it, so a claim is first pending and then accepted. The holder of an id is the identity of the certificate with which
 * the id was accepted: until the broker restarts, no other identity can use the id. An id that was used without a certificate
 * has no holder.
 *
 * Devices may use random ids, so the map is bounded. Ids without a claim are removed, oldest first, if one holder has more
 * than CG_IDLE_BY_HOLDER of them or if there are more than CG_IDLE_MAX. So no holder can displace many ids of another.
 *
 * Owned by the plugin's state; the map owns the claims. Main thread only. */
#ifndef CG_CLIENT_MAP_H
#define CG_CLIENT_MAP_H

#include "broker/base/hashtable.h"
#include "broker/base/queue.h"
#include "holder.h"

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>

#define CG_IDLE_BY_HOLDER 16    /* ids without a claim, per holder */
#define CG_IDLE_MAX       65536 /* in total */

struct cg_client_map;

/* What is stored only of a client without TLS: of others, the connection has it. */
struct cg_plain_client {
    char peer[46];       /* its address, for events */
    uint16_t port;       /* of its listener; 0: the broker does not report it */
    uint64_t checked_by; /* number of the snapshot that checked it */
    bool reported;       /* no longer accepted, but the policy only reports it */
    bool send_will;      /* when it is ended */
};

struct cg_claim {
    const void *client;    /* the broker's object: compared, never dereferenced */
    struct cg_conn *conn;  /* NULL: a client without TLS */
    const char *client_id; /* borrowed from the map */
    bool websocket, mqtt5; /* protocol */
    bool extended;         /* MQTT 5 extended authentication, possibly not completed */
    bool continued;        /* the client has answered a challenge, so extended authentication may be completed */
    bool named;            /* has a user name, sent by the client or from its certificate */
    bool authenticated;    /* the plugin accepted the client by its certificate */
    bool renews;           /* only renews its certificate: see cg_identity_is_renewal */
    bool accepted;         /* by the broker */
    bool superseded;       /* a newer claim had the same id, and may have left a session */

    /* private to client_map.c */
    struct cg_id *id;
    struct cg_holder *holder;       /* NULL: no certificate */
    struct cg_claim *newer, *older; /* of the same client id */
    struct cg_queue_node queued;
    struct cg_node by_client, by_certificate;

    struct cg_plain_client plain[]; /* one element without TLS, else none */
};

/* The broker's object of the client with this id, connected or not; NULL: none. */
typedef const void *(*cg_client_of_fn)(const char *client_id);

/* NULL: out of memory. client_of is NULL if the broker has no such function (Mosquitto 2.0).
 * Mosquitto 2.1 reports each client that it accepted; the caller then calls cg_client_map_accept(). Mosquitto 2.0 closes
 * connections that it refuses at once, so there a claim counts as accepted if its connection still exists at the next poll, or
 * is read from earlier. Exceptions are websockets, which close only after their peer has read the refusal, and extended
 * authentication: such a claim reserves its id but owns no session while it is connected. */
struct cg_client_map *cg_client_map_new(cg_client_of_fn client_of);
void cg_client_map_free(struct cg_client_map *map);

/* Whether the id is free for the identity of the certificate; NULL: for a client without one. username: from the
 * certificate, "": none. False if memory runs out. */
bool cg_client_map_is_free(const struct cg_client_map *map, const char *client_id, const X509 *certificate,
                           const char *username);

/* The same for an existing claim: another identity may hold the id now. */
bool cg_client_map_is_still_free(const struct cg_claim *claim);

/* Makes a claim from the public members of given, and releases an earlier claim of the same connection. Sets
 * conn->session->client_id and conn->session->claim. username: from the certificate, "": none. The caller fills plain[0],
 * which is zero. NULL: out of memory, deny the client. */
struct cg_claim *cg_client_map_claim(struct cg_client_map *map, const struct cg_claim *given, const char *username,
                                     const char *client_id);
void cg_client_map_accept(struct cg_client_map *map, struct cg_claim *claim);
void cg_client_map_release(struct cg_client_map *map, struct cg_claim *claim); /* the connection ends; accepts NULL */

/* Accept pending claims: all of them, to be called while no client is being decided; or that of a connection from which the
 * broker reads after its CONNECT. */
void cg_client_map_poll(struct cg_client_map *map);
void cg_client_map_first_read(struct cg_client_map *map, struct cg_claim *claim); /* accepts NULL */

/* A client with extended authentication answered: the broker may accept it from this time. */
void cg_client_map_continued(struct cg_claim *claim);

/* Borrowed until the next call of the map; NULL: none. */
struct cg_claim *cg_client_map_of_id(const struct cg_client_map *map, const char *client_id); /* the newest */
struct cg_claim *cg_claim_older(const struct cg_claim *claim);                                /* of the same id */
struct cg_claim *cg_client_map_of_client(const struct cg_client_map *map, const void *client);

/* Accepted clients without TLS, in two lists: those to be ended are separate, so that the caller can get the first one again
 * after each end. NULL: no more. cg_client_map_accepted_plaintext() counts all that were ever accepted. */
struct cg_claim *cg_client_map_first_plaintext(const struct cg_client_map *map);
struct cg_claim *cg_client_map_first_ending(const struct cg_client_map *map);
uint64_t cg_client_map_accepted_plaintext(const struct cg_client_map *map);
struct cg_claim *cg_claim_next(const struct cg_claim *claim);
void cg_client_map_set_ending(struct cg_client_map *map, struct cg_claim *claim,
                              bool ending); /* moved to the end of the list */

/* A different client id that a connection uses with the same certificate, among the claims that renew or among the others;
 * NULL: none. */
const char *cg_client_map_other_id(const struct cg_client_map *map, const X509 *certificate, const char *client_id,
                                   bool renews);

/* Whether the broker's session of this id certainly belongs to this connection: the claim is accepted, and the broker confirms
 * it (2.1), or there is no other claim on the id and has been none since. */
bool cg_client_map_owns(const struct cg_client_map *map, const struct cg_claim *claim);

/* The same for a client without TLS: the broker confirms it (2.1), or no client with TLS may have the id. */
bool cg_client_map_owns_plaintext(const struct cg_client_map *map, const struct cg_claim *claim);

/* Whether the last client that was accepted with this id was accepted by its certificate. */
bool cg_client_map_was_authenticated(const struct cg_client_map *map, const char *client_id);

size_t cg_client_map_claims(const struct cg_client_map *map);
size_t cg_client_map_idle(const struct cg_client_map *map); /* ids without a claim */

#endif
