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
    struct cg_holder holder;     /* key 0: none */
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
    if (!entry->holder.key) {
        remove_id(map, entry);
        return;
    }
    cg_queue_append(&map->idle_ids, &entry->queued);
    entry->idle_since = ++map->last_idle;
    cg_hashtable_add(&map->idle, &entry->by_holder, entry->holder.key);
    struct cg_id *surplus = surplus_of(map, entry->holder.key);
    if (!surplus && map->idle.count > CG_IDLE_MAX)
        surplus = CG_OWNER(map->idle_ids.first, struct cg_id, queued);
    if (surplus)
        remove_id(map, surplus);
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

/* Peers cannot choose these addresses. */
static uint64_t hash_of_client(const void *client)
{
    return (uint64_t)(uintptr_t)client * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

static bool set_identity(struct cg_claim *claim)
{
    const X509 *leaf = claim->conn ? claim->conn->peer_leaf : NULL;
    return !leaf || (cg_holder_of(leaf, claim->username, &claim->holder) && fingerprint_of(leaf, claim->fingerprint));
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

static void insert(struct cg_client_map *map, struct cg_claim *claim, struct cg_id *entry)
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
    if (claim->holder.key)
        cg_hashtable_add(&map->certificates, &claim->by_certificate, hash_of(claim->fingerprint));
    if (is_accepted_by_continuing(map, claim))
        cg_queue_append(&map->pending, &claim->queued);
    if (!claim->conn)
        return;
    claim->conn->session->client_id = entry->id;
    claim->conn->session->claim = claim;
}

struct cg_claim *cg_client_map_claim(struct cg_client_map *map, const struct cg_claim *given, const char *client_id)
{
    struct cg_claim *claim = malloc(sizeof *claim);
    if (!claim)
        return NULL;
    *claim = *given;
    struct cg_id *entry = set_identity(claim) ? find_id(map, client_id) : NULL;
    if (!entry && (!claim->conn || !claim->conn->peer_leaf || claim->holder.key))
        entry = add_id(map, client_id);
    if (!entry) {
        free(claim);
        return NULL;
    }
    struct cg_claim *earlier = given->conn ? given->conn->session->claim : cg_client_map_of_client(map, given->client);
    insert(map, claim, entry);
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
    return !holder->key || (other->key && cg_holder_same(holder, other));
}

static bool is_free_for(const struct cg_id *entry, const struct cg_holder *holder)
{
    if (!matches(&entry->holder, holder))
        return false;
    /* pending claims reserve the id too */
    for (const struct cg_claim *claim = entry->newest; claim; claim = claim->older)
        if (may_have_the_id(claim) && !matches(&claim->holder, holder))
            return false;
    return true;
}

bool cg_client_map_is_free(const struct cg_client_map *map, const char *client_id, const X509 *certificate,
                           const char *username)
{
    struct cg_holder holder = {0};
    const struct cg_id *entry = find_id(map, client_id);
    return !entry || ((!certificate || cg_holder_of(certificate, username, &holder)) && is_free_for(entry, &holder));
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
