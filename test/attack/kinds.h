/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What bad clients do: a table of attacks, each one connection at a time, from loopback addresses other than the good
 * client's. An arsenal owns what is prepared once; its attacks may run in several threads. Called by siege.c. */
#ifndef CG_ATTACK_KINDS_H
#define CG_ATTACK_KINDS_H

#include "lib/pki_maker.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELD_MAX 400 /* the largest "held" of all kinds */

struct arsenal {
    SSL_CTX **hostile; /* one a row of hostile.h */
    unsigned char *hello;
    size_t hello_len;
};

/* One thread's part. */
struct attacker {
    const struct arsenal *arsenal;
    uint16_t port;
    unsigned random;
    int *held; /* file descriptors that are kept open; -1 free */
    size_t nheld, next;
    size_t opened, bytes; /* new connections; single bytes sent on connections that are kept open */
};

struct kind {
    const char *name;
    unsigned rate; /* strikes a second when servers are compared: at most 70 % of a core of the slower one */
    void (*strike)(struct attacker *attacker, const struct kind *kind);
    const char *bytes; /* sent in place of TLS */
    size_t len;
    size_t hostile; /* row of the hostile chains */
    bool many;      /* from many addresses */
    size_t held;    /* connections that all threads together keep open */
};

extern const struct kind attack_kinds[];
extern const size_t attack_kinds_count;

void arsenal_open(struct arsenal *arsenal, struct cg_pki *pki);
void arsenal_close(struct arsenal *arsenal);

/* hostile.c: chains that no CA of ours vouches for, or that claim too much. Contexts of a client that sends them. */
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
