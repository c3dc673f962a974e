/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* MQTT clients over mutual TLS (1.3) in one thread, each with its own certificate and client id: nonblocking sockets in one
 * epoll loop, so that thousands connect at once. A client that is refused or loses its connection tries again after
 * FLEET_RETRY_MS. A fleet owns its clients, certificates, keys and sockets. Called by bench_storm. */
#ifndef CG_BENCH_FLEET_H
#define CG_BENCH_FLEET_H

#include "lib/pki_maker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLEET_RETRY_MS 1000  /* the default of libmosquitto and Paho */
#define FLEET_LIMIT_MS 60000 /* clients that have no CONNACK by then have failed */

struct fleet;

/* How the clients of one fleet_connect() got their CONNACK. */
struct fleet_result {
    double all_s, p50_s,
        p99_s;      /* from the call to the CONNACK; all_s: of the last client. Failed ones count until the end */
    double cpu_s;   /* of this process */
    size_t retries; /* attempts after the first one of each client */
    size_t failed;  /* clients without CONNACK after FLEET_LIMIT_MS */
    size_t resumed; /* TLS sessions */
};

/* pki: has root, the issuer of the clients. It is used only during the call. */
struct fleet *fleet_new(struct cg_pki *pki, size_t clients);
void fleet_free(struct fleet *fleet);

/* Forgets all session tickets. keep: from now on, each client offers the one that it received last. */
void fleet_keep_tickets(struct fleet *fleet, bool keep);

/* Connects all clients to the port, at most parallel at the same time. */
void fleet_connect(struct fleet *fleet, uint16_t port, size_t parallel, struct fleet_result *result);

void fleet_cut(struct fleet *fleet); /* resets all connections (RST), without DISCONNECT */

#endif
