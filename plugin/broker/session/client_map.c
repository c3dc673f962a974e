/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "client_map.h"

#include "session.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* A client id. */
struct cg_id {
    struct cg_node by_id, by_holder; /* by_holder: while no claim uses it */
    struct cg_claim *newest;
    struct cg_queue_node queued; /* of those that no claim uses, the oldest first */
    struct cg_holder holder;     /* key 0: none */
    bool authenticated;          /* of the last claim that was accepted */
    uint64_t left;               /* the larger, the later */
    char id[];
};

struct cg_client_map {
    cg_client_of_fn client_of;
    struct cg_hashtable ids, clients, certificates, left;
    struct cg_queue left_ids;
    struct cg_queue pending, plain, ending;
    size_t claims;
    uint64_t last_left, accepted_plain;
};

struct cg_client_map *cg_client_map_new(cg_client_of_fn client_of)
{
    struct cg_client_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->client_of = client_of;
    bool ok = cg_hashtable_init(&map->ids);
    ok = cg_hashtable_init(&map->clients) && ok;
    ok = cg_hashtable_init(&map->certificates) && ok;
    ok = cg_hashtable_init(&map->left) && ok;
    if (ok)
        return map;
    cg_client_map_free(map);
    return NULL;
}

static void free_entry(struct cg_id *entry)
{
    for (struct cg_claim *claim = entry->newest, *older; claim; claim = older) {
        older = claim->older;
        free(claim);
    }
    free(entry);
}

void cg_client_map_free(struct cg_client_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->ids.nchains; i++)
        for (struct cg_node *node = map->ids.chain[i], *next; node; node = next) {
            next = node->next;
            free_entry(CG_OWNER(node, struct cg_id, by_id));
        }
    cg_hashtable_free(&map->ids);
    cg_hashtable_free(&map->clients);
    cg_hashtable_free(&map->certificates);
    cg_hashtable_free(&map->left);
    free(map);
}

/* ---- client ids */

static struct cg_id *find_id(const struct cg_client_map *map, const char *client_id)
{
    struct cg_node *node = cg_hashtable_find(&map->ids, cg_digest64(client_id, strlen(client_id)));
    while (node && strcmp(CG_OWNER(node, struct cg_id, by_id)->id, client_id) != 0)
        node = cg_node_next(node);
    return node ? CG_OWNER(node, struct cg_id, by_id) : NULL;
}

static struct cg_id *add_id(struct cg_client_map *map, const char *client_id)
{
    size_t len = strlen(client_id);
    uint64_t hash = cg_digest64(client_id, len);
    struct cg_id *entry = hash ? calloc(1, sizeof *entry + len + 1) : NULL;
    if (!entry)
        return NULL;
    memcpy(entry->id, client_id, len);
    cg_hashtable_add(&map->ids, &entry->by_id, hash);
    return entry;
}

static void unleave(struct cg_client_map *map, struct cg_id *entry)
{
    if (!entry->by_holder.link)
        return;
    cg_hashtable_remove(&map->left, &entry->by_holder);
    cg_queue_remove(&entry->queued);
}

static void forget(struct cg_client_map *map, struct cg_id *entry)
{
    unleave(map, entry);
    cg_hashtable_remove(&map->ids, &entry->by_id);
    free_entry(entry);
}

/* The oldest of those that this holder left behind, when they are more than a few. */
static struct cg_id *too_many(const struct cg_client_map *map, uint64_t holder)
{
    struct cg_id *oldest = NULL;
    size_t count = 0;
    for (struct cg_node *node = cg_hashtable_find(&map->left, holder); node; node = cg_node_next(node), count++) {
        struct cg_id *entry = CG_OWNER(node, struct cg_id, by_holder);
        if (!oldest || entry->left < oldest->left)
            oldest = entry;
    }
    return count > CG_LEFT_BY_HOLDER ? oldest : NULL;
}

/* No claim uses the id any more. */
static void leave(struct cg_client_map *map, struct cg_id *entry)
{
    if (!entry->holder.key) {
        forget(map, entry);
        return;
    }
    cg_queue_append(&map->left_ids, &entry->queued);
    entry->left = ++map->last_left;
    cg_hashtable_add(&map->left, &entry->by_holder, entry->holder.key);
    struct cg_id *surplus = too_many(map, entry->holder.key);
    if (!surplus && map->left.count > CG_LEFT_MAX)
        surplus = CG_OWNER(map->left_ids.first, struct cg_id, queued);
    if (surplus)
        forget(map, surplus);
}

/* ---- claims */

static bool fingerprint_of(const X509 *certificate, unsigned char out[32])
{
    unsigned len = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1 || len != 32)
        return false;
    memcpy(out, digest, 32);
    return true;
}

static uint64_t hash_of(const unsigned char fingerprint[32])
{
    uint64_t hash;
    memcpy(&hash, fingerprint, sizeof hash);
    return hash;
}

/* The broker's objects are at addresses of its own choice. */
static uint64_t hash_of_client(const void *client)
{
    return (uint64_t)(uintptr_t)client * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

static bool describe(struct cg_claim *claim)
{
    const X509 *leaf = claim->conn ? claim->conn->peer_leaf : NULL;
    return !leaf || (cg_holder_of(leaf, claim->username, &claim->holder) && fingerprint_of(leaf, claim->fingerprint));
}

static struct cg_claim *claim_of(struct cg_queue_node *node)
{
    return node ? CG_OWNER(node, struct cg_claim, queued) : NULL;
}

/* Whether it counts as accepted when its connection goes on. Of a client without TLS a websocket does too: it holds nothing,
 * and is ended by name only where nobody else has the name. */
static bool goes_on_accepted(const struct cg_client_map *map, const struct cg_claim *claim)
{
    return !map->client_of && !claim->extended && !(claim->conn && claim->websocket);
}

static void put(struct cg_client_map *map, struct cg_claim *claim, struct cg_id *entry)
{
    unleave(map, entry);
    claim->id = entry;
    claim->client_id = entry->id;
    claim->older = entry->newest;
    if (claim->older)
        claim->older->newer = claim;
    for (struct cg_claim *older = claim->older; older; older = older->older)
        older->overtaken = true;
    entry->newest = claim;
    map->claims++;
    cg_hashtable_add(&map->clients, &claim->by_client, hash_of_client(claim->client));
    if (claim->holder.key)
        cg_hashtable_add(&map->certificates, &claim->by_certificate, hash_of(claim->fingerprint));
    if (goes_on_accepted(map, claim))
        cg_queue_append(&map->pending, &claim->queued);
    if (!claim->conn)
        return;
    claim->conn->session->client_id = entry->id;
    claim->conn->session->claim = claim;
}

struct cg_claim *cg_client_map_claim(struct cg_client_map *map, const struct cg_claim *what, const char *client_id)
{
    struct cg_claim *claim = malloc(sizeof *claim);
    if (!claim)
        return NULL;
    *claim = *what;
    struct cg_id *entry = describe(claim) ? find_id(map, client_id) : NULL;
    if (!entry && (!claim->conn || !claim->conn->peer_leaf || claim->holder.key))
        entry = add_id(map, client_id);
    if (!entry) {
        free(claim);
        return NULL;
    }
    struct cg_claim *earlier = what->conn ? what->conn->session->claim : cg_client_map_of_client(map, what->client);
    put(map, claim, entry);
    cg_client_map_release(map, earlier);
    if (claim->conn) { /* the release took them away */
        claim->conn->session->client_id = entry->id;
        claim->conn->session->claim = claim;
    }
    return claim;
}

void cg_client_map_accept(struct cg_client_map *map, struct cg_claim *claim)
{
    if (claim->accepted)
        return;
    claim->accepted = true;
    cg_queue_remove(&claim->queued);
    if (!claim->conn) {
        cg_queue_append(&map->plain, &claim->queued);
        map->accepted_plain++;
    }
    claim->id->authenticated = claim->authenticated;
    /* whoever came in beside the holder, where the rule is only audited, does not become it */
    if (claim->holder.key && (!claim->id->holder.key || cg_holder_same(&claim->id->holder, &claim->holder)))
        cg_holder_renew(&claim->id->holder, &claim->holder);
}

void cg_client_map_release(struct cg_client_map *map, struct cg_claim *claim)
{
    if (!claim)
        return;
    struct cg_id *entry = claim->id;
    cg_queue_remove(&claim->queued);
    cg_hashtable_remove(&map->clients, &claim->by_client);
    cg_hashtable_remove(&map->certificates, &claim->by_certificate);
    *(claim->newer ? &claim->newer->older : &entry->newest) = claim->older;
    if (claim->older)
        claim->older->newer = claim->newer;
    if (claim->conn) {
        claim->conn->session->client_id = NULL;
        claim->conn->session->claim = NULL;
    }
    map->claims--;
    free(claim);
    if (!entry->newest)
        leave(map, entry);
}

void cg_client_map_poll(struct cg_client_map *map)
{
    for (struct cg_claim *claim; (claim = claim_of(map->pending.first));)
        cg_client_map_accept(map, claim);
}

void cg_client_map_reads_on(struct cg_client_map *map, struct cg_claim *claim)
{
    if (claim && goes_on_accepted(map, claim))
        cg_client_map_accept(map, claim);
}

void cg_client_map_continued(struct cg_claim *claim)
{
    claim->continued = true;
}

/* ---- questions */

/* An extended authentication that was not answered can go on for as long as its client likes, and is nobody until then. */
static bool may_have_the_id(const struct cg_claim *claim)
{
    return !claim->extended || claim->continued || claim->accepted;
}

static bool may_be(const struct cg_holder *holder, const struct cg_holder *who)
{
    return !holder->key || (who->key && cg_holder_same(holder, who));
}

static bool is_free_for(const struct cg_id *entry, const struct cg_holder *who)
{
    if (!may_be(&entry->holder, who))
        return false;
    /* one that is not accepted yet holds the id too */
    for (const struct cg_claim *claim = entry->newest; claim; claim = claim->older)
        if (may_have_the_id(claim) && !may_be(&claim->holder, who))
            return false;
    return true;
}

bool cg_client_map_is_free(const struct cg_client_map *map, const char *client_id, const X509 *certificate,
                           const char *username)
{
    struct cg_holder who = {0};
    const struct cg_id *entry = find_id(map, client_id);
    return !entry || ((!certificate || cg_holder_of(certificate, username, &who)) && is_free_for(entry, &who));
}

bool cg_client_map_is_still_free(const struct cg_claim *claim)
{
    return is_free_for(claim->id, &claim->holder);
}

struct cg_claim *cg_client_map_of_id(const struct cg_client_map *map, const char *client_id)
{
    const struct cg_id *entry = find_id(map, client_id);
    return entry ? entry->newest : NULL;
}

struct cg_claim *cg_claim_older(const struct cg_claim *claim)
{
    return claim->older;
}

struct cg_claim *cg_client_map_of_client(const struct cg_client_map *map, const void *client)
{
    struct cg_node *node = cg_hashtable_find(&map->clients, hash_of_client(client));
    while (node && CG_OWNER(node, struct cg_claim, by_client)->client != client)
        node = cg_node_next(node);
    return node ? CG_OWNER(node, struct cg_claim, by_client) : NULL;
}

struct cg_claim *cg_client_map_first_plaintext(const struct cg_client_map *map)
{
    return claim_of(map->plain.first);
}

struct cg_claim *cg_client_map_first_ending(const struct cg_client_map *map)
{
    return claim_of(map->ending.first);
}

uint64_t cg_client_map_accepted_plaintext(const struct cg_client_map *map)
{
    return map->accepted_plain;
}

struct cg_claim *cg_claim_next(const struct cg_claim *claim)
{
    return claim_of(claim->queued.next);
}

void cg_client_map_set_ending(struct cg_client_map *map, struct cg_claim *claim, bool ending)
{
    cg_queue_append(ending ? &map->ending : &map->plain, &claim->queued);
}

const char *cg_client_map_other_id(const struct cg_client_map *map, const X509 *certificate, const char *client_id)
{
    unsigned char fingerprint[32];
    if (!fingerprint_of(certificate, fingerprint))
        return NULL;
    struct cg_node *node = cg_hashtable_find(&map->certificates, hash_of(fingerprint));
    for (; node; node = cg_node_next(node)) {
        const struct cg_claim *claim = CG_OWNER(node, struct cg_claim, by_certificate);
        if (memcmp(claim->fingerprint, fingerprint, sizeof fingerprint) == 0 &&
            strcmp(claim->client_id, client_id) != 0)
            return claim->client_id;
    }
    return NULL;
}

bool cg_client_map_owns(const struct cg_client_map *map, const struct cg_claim *claim)
{
    if (!claim->accepted)
        return false;
    return map->client_of ? map->client_of(claim->client_id) == claim->client
                          : !claim->newer && !claim->older && !claim->overtaken;
}

bool cg_client_map_owns_plaintext(const struct cg_client_map *map, const struct cg_claim *claim)
{
    if (map->client_of)
        return map->client_of(claim->client_id) == claim->client;
    const struct cg_claim *one = claim->id->newest;
    while (one && (!one->conn || !may_have_the_id(one)))
        one = one->older;
    return !one;
}

bool cg_client_map_was_authenticated(const struct cg_client_map *map, const char *client_id)
{
    const struct cg_id *id = find_id(map, client_id);
    return id && id->authenticated;
}

size_t cg_client_map_claims(const struct cg_client_map *map)
{
    return map->claims;
}

size_t cg_client_map_left(const struct cg_client_map *map)
{
    return map->left.count;
}
