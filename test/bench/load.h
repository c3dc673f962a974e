/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections, one after the other: mutual TLS, CONNECT, CONNACK, DISCONNECT. Measures the server's CPU time and the client's
 * latency. A load owns its samples; peer and setup are borrowed. Called by benchmarks. */
#ifndef CG_BENCH_LOAD_H
#define CG_BENCH_LOAD_H

#include "peer.h"

struct load {
    const struct peer *peer;
    const struct peer_setup *setup;
    STACK_OF(X509) *chain; /* sent by the client after its leaf; owned */
    int version;           /* TLS1_2_VERSION or TLS1_3_VERSION */
    double *cpu_ms, *latency_ms;
    size_t ncpu, nlatency, room;
};

void load_open(struct load *load, const struct peer *peer, const struct peer_setup *setup, int version);
void load_close(struct load *load);
void load_reset(struct load *load); /* discards the samples so far, e.g. after a warm-up */

/* Adds one sample of CPU time and one of latency per connection. False: a valid client was refused; stderr has the details. */
bool load_round(struct load *load, size_t connects);

/* For main(): true for "quick", false for "full"; anything else ends the program with the usage. Ignores SIGPIPE.
 * more_arguments: the rest of the usage. */
bool bench_start(int argc, char **argv, const char *more_arguments);

/* root, server and dev with P-256 keys, and crl, an empty CRL of root. The caller frees it. */
struct cg_pki *bench_pki(void);

double load_cpu_ms(struct load *load); /* per connection, median of the rounds */
double load_latency_ms(struct load *load, double share);

#endif
