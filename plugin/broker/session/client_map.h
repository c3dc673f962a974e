/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which MQTT client id is whose. A claim is a connection that certguard allowed to be a client id; the broker may still
 * refuse it, so a claim is first pending, then accepted. The holder of an id is the owner of the certificate that it was
 * accepted with: the id stays his while the broker runs, for others it is taken. An id that no certificate was used with
 * has no holder.
 *
 * In bounds, since devices may use random ids: what no claim uses is forgotten, the oldest first, when the same holder
 * leaves more than a few ids behind (so nobody can make the map forget another's), and at last by number.
 *
 * Owned by the plugin's state; claims are owned by the map. Main thread only. */
#ifndef CG_CLIENT_MAP_H
#define CG_CLIENT_MAP_H

#include "broker/base/hashtable.h"
#include "broker/base/queue.h"
#include "holder.h"

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>

#define CG_LEFT_BY_HOLDER 16    /* ids without a claim that are remembered, of one holder */
#define CG_LEFT_MAX       65536 /* of all */

struct cg_client_map;

struct cg_claim {
    const void *client;    /* the broker's object: compared, never looked into */
    struct cg_conn *conn;  /* NULL: a client without TLS */
    const char *client_id; /* borrowed from the map */
    const char *username;  /* from the certificate, "" for none; read while it is made only */
    char peer[46];         /* of a client without TLS: its address, for events */
    uint16_t port;         /* of a client without TLS: the listener's, 0 where the broker does not tell */
    bool websocket, mqtt5; /* protocol */
    bool extended;         /* MQTT 5 extended authentication: not done yet, for all that we know */
    bool continued;        /* of that: the client answered, so it may be done */
    bool named;            /* it has a user name, of its own or of its certificate */
    bool authenticated;    /* our answer was that the certificate is enough */
    bool accepted;         /* by the broker */
    bool overtaken;        /* somebody newer claimed the id, and may have left a session behind */
    bool reported;         /* of a client without TLS: the policy refuses it now, and lets it go on */
    bool send_will;        /* of a client without TLS that is to be ended */
    uint64_t checked_by;   /* of a client without TLS: number of the snapshot that checked it */

    /* private to client_map.c */
    struct cg_id *id;
    struct cg_holder holder;        /* key 0: no certificate */
    struct cg_claim *newer, *older; /* of the same client id */
    struct cg_queue_node queued;
    struct cg_node by_client, by_certificate;
    unsigned char fingerprint[32]; /* of the certificate */
};

/* The broker's object that has this client id now, connected or not; NULL: none. */
typedef const void *(*cg_client_of_fn)(const char *client_id);

/* NULL without memory. client_of: NULL where the broker has no such function (Mosquitto 2.0). Where it has (2.1), it tells
 * of each client that it accepted, and cg_client_map_accept() is called then. Else a claim counts as accepted when its
 * connection is still there at the next poll, or is read from before: Mosquitto 2.0 ends those that it refuses at once.
 * Not so websockets, which end when their peer took the refusal, and extended authentication: of such a claim it is not
 * known while it is connected, so until then it holds its id and owns no session. */
struct cg_client_map *cg_client_map_new(cg_client_of_fn client_of);
void cg_client_map_free(struct cg_client_map *map);

/* Whether this id is free for the owner of the certificate (NULL: for somebody without). username: the one that the
 * certificate gives, "" for none. False without memory. */
bool cg_client_map_is_free(const struct cg_client_map *map, const char *client_id, const X509 *certificate,
                           const char *username);

/* The same for a claim that was made earlier: it may have become another's meanwhile. */
bool cg_client_map_is_still_free(const struct cg_claim *claim);

/* Makes a claim of the members above the private ones; an earlier one of the same connection is released. Sets
 * conn->session->client_id and conn->session->claim. NULL without memory: deny. */
struct cg_claim *cg_client_map_claim(struct cg_client_map *map, const struct cg_claim *what, const char *client_id);
void cg_client_map_accept(struct cg_client_map *map, struct cg_claim *claim);
void cg_client_map_release(struct cg_client_map *map, struct cg_claim *claim); /* the connection ends; NULL is fine */

/* Accepts pending claims that are due: of all connections, to be called when none is being decided, or of one that the
 * broker reads from after its CONNECT. */
void cg_client_map_poll(struct cg_client_map *map);
void cg_client_map_reads_on(struct cg_client_map *map, struct cg_claim *claim); /* NULL is fine */

/* The client of an extended authentication answered: the broker may accept it now. */
void cg_client_map_continued(struct cg_claim *claim);

/* Borrowed until the next call of the map; NULL: none. */
struct cg_claim *cg_client_map_of_id(const struct cg_client_map *map, const char *client_id); /* the newest */
struct cg_claim *cg_claim_older(const struct cg_claim *claim);                                /* of the same id */
struct cg_claim *cg_client_map_of_client(const struct cg_client_map *map, const void *client);

/* Clients without TLS that were accepted, NULL: no more; accepted_plain counts those that ever were. Those that are to be ended are in a list of their own, so that
 * the first one can be asked for again whenever one was ended. */
struct cg_claim *cg_client_map_first_plaintext(const struct cg_client_map *map);
struct cg_claim *cg_client_map_first_ending(const struct cg_client_map *map);
uint64_t cg_client_map_accepted_plaintext(const struct cg_client_map *map);
struct cg_claim *cg_claim_next(const struct cg_claim *claim);
void cg_client_map_set_ending(struct cg_client_map *map, struct cg_claim *claim, bool ending); /* goes to the end */

/* The client id that another connection uses with the same certificate, or NULL. The same client id is no other
 * client: it takes over its own session. */
const char *cg_client_map_other_id(const struct cg_client_map *map, const X509 *certificate, const char *client_id);

/* Whether the broker's session of this id is this connection's for certain: it was accepted, and the broker says so, or
 * nobody else claims the id, so that nobody newer can have it. */
bool cg_client_map_owns(const struct cg_client_map *map, const struct cg_claim *claim);

/* The same of a client without TLS, whose socket is not known: the broker says so, or everyone who may have the id came
 * without TLS. */
bool cg_client_map_owns_plaintext(const struct cg_client_map *map, const struct cg_claim *claim);

/* Whether the last client that was accepted with this id came with a certificate that was enough to log in. */
bool cg_client_map_was_authenticated(const struct cg_client_map *map, const char *client_id);

size_t cg_client_map_claims(const struct cg_client_map *map);
size_t cg_client_map_left(const struct cg_client_map *map); /* ids without a claim that are remembered */

#endif
