/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The registry of the broker's SSL_CTXs, from SSL_CTX_new to SSL_CTX_free. Main thread only: SSL_CTXs that are made on another
 * one are not the broker's. */
#ifndef CG_TLS_CONTEXT_H
#define CG_TLS_CONTEXT_H

#include "ctx_owner.h"
#include "tickets.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* What we know of one SSL_CTX: in its ex_data slot, freed with it. */
struct cg_context {
    SSL_CTX *ctx;       /* borrowed: it owns us */
    uint64_t number;    /* from 1 on: no other one of this process has it */
    bool in_slot;       /* ex_data points here; false: OpenSSL had no memory for it */
    bool configured;    /* our callbacks are in it */
    int security_level; /* the broker's */
    bool suites_set;    /* its TLS 1.3 cipher suites are not the broker's any more */
    uint64_t snapshot;  /* number of the snapshot whose settings it has; 0: none yet */
    uint16_t port;      /* the listener or the bridge's remote port that they were made for: cg_context_set_port */
    struct {
        X509 *leaf; /* owned reference: the broker's own certificate that was examined last */
        uint64_t snapshot;
        uint16_t port;
        int64_t at; /* s since 1970 */
        bool accepted;
        char detail[256];
    } own;
    struct cg_tickets *tickets; /* owned; NULL where sessions were never resumed */
    struct cg_context *prev, *next;
};

bool cg_contexts_begin(void); /* takes the ex_data index; false: OpenSSL gives none, or no memory */
void cg_contexts_end(void);   /* also where it did not begin */

struct cg_context *cg_contexts_first(void); /* newest first */
bool cg_contexts_untracked(void);           /* one was missed (out of memory): every handshake is refused */
struct cg_context *cg_context_of(const SSL *ssl);

/* Our callbacks are in it now: from here on it is complete. */
void cg_context_configured(struct cg_context *context);

void cg_context_set_port(struct cg_context *context, uint16_t port);
uint64_t cg_contexts_ports_learned(void); /* how often another port of one became known */

/* Whose SSL_CTXs the next ones are; CG_CTX_OWNER_UNKNOWN: look who makes them. For those that we make ourselves. */
void cg_contexts_force_owner(enum cg_ctx_owner origin);

#endif
