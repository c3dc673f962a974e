/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections, one after the other: mutual TLS, CONNECT, CONNACK, DISCONNECT. Measures the server's CPU time and the client's
 * latency. A load owns its samples; peer and setup are borrowed. Called by benchmarks. */
#ifndef CG_BENCH_LOAD_H
#define CG_BENCH_LOAD_H

#include "peer.h"

struct load {
    const struct peer *peer;
    const struct peer_setup *setup;
    /* Connects once. False: not as expected; stderr has the details. load_open() sets a valid client. */
    bool (*attempt)(struct load *load);
    const struct refusal *refusal; /* for refused clients */
    const char *command;           /* for clients that are programs */
    STACK_OF(X509) *chain;         /* sent by the client after its leaf; owned */
    int version;                   /* TLS1_2_VERSION or TLS1_3_VERSION */
    size_t connects, accepted;     /* counted over all rounds */
    double *cpu_ms, *latency_ms;   /* one per round, in the order of the rounds; one per accepted connection */
    size_t ncpu, nlatency, room;
};

void load_open(struct load *load, const struct peer *peer, const struct peer_setup *setup, int version);
void load_close(struct load *load);
void load_reset(struct load *load); /* discards the samples so far, e.g. after a warm-up */

/* Adds one sample of CPU time and one of latency per connection. False: an attempt failed. */
bool load_round(struct load *load, size_t connects);

/* For main(): true for "quick", false for "full"; anything else ends the program with the usage. Ignores SIGPIPE.
 * more_arguments: the rest of the usage. */
bool bench_start(int argc, char **argv, const char *more_arguments);

/* root, server and dev with P-256 keys, and crl, an empty CRL of root. The caller frees it. */
struct cg_pki *bench_pki(void);

/* Adds dev0 to devN-1, N = count. They have the key of dev: servers remember certificates, not keys. */
void bench_devices(struct cg_pki *pki, size_t count, const char *issuer);

double load_cpu_ms(const struct load *load); /* per connection, median of the rounds */
double load_latency_ms(struct load *load, double share);

/* Prints a tab and the CPU times of the rounds, separated by commas, and ends the line. Tables pair them by round. */
void load_print_rounds(const struct load *load);

/* The same for other values of the rounds. */
void bench_print_rounds(const double *values, size_t count);
double bench_median(const double *values, size_t count);

/* One of the servers that take turns. */
struct bench_server {
    struct peer peer;
    struct load load;
    bool failed; /* an attempt failed, or it ended; the other servers continue */
};
#define BENCH_SERVERS_MAX 8

/* Starts the servers with these names (NULL ends the list) that can run here. Returns their number. */
size_t bench_servers_start(struct bench_server servers[BENCH_SERVERS_MAX], const char *const *names,
                           const struct peer_setup *setup, int version);

/* A round for warm-up, then the others. In each round, each server takes its turn, in alternating order, so that other load on
 * the machine affects all of them equally. False if certguard failed. */
bool bench_servers_measure(struct bench_server *servers, size_t count, size_t rounds, size_t connects);
void bench_servers_stop(struct bench_server *servers, size_t count);

#endif
