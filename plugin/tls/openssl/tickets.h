/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The keys for session tickets of one SSL_CTX, which never leave memory, and the chains above the leaves of its
 * tickets. They belong to one snapshot and one port, and are discarded with it. Owned by the SSL_CTX's cg_context.
 * Called by resumption.c; main thread only. */
#ifndef CG_TLS_TICKETS_H
#define CG_TLS_TICKETS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* A key makes tickets for this time, and opens them for the same time afterwards. */
#define CG_TICKET_KEY_MS ((int64_t)3600 * 1000)

struct cg_tickets;

struct cg_tickets *cg_tickets_new(void);          /* NULL if out of memory; without keys */
void cg_tickets_free(struct cg_tickets *tickets); /* wipes the keys; NULL is fine */

/* Discards all keys and chains, and begins with another snapshot and port. */
void cg_tickets_begin(struct cg_tickets *tickets, uint64_t snapshot, uint16_t port);
bool cg_tickets_are_for(const struct cg_tickets *tickets, uint64_t snapshot, uint16_t port);

/* Wipes expired keys. */
void cg_tickets_tick(struct cg_tickets *tickets, int64_t now_ms);

/* Returns what SSL_CTX_set_tlsext_ticket_key_evp_cb expects: 1; 2: opened with a key that makes no more tickets; 0:
 * no key; -1: error. */
int cg_tickets_seal(struct cg_tickets *tickets, int64_t now_ms, unsigned char name[16], unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);
int cg_tickets_open(struct cg_tickets *tickets, int64_t now_ms, const unsigned char name[16], const unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);

/* Stores the chain above a path's leaf, which sessions share, and returns its number; -1: no room, or out of memory. */
int cg_tickets_add_path(struct cg_tickets *tickets, const STACK_OF(X509) *path);
/* The path of leaf and the chain with this number, or NULL; the caller frees it with its references. */
STACK_OF(X509) *cg_tickets_path(const struct cg_tickets *tickets, int number, X509 *leaf);

#endif
