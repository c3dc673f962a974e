/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "client_map.h"

#include "session.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* A client id. */
struct cg_id {
    struct cg_node by_id, by_holder; /* by_holder: only while idle (without a claim) */
    struct cg_claim *newest;
    struct cg_queue_node queued; /* in idle_ids, oldest first */
    struct cg_holder *holder;    /* NULL: none */
    bool authenticated;          /* of the last accepted claim */
    uint64_t idle_since;         /* sequence number */
    char id[];
};

struct cg_client_map {
    cg_client_of_fn client_of;
    struct cg_hashtable ids, clients, certificates, idle;
    struct cg_queue idle_ids;
    struct cg_queue pending, plain, ending;
    size_t claims;
    uint64_t last_idle, accepted_plain;
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
    ok = cg_hashtable_init(&map->idle) && ok;
    if (ok)
        return map;
    cg_client_map_free(map);
    return NULL;
}

static void free_claim(struct cg_claim *claim)
{
    cg_holder_free(claim->holder);
    free(claim);
}

static void free_entry(struct cg_id *entry)
{
    for (struct cg_claim *claim = entry->newest, *older; claim; claim = older) {
        older = claim->older;
        free_claim(claim);
    }
    cg_holder_free(entry->holder);
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
    cg_hashtable_free(&map->idle);
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

static void remove_idle(struct cg_client_map *map, struct cg_id *entry)
{
    if (!entry->by_holder.link)
        return;
    cg_hashtable_remove(&map->idle, &entry->by_holder);
    cg_queue_remove(&entry->queued);
}

static void remove_id(struct cg_client_map *map, struct cg_id *entry)
{
    remove_idle(map, entry);
    cg_hashtable_remove(&map->ids, &entry->by_id);
    free_entry(entry);
}

/* The oldest idle id of this holder, if it has too many of them. */
static struct cg_id *surplus_of(const struct cg_client_map *map, uint64_t holder)
{
    struct cg_id *oldest = NULL;
    size_t count = 0;
    for (struct cg_node *node = cg_hashtable_find(&map->idle, holder); node; node = cg_node_next(node), count++) {
        struct cg_id *entry = CG_OWNER(node, struct cg_id, by_holder);
        if (!oldest || entry->idle_since < oldest->idle_since)
            oldest = entry;
    }
    return count > CG_IDLE_BY_HOLDER ? oldest : NULL;
}

/* The last claim on the id has been released. */
static void make_idle(struct cg_client_map *map, struct cg_id *entry)
{
    if (!entry->holder) {
        remove_id(map, entry);
        return;
    }
    cg_queue_append(&map->idle_ids, &entry->queued);
    entry->idle_since = ++map->last_idle;
    cg_hashtable_add(&map->idle, &entry->by_holder, entry->holder->key);
    struct cg_id *surplus = surplus_of(map, entry->holder->key);
    if (!surplus && map->idle.count > CG_IDLE_MAX)
        surplus = CG_OWNER(map->idle_ids.first, struct cg_id, queued);
    if (surplus)
        remove_id(map, surplus);
}

/* ---- claims */

/* 0: out of memory. */
static uint64_t hash_of(const X509 *certificate)
{
    uint64_t hash = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (X509_digest(certificate, EVP_sha256(), digest, NULL) == 1)
        memcpy(&hash, digest, sizeof hash);
    return hash;
}

/* Peers cannot choose these addresses. */
static uint64_t hash_of_client(const void *client)
{
    return (uint64_t)(uintptr_t)client * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

static struct cg_claim *claim_of(struct cg_queue_node *node)
{
    return node ? CG_OWNER(node, struct cg_claim, queued) : NULL;
}

/* Whether the claim counts as accepted if its connection continues. This includes websockets without TLS: they hold no id, and
 * are ended by client id only if nobody else has it. */
static bool is_accepted_by_continuing(const struct cg_client_map *map, const struct cg_claim *claim)
{
    return !map->client_of && !claim->extended && !(claim->conn && claim->websocket);
}

/* certificate: the hash of its certificate, if it has one. */
static void insert(struct cg_client_map *map, struct cg_claim *claim, struct cg_id *entry, uint64_t certificate)
{
    remove_idle(map, entry);
    claim->id = entry;
    claim->client_id = entry->id;
    claim->older = entry->newest;
    if (claim->older)
        claim->older->newer = claim;
    for (struct cg_claim *older = claim->older; older; older = older->older)
        older->superseded = true;
    entry->newest = claim;
    map->claims++;
    cg_hashtable_add(&map->clients, &claim->by_client, hash_of_client(claim->client));
    if (claim->holder)
        cg_hashtable_add(&map->certificates, &claim->by_certificate, certificate);
    if (is_accepted_by_continuing(map, claim))
        cg_queue_append(&map->pending, &claim->queued);
    if (!claim->conn)
        return;
    claim->conn->session->client_id = entry->id;
    claim->conn->session->claim = claim;
}

/* NULL: out of memory. */
static struct cg_claim *new_claim(const struct cg_claim *given, const X509 *leaf, const char *username)
{
    struct cg_claim *claim = calloc(1, sizeof *claim + (given->conn ? 0 : sizeof claim->plain[0]));
    if (!claim)
        return NULL;
    *claim = *given;
    if (!leaf || (claim->holder = cg_holder_of(leaf, username)))
        return claim;
    free(claim);
    return NULL;
}

struct cg_claim *cg_client_map_claim(struct cg_client_map *map, const struct cg_claim *given, const char *username,
                                     const char *client_id)
{
    const X509 *leaf = given->conn ? given->conn->peer_leaf : NULL;
    struct cg_claim *claim = new_claim(given, leaf, username);
    if (!claim)
        return NULL;
    uint64_t certificate = leaf ? hash_of(leaf) : 0;
    struct cg_id *entry = !leaf || certificate ? find_id(map, client_id) : NULL;
    if (!entry && (!leaf || certificate))
        entry = add_id(map, client_id);
    if (!entry) {
        free_claim(claim);
        return NULL;
    }
    struct cg_claim *earlier = given->conn ? given->conn->session->claim : cg_client_map_of_client(map, given->client);
    insert(map, claim, entry, certificate);
    cg_client_map_release(map, earlier);
    if (claim->conn) { /* cleared by the release */
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
    /* if the rule is only audited, the id can be accepted for another identity, which does not become its holder */
    if (claim->holder && (!claim->id->holder || cg_holder_same(claim->id->holder, claim->holder)))
        cg_holder_renew(&claim->id->holder, claim->holder);
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
    free_claim(claim);
    if (!entry->newest)
        make_idle(map, entry);
}

void cg_client_map_poll(struct cg_client_map *map)
{
    for (struct cg_claim *claim; (claim = claim_of(map->pending.first));)
        cg_client_map_accept(map, claim);
}

void cg_client_map_first_read(struct cg_client_map *map, struct cg_claim *claim)
{
    if (claim && is_accepted_by_continuing(map, claim))
        cg_client_map_accept(map, claim);
}

void cg_client_map_continued(struct cg_claim *claim)
{
    claim->continued = true;
}

/* ---- queries */

/* A client with extended authentication may delay it without limit. Until it has answered, it does not count. */
static bool may_have_the_id(const struct cg_claim *claim)
{
    return !claim->extended || claim->continued || claim->accepted;
}

static bool matches(const struct cg_holder *holder, const struct cg_holder *other)
{
    return !holder || (other && cg_holder_same(holder, other));
}

static bool is_free_for(const struct cg_id *entry, const struct cg_holder *holder)
{
    if (!matches(entry->holder, holder))
        return false;
    /* pending claims reserve the id too */
    for (const struct cg_claim *claim = entry->newest; claim; claim = claim->older)
        if (may_have_the_id(claim) && !matches(claim->holder, holder))
            return false;
    return true;
}

bool cg_client_map_is_free(const struct cg_client_map *map, const char *client_id, const X509 *certificate,
                           const char *username)
{
    const struct cg_id *entry = find_id(map, client_id);
    struct cg_holder *holder = entry && certificate ? cg_holder_of(certificate, username) : NULL;
    bool is_free = !entry || ((!certificate || holder) && is_free_for(entry, holder));
    cg_holder_free(holder);
    return is_free;
}

bool cg_client_map_is_still_free(const struct cg_claim *claim)
{
    return is_free_for(claim->id, claim->holder);
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

const char *cg_client_map_other_id(const struct cg_client_map *map, const X509 *certificate, const char *client_id,
                                   bool renews)
{
    struct cg_node *node = cg_hashtable_find(&map->certificates, hash_of(certificate));
    for (; node; node = cg_node_next(node)) {
        const struct cg_claim *claim = CG_OWNER(node, struct cg_claim, by_certificate);
        if (claim->renews == renews && X509_cmp(claim->conn->peer_leaf, certificate) == 0 &&
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
                          : !claim->newer && !claim->older && !claim->superseded;
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

size_t cg_client_map_idle(const struct cg_client_map *map)
{
    return map->idle.count;
}
