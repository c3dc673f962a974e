/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker, the attackers around it, and a good client that connects over and over. A target owns its broker, a siege its
 * threads; kind, arsenal and PKI are borrowed. Called by attack.c and compare.c. */
#ifndef CG_ATTACK_SIEGE_H
#define CG_ATTACK_SIEGE_H

#include "kinds.h"

#include "lib/broker.h"
#include "lib/tls_client.h"

#include <pthread.h>
#include <stdatomic.h>

#define ATTACKERS   8 /* threads */
#define SAMPLES_MAX 20000

/* What the good client saw: times of its connections in ms. */
struct samples {
    double ms[SAMPLES_MAX];
    size_t count;
};

struct target {
    struct cg_broker *broker;
    struct cg_client_spec good;
    size_t failed; /* connections of the good client that were not let in */
};

/* A fresh broker; dev is the good client's certificate. False when it does not start. */
bool target_start(struct target *target, const struct cg_pki *pki, bool stock);

/* False when the broker did not end well, which is said. Its files stay then. */
bool target_end(struct target *target, const char *name);
long target_rss_kib(const struct target *target);
long target_events_kib(const struct target *target);

struct siege {
    const struct kind *kind;
    const struct arsenal *arsenal;
    uint16_t port;
    size_t limit;  /* strikes to make */
    unsigned rate; /* a second, in even steps */
    int64_t began_us;
    atomic_size_t next, done, opened, bytes; /* opened and bytes: known when it has ended */
    atomic_bool stop;
    pthread_t threads[ATTACKERS];
};

/* Begins: the caller has set kind, arsenal, port, limit and rate. */
void siege_begin(struct siege *siege);

/* Stops the attackers, who close what they keep open. */
void siege_end(struct siege *siege);

/* The good client connects until the siege has made its strikes, or for ms. Appends to samples. */
void be_good(struct target *target, struct samples *samples, const struct siege *siege, int ms);

#endif
