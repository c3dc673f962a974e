/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker, the threads that attack it, and a valid client that connects repeatedly. A target owns its broker, a load its
 * threads; kind, data and PKI are borrowed. Called by attack.c and compare.c. */
#ifndef CG_ATTACK_ATTACK_LOAD_H
#define CG_ATTACK_ATTACK_LOAD_H

#include "kinds.h"

#include "lib/broker.h"
#include "lib/tls_client.h"

#include <pthread.h>
#include <stdatomic.h>

#define ATTACKERS   8 /* threads */
#define SAMPLES_MAX 20000

/* Connection times of the valid client in ms. */
struct samples {
    double ms[SAMPLES_MAX];
    size_t count;
};

struct target {
    struct cg_broker *broker;
    struct cg_client_spec valid;
    size_t failed; /* connections of the valid client that were refused */
};

/* Starts a new broker. dev is the certificate of the valid client. False if it does not start. */
bool target_start(struct target *target, const struct cg_pki *pki, bool stock);

/* Stops the broker. False, with a failed TAP line, if it had ended or ends with an error; its files are kept then. */
bool target_end(struct target *target, const char *name);
long target_rss_kib(const struct target *target);
long target_events_kib(const struct target *target);

struct attack_load {
    const struct kind *kind;
    const struct attack_data *data;
    uint16_t port;
    size_t limit;  /* number of attempts to make */
    unsigned rate; /* attempts per second, evenly spread */
    int64_t began_us;
    atomic_size_t next, done, opened, bytes; /* opened and bytes are set when the load has ended */
    atomic_bool stop;
    pthread_t threads[ATTACKERS];
};

/* Starts the threads. The caller has set kind, data, port, limit and rate. */
void attack_load_begin(struct attack_load *load);

/* Stops the threads, which close their connections. */
void attack_load_end(struct attack_load *load);

/* Connects the valid client repeatedly, for ms or until load (may be NULL) has made its attempts. Appends to samples. */
void run_valid_client(struct target *target, struct samples *samples, const struct attack_load *load, int ms);

#endif
