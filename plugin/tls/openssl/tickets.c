/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

/* There are as many chains as issuing CAs. A ticket whose chain finds no room is never resumed. */
#define CG_ISSUERS_MAX 32

struct ticket_key {
    unsigned char name[16], cipher[32], mac[32];
    int64_t made_ms; /* monotonic */
    bool usable;     /* zero-initialized: opens nothing */
};

struct cg_tickets {
    struct ticket_key current, previous;
    uint64_t snapshot; /* 0: none */
    uint16_t port;
    STACK_OF(X509)
    *issuers[CG_ISSUERS_MAX]; /* owned, anchor last; chains are only added until the next cg_tickets_begin */
    int nissuers;
};

struct cg_tickets *cg_tickets_new(void)
{
    return OPENSSL_zalloc(sizeof(struct cg_tickets));
}

void cg_tickets_begin(struct cg_tickets *tickets, uint64_t snapshot, uint16_t port)
{
    for (int i = 0; i < tickets->nissuers; i++)
        sk_X509_pop_free(tickets->issuers[i], X509_free);
    OPENSSL_cleanse(tickets, sizeof *tickets);
    memset(tickets, 0, sizeof *tickets);
    tickets->snapshot = snapshot;
    tickets->port = port;
}

void cg_tickets_free(struct cg_tickets *tickets)
{
    if (tickets)
        cg_tickets_begin(tickets, 0, 0);
    OPENSSL_free(tickets);
}

bool cg_tickets_are_for(const struct cg_tickets *tickets, uint64_t snapshot, uint16_t port)
{
    return tickets->snapshot != 0 && tickets->snapshot == snapshot && tickets->port == port;
}

/* ---- keys */

static void wipe(struct ticket_key *key)
{
    OPENSSL_cleanse(key, sizeof *key);
    memset(key, 0, sizeof *key);
}

static void make_key(struct ticket_key *key, int64_t now_ms)
{
    wipe(key);
    key->made_ms = now_ms;
    key->usable = RAND_bytes(key->name, sizeof key->name) == 1 &&
                  RAND_priv_bytes(key->cipher, sizeof key->cipher) == 1 &&
                  RAND_priv_bytes(key->mac, sizeof key->mac) == 1;
}

void cg_tickets_tick(struct cg_tickets *tickets, int64_t now_ms)
{
    if (tickets->previous.usable && now_ms - tickets->previous.made_ms >= 2 * CG_TICKET_KEY_MS)
        wipe(&tickets->previous);
    if (!tickets->current.usable || now_ms - tickets->current.made_ms < CG_TICKET_KEY_MS)
        return;
    wipe(&tickets->previous);
    if (now_ms - tickets->current.made_ms < 2 * CG_TICKET_KEY_MS)
        tickets->previous = tickets->current;
    wipe(&tickets->current); /* the next one is created when needed */
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int cg_tickets_seal(struct cg_tickets *tickets, int64_t now_ms, unsigned char name[16], unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    cg_tickets_tick(tickets, now_ms);
    struct ticket_key *key = &tickets->current;
    if (!key->usable)
        make_key(key, now_ms);
    if (!key->usable || RAND_bytes(iv, 16) != 1 ||
        EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher, iv, NULL) != 1 || !set_mac(mac, key))
        return -1;
    memcpy(name, key->name, sizeof key->name);
    return 1;
}

int cg_tickets_open(struct cg_tickets *tickets, int64_t now_ms, const unsigned char name[16], const unsigned char *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    cg_tickets_tick(tickets, now_ms);
    const struct ticket_key *const keys[] = {&tickets->current, &tickets->previous};
    for (int i = 0; i < 2; i++) {
        if (!keys[i]->usable || CRYPTO_memcmp(name, keys[i]->name, sizeof keys[i]->name) != 0)
            continue;
        if (!set_mac(mac, keys[i]) || EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), keys[i]->cipher, iv, NULL) != 1)
            return 0; /* not opened: a full handshake */
        return 1 + i;
    }
    return 0;
}

/* ---- chains */

static bool matches_path(const STACK_OF(X509) *issuers, const STACK_OF(X509) *path)
{
    if (sk_X509_num(issuers) != sk_X509_num(path) - 1)
        return false;
    for (int i = 0; i < sk_X509_num(issuers); i++)
        if (X509_cmp(sk_X509_value(issuers, i), sk_X509_value(path, i + 1)) != 0)
            return false;
    return true;
}

int cg_tickets_add_path(struct cg_tickets *tickets, const STACK_OF(X509) *path)
{
    for (int i = 0; i < tickets->nissuers; i++)
        if (matches_path(tickets->issuers[i], path))
            return i;
    if (tickets->nissuers == CG_ISSUERS_MAX)
        return -1;
    STACK_OF(X509) *issuers = X509_chain_up_ref((STACK_OF(X509) *)(uintptr_t)path);
    if (!issuers)
        return -1;
    X509_free(sk_X509_shift(issuers));
    tickets->issuers[tickets->nissuers] = issuers;
    return tickets->nissuers++;
}

STACK_OF(X509) *cg_tickets_path(const struct cg_tickets *tickets, int number, X509 *leaf)
{
    if (number < 0 || number >= tickets->nissuers)
        return NULL;
    STACK_OF(X509) *path = X509_chain_up_ref(tickets->issuers[number]);
    if (path && X509_up_ref(leaf)) {
        if (sk_X509_unshift(path, leaf))
            return path;
        X509_free(leaf);
    }
    sk_X509_pop_free(path, X509_free);
    return NULL;
}
