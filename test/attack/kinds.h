/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of attacks. Each attempt uses one connection, from a loopback address other than the valid client's.
 * attack_data is made once and is constant while the attacks run in several threads. Called by attack_load.c. */
#ifndef CG_ATTACK_KINDS_H
#define CG_ATTACK_KINDS_H

#include "lib/pki_maker.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELD_MAX 400 /* the largest "held" of all kinds */

struct attack_data {
    SSL_CTX **hostile; /* one per enum hostile_row */
    unsigned char *hello;
    size_t hello_len;
};

/* The state of one thread. */
struct attacker {
    const struct attack_data *data;
    uint16_t port;
    unsigned random;
    int *held; /* descriptors that are kept open; -1: free */
    size_t nheld, next;
    size_t opened, bytes; /* numbers of new connections, and of single bytes sent on open connections */
};

struct kind {
    const char *name;
    unsigned
        rate; /* attempts per second when servers are compared: they use at most 70 % of a core of the slower one */
    void (*attempt)(struct attacker *attacker, const struct kind *kind);
    const char *bytes; /* sent instead of TLS */
    size_t len;
    size_t hostile; /* enum hostile_row */
    bool many;      /* connects from many addresses */
    size_t held;    /* number of connections that all threads together keep open */
};

extern const struct kind attack_kinds[];
extern const size_t attack_kinds_count;

void attack_data_open(struct attack_data *data, struct cg_pki *pki);
void attack_data_close(struct attack_data *data);

/* hostile.c: client contexts with chains that must be refused. */
enum hostile_row {
    HOSTILE_EXPIRED,
    HOSTILE_UNKNOWN,
    HOSTILE_LONG,
    HOSTILE_MAZE,
    HOSTILE_TOO_LONG, /* beyond max_chain_bytes */
    HOSTILE_NAMES,
    HOSTILE_SANS,
    HOSTILE_POLICIES,
    HOSTILE_POLICIES_SIGNED,
    HOSTILE_RSA,
    HOSTILE_CONSTRAINTS,
    HOSTILE_CONSTRAINTS_SIGNED,
    HOSTILE_COUNT
};
SSL_CTX *hostile_context(struct cg_pki *pki, enum hostile_row row);

#endif
