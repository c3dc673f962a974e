/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keys that are never certified: those of the CAs here, and those that were revoked as compromised, by whatever name and
 * however their certificates came about (a key made here, or a request). They are found in archive/, by the rows of the
 * index that say so, hence in a CA of any age; no other certificate is read.
 * The issuer owns the set; ca_issue asks it for each key. */
#ifndef CG_CA_KEY_BAN_H
#define CG_CA_KEY_BAN_H

#include "store/index.h"

#include <openssl/evp.h>

struct cg_key_ban; /* one key */

struct cg_key_bans {
    struct cg_key_ban *item; /* sorted when complete */
    size_t count;
    size_t lost; /* certificates that archive/ should hold and does not: their keys are not known */
};

/* The key of cert; serial: of the certificate that was revoked as compromised, "" for a CA's. */
bool cg_key_bans_add(struct cg_key_bans *bans, X509 *cert, const char *serial, struct cg_error *err);

/* The keys of the CA's own certificates. */
bool cg_key_bans_open(struct cg_key_bans *bans, const struct cg_ca *ca, struct cg_error *err);

/* The key of a row, where that was revoked as compromised; any other row is passed over. */
bool cg_key_bans_add_row(struct cg_key_bans *bans, const struct cg_ca *ca, const struct cg_index_row *row,
                         struct cg_error *err);
void cg_key_bans_close(struct cg_key_bans *bans); /* complete: before the first question */
void cg_key_bans_free(struct cg_key_bans *bans);

/* False with the reason and what to do. Thread-safe. */
bool cg_key_bans_allow(const struct cg_key_bans *bans, EVP_PKEY *key, struct cg_error *err);

/* Whoever holds the key can do what the certificates of this reason allowed: RFC 5280 5.3.1. */
bool cg_reason_is_compromise(int reason);

#endif
