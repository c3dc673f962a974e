/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The policies of the chaos test, and who may come in under each. */
#include "chaos.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEPT_CRLS 50 /* files of policies that the broker may still be loading */

/* steady-N, comes-N and boss are made beside these: nobody else has their keys */
const struct chaos_certificate chaos_certificates[] = {
    {"churn-a", "churn-a", CHAOS_GOOD, 0},        {"churn-b", "churn-b", CHAOS_GOOD, 0},
    {"twin", "churn-a", CHAOS_GOOD, 0},           {"stranger", "steady-0", CHAOS_NEVER, 0},
    {"server-use", "server-use", CHAOS_NEVER, 0}, {"expired", "expired", CHAOS_EXPIRED, 0},
    {"brief", "brief", CHAOS_BRIEF, 0},           {"denied-0", "denied-0", CHAOS_DENIED, 1},
    {"denied-1", "denied-1", CHAOS_DENIED, 2},    {"doomed-0", "doomed-0", CHAOS_DOOMED, 1},
    {"doomed-1", "doomed-1", CHAOS_DOOMED, 2},
};
const size_t chaos_certificate_count = sizeof chaos_certificates / sizeof *chaos_certificates;

void chaos_make_certificates(struct cg_pki *pki)
{
    cg_pki_make(pki, "other: ca cn=other\nchurn-a: issuer=root\nchurn-b: issuer=root\n"
                     "twin: issuer=root cn=churn-a san=uri:urn:dev:churn-a\nstranger: issuer=other cn=steady-0\n"
                     "server-use: server issuer=root cn=server-use\nexpired: issuer=root days=-9..-1\n"
                     "denied-0: issuer=root\ndenied-1: issuer=root\ndoomed-0: issuer=root\ndoomed-1: issuer=root\n"
                     "boss: issuer=root");
    char recipe[80];
    for (int i = 0; i < CHAOS_STANDING; i++) {
        snprintf(recipe, sizeof recipe, "stands-%d: issuer=root cn=stands-%d-0", i, i);
        cg_pki_make(pki, recipe);
    }
    for (int i = 0; i < CHAOS_STEADY; i++) {
        snprintf(recipe, sizeof recipe, "steady-%d: issuer=root", i);
        cg_pki_make(pki, recipe);
    }
    for (int i = 0; i < CHAOS_COMES; i++) {
        snprintf(recipe, sizeof recipe, "comes-%d: issuer=root", i);
        cg_pki_make(pki, recipe);
    }
}

/* ---- text */

struct text {
    char bytes[4096];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text->len += (size_t)vsnprintf(text->bytes + text->len, sizeof text->bytes - text->len, format, args);
    va_end(args);
}

static void add_entry(struct text *text, const struct cg_pki *pki, const char *name)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    X509_digest(cg_pki_cert(pki, name), EVP_sha256(), digest, &len);
    add(text, "{\"sha256\": \"");
    for (unsigned i = 0; i < len; i++)
        add(text, "%02x", digest[i]);
    add(text, "\"}");
}

static void add_deny(struct text *text, const struct cg_pki *pki, unsigned denied)
{
    const char *comma = "";
    add(text, ", \"deny\": [");
    for (size_t i = 0; i < chaos_certificate_count; i++) {
        const struct chaos_certificate *one = &chaos_certificates[i];
        if (one->fate != CHAOS_DENIED || !(one->bit & denied))
            continue;
        add(text, "%s", comma);
        add_entry(text, pki, one->name);
        comma = ", ";
    }
    add(text, "]");
}

static void add_listeners(struct text *text, const struct chaos *c, const struct chaos_rules *rules)
{
    add(text, ", \"plain\": \"%s\"", rules->plain && !rules->plain_by_port ? "allow" : "deny");
    add(text, ", \"listeners\": [{\"port\": %u, \"client\": {\"certificate\": \"%s\"}}", c->port[CHAOS_OPTIONAL],
        rules->optional ? "optional" : "required");
    if (rules->psk && c->psk)
        add(text, ", {\"port\": %u, \"tls\": {\"psk\": \"allow\"}}", c->port[CHAOS_PSK]);
    if (rules->plain && rules->plain_by_port)
        add(text, ", {\"port\": %u, \"plain\": \"allow\"}", c->port[CHAOS_PLAIN]);
    add(text, "]");
}

static void compose(struct text *text, const struct chaos *c, const struct chaos_rules *rules, long number)
{
    add(text,
        "{\"trust\": {\"anchors\": \"anchors.pem\", \"crls\": \"crl-%ld.pem\"},"
        " \"log\": {\"file\": \"events.jsonl\", \"burst\": 20, \"window\": \"1s\", \"accepted\": %s},"
        " \"credential\": {\"chain\": \"live/chain.pem\", \"key\": \"live/key.pem\"},"
        " \"server\": {\"names\": [\"localhost\"]}, \"tls\": {\"resumption\": \"%s\"},"
        " \"sessions\": \"%s\", \"send_will\": %s, \"warn_before\": [\"%ud\"], \"rules\": {\"expired\": \"%s\"}",
        number, rules->tells_accepted ? "true" : "false", rules->tickets ? "bound" : "off",
        rules->reports ? "report" : "end", rules->no_will ? "false" : "true", rules->warn_days,
        rules->audits_expired ? "audit" : "enforce");
    if (rules->named)
        add(text, ", \"identity\": {\"username\": \"cn\", \"client_id\": \"%s\", \"authenticates\": true}",
            rules->id_equal ? "equal" : "any");
    add_deny(text, c->w.pki, rules->denied);
    add(text, ", \"admin\": [");
    add_entry(text, c->w.pki, CHAOS_BOSS);
    add(text, "]");
    add_listeners(text, c, rules);
    add(text, "}\n");
}

/* Each policy has a CRL file of its own: so the two come into force together. */
static void write_crl(const struct chaos *c, unsigned revoked, long number)
{
    char recipe[200], name[40], path[700];
    size_t mark = cg_pki_mark(c->w.pki);
    int len = snprintf(recipe, sizeof recipe, "now: crl issuer=root number=%ld revoke=0x7fff", number);
    for (size_t i = 0; i < chaos_certificate_count; i++)
        if (chaos_certificates[i].fate == CHAOS_DOOMED && (chaos_certificates[i].bit & revoked))
            len += snprintf(recipe + len, sizeof recipe - (size_t)len, ",%s", chaos_certificates[i].name);
    cg_pki_make(c->w.pki, recipe);
    snprintf(name, sizeof name, "crl-%ld.pem", number);
    cg_pki_write(c->w.pki, c->w.folder, name, "now");
    cg_pki_rewind(c->w.pki, mark);
    snprintf(name, sizeof name, "crl-%ld.pem", number - KEPT_CRLS);
    in_folder(&c->w, name, path);
    unlink(path);
}

bool chaos_write_policy(struct chaos *c, const struct chaos_rules *rules)
{
    struct chaos_board *board = c->board;
    size_t index = atomic_load(&board->policies);
    if (index == c->room)
        return false;
    struct text text = {"", 0};
    long number = CHAOS_FIRST_CRL + (long)index;
    write_crl(c, rules->revoked, number);
    compose(&text, c, rules, number);
    struct chaos_policy *policy = &board->policy[index];
    policy->rules = *rules;
    atomic_store(&policy->wrote_ms, now_ms()); /* before the broker can see it */
    atomic_store(&board->policies, index + 1);
    write_whole_policy(&c->w, text.bytes);
    return true;
}

static void change_one(struct chaos_rules *rules, struct chaos_dice *dice)
{
    bool *const flags[] = {&rules->audits_expired, &rules->audits_expired, &rules->id_equal,
                           &rules->reports,        &rules->no_will,        &rules->plain,
                           &rules->plain_by_port,  &rules->optional,       &rules->psk,
                           &rules->tells_accepted, &rules->tickets};
    size_t count = sizeof flags / sizeof *flags, which = chaos_roll(dice, (unsigned)count + 9);
    if (which < count)
        *flags[which] = !*flags[which];
    else if (which < count + 4)
        rules->denied ^= 1u << chaos_roll(dice, 2);
    else if (which < count + 8)
        rules->revoked ^= 1u << chaos_roll(dice, 2);
    else
        rules->warn_days = rules->warn_days % 30 + 1;
}

void chaos_change(struct chaos_rules *rules, struct chaos_dice *dice)
{
    change_one(rules, dice);
    if (chaos_chance(dice, 30))
        change_one(rules, dice);
    if (rules->reports && chaos_chance(dice, 50))
        rules->reports = false; /* ending is what there is to go wrong */
}

/* ---- verdicts */

static bool certificate_passes(const struct chaos_rules *rules, const struct chaos_claim *claim, int64_t wall_ms)
{
    const struct chaos_certificate *one = claim->certificate;
    if (claim->listener == CHAOS_PSK)
        return rules->psk && !claim->wrong_key;
    if (claim->listener == CHAOS_PLAIN)
        return rules->plain;
    if (!one)
        return claim->listener == CHAOS_OPTIONAL && rules->optional;
    switch (one->fate) {
    case CHAOS_GOOD:
        return true;
    case CHAOS_NEVER:
        return false;
    case CHAOS_EXPIRED:
        return rules->audits_expired;
    case CHAOS_BRIEF:
        return rules->audits_expired || wall_ms <= claim->not_after_ms;
    case CHAOS_DENIED:
        return !(rules->denied & one->bit);
    case CHAOS_DOOMED:
    default:
        return !(rules->revoked & one->bit);
    }
}

/* A client id that belongs to a certificate which is not this one. */
static bool is_theft(const struct chaos_claim *claim)
{
    const char *id = claim->client_id;
    bool owned = strncmp(id, "steady-", 7) == 0 || strncmp(id, "comes-", 6) == 0 || strncmp(id, "stands-", 7) == 0 ||
                 strcmp(id, CHAOS_BOSS) == 0;
    return owned && (!claim->certificate || claim->certificate->fate == CHAOS_NEVER ||
                     strcmp(claim->certificate->common, id) != 0);
}

static bool lets_in(const struct chaos_rules *rules, const struct chaos_claim *claim, int64_t wall_ms)
{
    if (is_theft(claim) || !certificate_passes(rules, claim, wall_ms))
        return false;
    return !claim->certificate || !rules->named || !rules->id_equal ||
           strcmp(claim->certificate->common, claim->client_id) == 0;
}

/* Goes through the policies that may have been in force between two moments, the newest first: those written before the
 * second that were not overtaken before the first. */
struct past {
    const struct chaos_board *board;
    int64_t from, to;
    size_t next;
};

static struct past past_between(const struct chaos_board *board, int64_t from, int64_t to)
{
    return (struct past){board, from, to, atomic_load(&board->policies)};
}

static const struct chaos_rules *past_next(struct past *past)
{
    while (past->next > 0) {
        const struct chaos_policy *policy = &past->board->policy[--past->next];
        int64_t loaded = atomic_load(&policy->loaded_ms);
        if (loaded && loaded < past->from)
            past->next = 0; /* the last: it had overtaken all before it */
        if (atomic_load(&policy->wrote_ms) <= past->to)
            return &policy->rules;
    }
    return NULL;
}

static int64_t wall_of(const struct chaos_board *board, int64_t ms)
{
    return ms - board->start_ms + board->start_wall_ms;
}

/* The plugin's clock has seconds. */
#define CLOCK_SLACK_MS 1500

bool chaos_may(const struct chaos_board *board, const struct chaos_claim *claim, int64_t from_ms, int64_t to_ms)
{
    struct past past = past_between(board, from_ms, to_ms);
    for (const struct chaos_rules *rules; (rules = past_next(&past));)
        if (lets_in(rules, claim, wall_of(board, from_ms) - CLOCK_SLACK_MS))
            return true;
    return false;
}

bool chaos_must(const struct chaos_board *board, const struct chaos_claim *claim, int64_t from_ms, int64_t to_ms)
{
    struct past past = past_between(board, from_ms, to_ms);
    for (const struct chaos_rules *rules; (rules = past_next(&past));)
        if (!lets_in(rules, claim, wall_of(board, to_ms) + CLOCK_SLACK_MS))
            return false;
    return true;
}

bool chaos_lapsed(const struct chaos_board *board, const struct chaos_claim *claim, int64_t since_ms)
{
    int64_t to = now_ms(), from = to - CHAOS_LATE_MS;
    if (since_ms > from || (claim->listener == CHAOS_PLAIN && board->plain_stays))
        return false;
    struct past past = past_between(board, from, to);
    for (const struct chaos_rules *rules; (rules = past_next(&past));)
        if (rules->reports || certificate_passes(rules, claim, wall_of(board, from) - CLOCK_SLACK_MS))
            return false;
    return true;
}
