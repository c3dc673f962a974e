/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The registry of the broker's SSL_CTXs, from SSL_CTX_new to SSL_CTX_free. Main thread only: SSL_CTXs created on
 * other threads are not the broker's. */
#ifndef CG_TLS_CONTEXT_H
#define CG_TLS_CONTEXT_H

#include "ctx_owner.h"
#include "tickets.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* The entry of one SSL_CTX: in its ex_data slot, freed with it. */
struct cg_context {
    SSL_CTX *ctx;       /* borrowed: it owns this entry */
    uint64_t number;    /* counts from 1; unique in this process */
    bool in_slot;       /* ex_data points here; false: OpenSSL had no memory for it */
    bool configured;    /* our callbacks are installed */
    int security_level; /* the broker's */
    bool suites_set;    /* its TLS 1.3 cipher suites are no longer the broker's */
    uint64_t snapshot;  /* number of the snapshot whose settings are applied; 0: none yet */
    uint16_t port;      /* the listener's port or the bridge's remote port, set by cg_context_set_port; 0: unknown */
    struct {
        X509 *leaf; /* owned reference: the broker's own certificate that was checked last */
        uint64_t snapshot;
        uint16_t port;
        int64_t at; /* s since 1970 */
        bool accepted;
        char detail[256];
    } own;
    struct cg_tickets *tickets; /* owned; NULL if resumption was never enabled */
    struct cg_context *prev, *next;
};

bool cg_contexts_begin(void); /* gets the ex_data index; false: OpenSSL has none, or out of memory */
void cg_contexts_end(void);   /* also if it did not begin */

struct cg_context *cg_contexts_first(void); /* newest first */
bool cg_contexts_untracked(void);           /* one is not in the registry (out of memory): every handshake is refused */
struct cg_context *cg_context_of(const SSL *ssl);

/* Call it when our callbacks are installed: the SSL_CTX is complete. */
void cg_context_configured(struct cg_context *context);

void cg_context_set_port(struct cg_context *context, uint16_t port);
uint64_t cg_contexts_ports_learned(void); /* how often the port of one became known or changed */

/* Sets the owner of the next SSL_CTXs, for those that plugin/tls creates itself. CG_CTX_OWNER_UNKNOWN: find out from
 * the caller. */
void cg_contexts_force_owner(enum cg_ctx_owner owner);

#endif
