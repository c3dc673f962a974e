/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The servers that are measured beside each other: stock Mosquitto, Mosquitto with certguard, HAProxy and stunnel in
 * front of stock, and a bare OpenSSL server as the floor. All on free ports of 127.0.0.1, ended by their pid.
 * A peer owns its folder and processes. Called by benchmarks. */
#ifndef CG_BENCH_PEER_H
#define CG_BENCH_PEER_H

#include "lib/broker.h"
#include "lib/pki_maker.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum peer_kind { PEER_FLOOR, PEER_STOCK, PEER_CERTGUARD, PEER_HAPROXY, PEER_STUNNEL };

struct peer_row {
    const char *name;
    enum peer_kind kind;
    const char *policy;  /* certguard: the file in the folder */
    const char *global;  /* lines of mosquitto.conf */
    const char *openssl; /* text of an openssl.cnf for it, or NULL */
};

/* What all of them serve and trust. */
struct peer_world {
    const struct cg_pki *pki; /* holds root, server, dev, crl, and inter where the chains have three */
    bool three;               /* certificates in a chain, the root counted */
    const char *crl_file;     /* PEM; NULL: no CRL but the empty one of "all rules" */
    const char *policy;       /* another policy.json, or NULL */
    size_t listeners;         /* more of mosquitto's TLS listeners, on other loopback addresses */
};

struct peer {
    const struct peer_row *row;
    struct cg_broker *broker;
    uint16_t port;
    int pid, front; /* front: the proxy's or the bare server's process, 0: none */
};

/* By name, for the tables; NULL when there is no such row. */
const struct peer_row *peer_row(const char *name);

/* False: it does not run here, and what it left is taken away. */
bool peer_start(struct peer *peer, const struct peer_row *row, const struct peer_world *world);
void peer_stop(struct peer *peer);
void peer_explain(struct peer *peer, FILE *out); /* it failed: how its front ended, if it did, and the end of its log */

int64_t peer_cpu_us(const struct peer *peer); /* of all its processes */
long peer_rss_kib(const struct peer *peer);   /* of all its processes */

/* floor.c: never returns */
_Noreturn void floor_serve(int listener, const char *folder);

#endif
