/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What one SSL_CTX needs for session tickets: keys that never leave this memory, and the chains above the leaves that
 * its tickets speak of. One generation belongs to one snapshot and one port; the next one knows nothing of it.
 * Owned by the SSL_CTX's cg_context. Called by resumption.c; main thread only. */
#ifndef CG_TLS_TICKETS_H
#define CG_TLS_TICKETS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* A key makes tickets for so long, and opens them for as long again. */
#define CG_TICKET_KEY_MS ((int64_t)3600 * 1000)

struct cg_tickets;

struct cg_tickets *cg_tickets_new(void);          /* NULL without memory; no keys yet */
void cg_tickets_free(struct cg_tickets *tickets); /* wipes the keys; NULL is fine */

/* Begins a generation: all keys and chains of the one before are gone. */
void cg_tickets_begin(struct cg_tickets *tickets, uint64_t snapshot, uint16_t port);
bool cg_tickets_are_for(const struct cg_tickets *tickets, uint64_t snapshot, uint16_t port);

/* Wipes keys that are past their time. */
void cg_tickets_tick(struct cg_tickets *tickets, int64_t now_ms);

/* As SSL_CTX_set_tlsext_ticket_key_evp_cb wants it: 1, 2 (opened with a key that makes no more), 0 none, -1 fault. */
int cg_tickets_seal(struct cg_tickets *tickets, int64_t now_ms, unsigned char name[16], unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);
int cg_tickets_open(struct cg_tickets *tickets, int64_t now_ms, const unsigned char name[16], const unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);

/* The chain above a path's leaf as a number, -1 when there is no room: sessions of few issuers share it. */
int cg_tickets_remember(struct cg_tickets *tickets, const STACK_OF(X509) *path);
/* leaf and the chain of that number, or NULL; the caller frees it with its references. */
STACK_OF(X509) *cg_tickets_path(const struct cg_tickets *tickets, int number, X509 *leaf);

#endif
