/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connects, one after the other: mutual TLS, CONNECT, CONNACK, DISCONNECT; what each costs the server and how long the
 * client waits. A load owns its samples. Called by benchmarks. */
#ifndef CG_BENCH_LOAD_H
#define CG_BENCH_LOAD_H

#include "peer.h"

struct load {
    const struct peer *peer;
    const struct peer_world *world;
    STACK_OF(X509) *chain; /* what the client sends behind its leaf; owned */
    int version;           /* TLS1_2_VERSION or TLS1_3_VERSION */
    double *cpu_ms, *latency_ms;
    size_t ncpu, nlatency, room;
};

void load_open(struct load *load, const struct peer *peer, const struct peer_world *world, int version);
void load_close(struct load *load);
void load_forget(struct load *load); /* the samples so far: after a warm-up */

/* One sample of CPU, connects ones of latency. False: a good client was refused, which is said on stderr. */
bool load_round(struct load *load, size_t connects);

double load_cpu_ms(struct load *load); /* median of the rounds, a connect */
double load_latency_ms(struct load *load, double share);

#endif
