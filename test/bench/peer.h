/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The servers that are compared: stock Mosquitto, Mosquitto with certguard, HAProxy, stunnel and nginx in front of stock
 * Mosquitto, and a minimal OpenSSL server as the lower bound. They listen on free ports of 127.0.0.1.
 * A peer owns its folder and its processes. Called by benchmarks. */
#ifndef CG_BENCH_PEER_H
#define CG_BENCH_PEER_H

#include "lib/broker.h"
#include "lib/pki_maker.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum peer_kind { PEER_BARE, PEER_STOCK, PEER_CERTGUARD, PEER_HAPROXY, PEER_STUNNEL, PEER_NGINX };

struct peer_row {
    const char *name;
    enum peer_kind kind;
    const char *policy;  /* for certguard: its file in the folder */
    const char *global;  /* lines of mosquitto.conf */
    const char *openssl; /* content of an openssl.cnf, or NULL */
};

/* The files and listeners that all servers of a comparison have. */
struct peer_setup {
    const struct cg_pki *pki; /* contains root, server, dev and crl, and with three also inter and inter-crl */
    bool three;               /* chains have three certificates, including the root; else two */
    const char *crl_file;     /* PEM; NULL: no CRL, except the empty one of "all rules" */
    const char *policy;       /* the policy of the row "certguard"; NULL: the default */
    size_t devices;           /* clients take dev0, dev1, ... of pki in turn; 0: all clients are dev */
    size_t listeners;         /* more TLS listeners of Mosquitto, on other loopback addresses */
};

struct peer {
    const struct peer_row *row;
    struct cg_broker *broker;
    uint16_t port;
    int pid, front; /* the broker; the proxy or the minimal server. 0: none */
};

/* The row with this name, or NULL. */
const struct peer_row *peer_row(const char *name);

/* False: it cannot run here; everything is cleaned up, and stderr has the details. */
bool peer_start(struct peer *peer, const struct peer_row *row, const struct peer_setup *setup);
void peer_stop(struct peer *peer);
void peer_explain(struct peer *peer,
                  FILE *out); /* after a failure: the exit code of the front and the end of the log */

int64_t peer_cpu_us(const struct peer *peer); /* of all its processes */
long peer_rss_kib(const struct peer *peer);   /* of all its processes */
long peer_peak_kib(const struct peer *peer);  /* the sum of their peaks since the start */

/* bare_server.c */
_Noreturn void bare_serve(int listener, const char *folder);

#endif
