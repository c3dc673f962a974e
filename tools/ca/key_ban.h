/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keys that are never certified: those of the CAs here, and those of certificates that were revoked as compromised, whatever
 * their name and origin (a key made here, or a request). The certificates of such rows of the index are read from archive/.
 * The issuer owns the set; issue checks each key. */
#ifndef CG_CA_KEY_BAN_H
#define CG_CA_KEY_BAN_H

#include "store/index.h"

#include <openssl/evp.h>

struct cg_key_ban; /* one key */

struct cg_key_bans {
    struct cg_key_ban *item; /* sorted by cg_key_bans_close */
    size_t count;
    size_t lost; /* certificates missing in archive/: their keys are unknown */
};

/* Adds the key of cert; serial: of the certificate that was revoked as compromised, "" for a CA's. */
bool cg_key_bans_add(struct cg_key_bans *bans, X509 *cert, const char *serial, struct cg_error *err);

/* Starts with the keys of the CA's own certificates. */
bool cg_key_bans_open(struct cg_key_bans *bans, const struct cg_ca *ca, struct cg_error *err);

/* Adds the key of a row that was revoked as compromised; ignores other rows. */
bool cg_key_bans_add_row(struct cg_key_bans *bans, const struct cg_ca *ca, const struct cg_index_row *row,
                         struct cg_error *err);
void cg_key_bans_close(struct cg_key_bans *bans); /* after the last key, before the first check */
void cg_key_bans_free(struct cg_key_bans *bans);

/* False with the reason and the fix. Thread-safe. */
bool cg_key_bans_allow(const struct cg_key_bans *bans, EVP_PKEY *key, struct cg_error *err);

/* A reason that means that someone else has the key: RFC 5280 5.3.1. */
bool cg_reason_is_compromise(int reason);

#endif
