/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The crowd of the chaos test: clients of every kind, each in a slot, which do one thing after the other: connect as
 * whoever they like, stop in the middle of a handshake or of a CONNECT, leave an extended authentication pending, publish,
 * stop reading, reset the connection. What the broker answers is judged by the policies that may be in force. */
#include "chaos.h"

#include "lib/process.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS     12
#define ANSWER_MS 20000
#define PING_MS   3000
#define FLOOD     3000 /* octets of a message that fills the buffers of those who do not read */
#define METHOD    "WAIT"
#define KINDS     16 /* certificates, at most */

enum stage {
    EMPTY,
    SILENT,  /* a connection that says nothing, or half a ClientHello */
    PARTIAL, /* some octets of a CONNECT */
    PENDING, /* extended authentication: the broker waits for more */
    LIVE,
    DEAF, /* lives, and does not read */
};

struct peer {
    enum stage stage;
    struct link link;
    struct chaos_claim claim;
    struct link_connect connect;
    char id[24];
    bool own_id; /* that nobody else claims */
    unsigned char packet[256];
    size_t len, sent;
    int64_t opened_ms, asked_ms; /* asked: just before the end of the CONNECT was sent */
    int64_t since_ms;            /* from when on its certificate, or the lack of it, must be allowed */
};

struct player {
    struct chaos *c;
    struct chaos_board *board;
    struct chaos_dice *dice;
    unsigned number;
    struct peer peer[SLOTS];
    SSL_SESSION *ticket[KINDS]; /* by certificate; NULL: none */
};

static bool chance(struct player *player, unsigned percent)
{
    return chaos_chance(player->dice, percent);
}

static unsigned roll(struct player *player, unsigned sides)
{
    return chaos_roll(player->dice, sides);
}

/* ---- what it wants to be */

static enum chaos_listener choose_listener(struct player *player)
{
    static const unsigned char share[CHAOS_LISTENERS] = {35, 22, 12, 8, 23};
    unsigned at = roll(player, 100), i = 0;
    while (at >= share[i])
        at -= share[i++];
    return i == CHAOS_PSK && !player->c->psk ? CHAOS_MAIN : (enum chaos_listener)i;
}

static const struct chaos_certificate *choose_certificate(struct player *player, enum chaos_listener listener)
{
    unsigned none = listener == CHAOS_OPTIONAL ? 60 : 8;
    if (listener == CHAOS_PLAIN || listener == CHAOS_PSK || chance(player, none))
        return NULL;
    return &chaos_certificates[roll(player, (unsigned)chaos_certificate_count)];
}

/* Its own, or one of somebody else. */
static void choose_id(struct player *player, struct peer *peer)
{
    static const char *const own[CHAOS_LISTENERS] = {"main", "bare", "web", "psk", "plain"};
    const struct chaos_certificate *certificate = peer->claim.certificate;
    unsigned way = roll(player, 100);
    peer->own_id = way < 45;
    if (way < 45 && certificate)
        snprintf(peer->id, sizeof peer->id, "%s", certificate->common);
    else if (way < 45)
        snprintf(peer->id, sizeof peer->id, "%s-%u", own[peer->claim.listener], player->number);
    else if (way < 60)
        snprintf(peer->id, sizeof peer->id, "steady-%u", roll(player, CHAOS_STEADY));
    else if (way < 70)
        snprintf(peer->id, sizeof peer->id, "comes-%u", roll(player, CHAOS_COMES));
    else if (way < 82)
        snprintf(peer->id, sizeof peer->id, "churn-%c", (char)('a' + (char)roll(player, 2)));
    else if (way < 96)
        snprintf(peer->id, sizeof peer->id, "free-%u", roll(player, 5));
    else
        peer->id[0] = '\0'; /* the broker gives it one */
    peer->claim.client_id = peer->id;
}

static void choose(struct player *player, struct peer *peer)
{
    memset(peer, 0, sizeof *peer);
    peer->link.fd = -1;
    peer->claim.listener = choose_listener(player);
    peer->claim.certificate = choose_certificate(player, peer->claim.listener);
    peer->claim.wrong_key = peer->claim.listener == CHAOS_PSK && chance(player, 40);
    choose_id(player, peer);
    peer->connect = (struct link_connect){.client_id = peer->id,
                                          .mqtt5 = chance(player, 60),
                                          .keep_alive = player->c->keep_alive,
                                          .persistent = peer->id[0] && chance(player, 20),
                                          .will = chance(player, 30) ? "wills" : NULL};
    if (peer->connect.mqtt5 && !player->c->expiry)
        peer->connect.persistent = false;
    if (peer->connect.mqtt5 && chance(player, 35))
        peer->connect.method = METHOD;
    peer->len = link_connect_packet(&peer->connect, peer->packet);
}

/* A certificate that ends in a moment is made in that moment. */
static void make_brief(struct player *player, struct peer *peer)
{
    char recipe[80];
    int64_t end = player->board->start_wall_ms / 1000 + (now_ms() - player->board->start_ms) / 1000 + 1 +
                  roll(player, 5);
    snprintf(recipe, sizeof recipe, "brief: issuer=root secs=-60..%lld", (long long)(end - player->c->w.pki_start));
    cg_pki_make(player->c->w.pki, recipe);
    peer->claim.not_after_ms = end * 1000;
    atomic_fetch_add(&player->board->brief, 1);
}

/* A session of the same certificate; not of a brief one, which is another each time. */
static SSL_SESSION **ticket_of(struct player *player, const struct peer *peer)
{
    const struct chaos_certificate *one = peer->claim.certificate;
    return one && one->fate != CHAOS_BRIEF ? &player->ticket[one - chaos_certificates] : NULL;
}

static struct cg_client_spec spec_of(struct player *player, const struct peer *peer)
{
    const struct chaos_certificate *one = peer->claim.certificate;
    struct cg_client_spec spec = chaos_spec(player->c, peer->claim.listener, one ? one->name : NULL);
    SSL_SESSION **ticket = ticket_of(player, peer);
    spec.psk = peer->claim.listener == CHAOS_PSK;
    spec.psk_wrong = peer->claim.wrong_key;
    spec.ciphers = spec.psk ? "PSK" : NULL; /* else the broker may want a certificate after all */
    spec.version = chaos_version(player->c, !spec.psk && chance(player, 50));
    spec.session = ticket && chance(player, 50) ? *ticket : NULL;
    return spec;
}

/* ---- the end of a connection */

static void keep_ticket(struct player *player, struct peer *peer)
{
    SSL_SESSION **ticket = ticket_of(player, peer);
    SSL_SESSION *session = ticket && peer->link.ssl ? SSL_get1_session(peer->link.ssl) : NULL;
    if (!session)
        return;
    if (!SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(session);
        return;
    }
    SSL_SESSION_free(*ticket);
    *ticket = session;
}

static void drop(struct player *player, struct peer *peer, bool reset)
{
    if (peer->stage == LIVE)
        keep_ticket(player, peer);
    atomic_fetch_add(&player->board->resets, reset);
    if (reset)
        link_reset(&peer->link);
    else
        link_close(&peer->link);
    peer->stage = EMPTY;
}

static void say_goodbye(struct player *player, struct peer *peer)
{
    if (chance(player, 50))
        link_send(&peer->link, "\xe0\x00", 2);
    drop(player, peer, chance(player, 30));
}

/* ---- what the broker answers */

static void describe(const struct peer *peer, char out[200])
{
    static const char *const names[CHAOS_LISTENERS] = {"main", "optional", "websockets", "psk", "plain"};
    const struct chaos_certificate *one = peer->claim.certificate;
    snprintf(out, 200, "'%s' as '%s' on the %s listener, MQTT %s%s%s, local port %u, connected %lld ms ago",
             one ? one->name : "no certificate", peer->id, names[peer->claim.listener],
             peer->connect.mqtt5 ? "5" : "3.1.1", peer->connect.method ? ", extended authentication" : "",
             peer->claim.wrong_key ? ", wrong key" : "", peer->link.local_port,
             (long long)(now_ms() - peer->opened_ms));
}

static void is_let_in(struct player *player, struct peer *peer)
{
    struct chaos_board *board = player->board;
    char who[200];
    /* Without TLS there is no handshake that could have been accepted before the policy changed. What a policy says while
     * an authentication is pending shows when the session is there. */
    bool plain = peer->claim.listener == CHAOS_PLAIN;
    int64_t from = plain ? peer->asked_ms : peer->opened_ms;
    peer->since_ms = plain ? now_ms() : peer->opened_ms;
    atomic_fetch_add(&board->let_in[peer->claim.listener], 1);
    atomic_fetch_add(&board->tickets, peer->link.ssl && SSL_session_reused(peer->link.ssl));
    peer->stage = LIVE;
    if (chaos_may(board, &peer->claim, from, now_ms()) && !chaos_lapsed(board, &peer->claim, peer->since_ms))
        return;
    describe(peer, who);
    chaos_fault(board, &board->intruders, "let in: %s", who);
}

static void is_refused(struct player *player, struct peer *peer, int code)
{
    struct chaos_board *board = player->board;
    char who[200];
    bool judged = !chaos_may(board, &peer->claim, peer->opened_ms, now_ms());
    atomic_fetch_add(&board->refusals, 1);
    atomic_fetch_add(&board->judged, judged);
    /* a CONNACK is the broker's own decision; a connection that ends may have other reasons */
    if (code > 0 && peer->own_id && !peer->claim.certificate && !peer->connect.method &&
        chaos_must(board, &peer->claim, peer->opened_ms, now_ms())) {
        describe(peer, who);
        chaos_fault(board, &board->wrongly_refused, "refused with CONNACK %d: %s", code, who);
    }
    drop(player, peer, chance(player, 20));
}

/* Waits for a CONNACK or for the broker's part of an extended authentication. */
static void answer(struct player *player, struct peer *peer)
{
    unsigned char packet[LINK_PACKET];
    int len = link_packet(&peer->link, packet, ANSWER_MS);
    if (len >= 4 && packet[0] == 0xf0) {
        atomic_fetch_add(&player->board->pending, peer->stage != PENDING);
        peer->stage = PENDING;
    } else if (len >= 4 && packet[0] == 0x20 && packet[3] == 0) {
        atomic_fetch_add(&player->board->finished, peer->stage == PENDING);
        is_let_in(player, peer);
    } else
        is_refused(player, peer, len >= 4 && packet[0] == 0x20 ? packet[3] : -1);
}

/* ---- steps */

/* More of the CONNECT; all of it is followed by the answer. */
static void say_more(struct player *player, struct peer *peer, size_t count)
{
    size_t left = peer->len - peer->sent, part = count < left ? count : left;
    peer->asked_ms = now_ms();
    if (!link_send(&peer->link, peer->packet + peer->sent, part)) {
        is_refused(player, peer, -1);
        return;
    }
    peer->sent += part;
    peer->stage = PARTIAL;
    if (peer->sent == peer->len)
        answer(player, peer);
}

/* A connection that is not even TLS yet, or never will be. */
static void open_silent(struct player *player, struct peer *peer)
{
    struct cg_client_spec spec = spec_of(player, peer);
    size_t len = 0;
    unsigned char *hello = cg_client_hello(&spec, &len);
    peer->link.fd = cg_raw_open(spec.port, &peer->link.local_port);
    if (peer->link.fd >= 0) {
        cg_raw_send(peer->link.fd, hello, roll(player, (unsigned)len + 1));
        peer->stage = SILENT;
        atomic_fetch_add(&player->board->cuts, 1);
        if (chance(player, 50))
            drop(player, peer, chance(player, 70));
    }
    free(hello);
}

/* The CONNECT and the end of the connection may reach the broker in one turn of its loop. */
static void connect_and_reset(struct player *player, struct peer *peer)
{
    link_send(&peer->link, peer->packet, peer->len);
    drop(player, peer, true);
}

static void open_peer(struct player *player, struct peer *peer)
{
    choose(player, peer);
    size_t mark = cg_pki_mark(player->c->w.pki);
    if (peer->claim.certificate && peer->claim.certificate->fate == CHAOS_BRIEF)
        make_brief(player, peer);
    struct cg_client_spec spec = spec_of(player, peer);
    unsigned way = roll(player, 100);
    peer->opened_ms = now_ms();
    if (way < 8)
        open_silent(player, peer);
    else if (!link_open(&peer->link, chaos_how(peer->claim.listener), &spec))
        is_refused(player, peer, -1);
    else if (way < 16)
        connect_and_reset(player, peer);
    else if (way < 34) {
        atomic_fetch_add(&player->board->decoys, 1);
        say_more(player, peer, 1 + (chance(player, 60) ? 0 : roll(player, (unsigned)peer->len - 1)));
    } else
        say_more(player, peer, peer->len);
    cg_pki_rewind(player->c->w.pki, mark);
}

static void step_silent(struct player *player, struct peer *peer)
{
    if (chance(player, 30))
        drop(player, peer, chance(player, 50));
    else if (chance(player, 20))
        cg_raw_send(peer->link.fd, "\x16\x03\x01", 3);
}

static void step_partial(struct player *player, struct peer *peer)
{
    if (chance(player, 10))
        drop(player, peer, chance(player, 60));
    else if (chance(player, 40))
        say_more(player, peer, 1 + roll(player, (unsigned)peer->len));
}

static void step_pending(struct player *player, struct peer *peer)
{
    unsigned char packet[256];
    unsigned way = roll(player, 100);
    const char *data = way < 30 ? "in" : way < 45 ? "more" : way < 55 ? "no" : NULL;
    if (data) {
        link_send(&peer->link, packet, link_auth_packet(METHOD, data, packet));
        answer(player, peer);
    } else if (way < 70)
        drop(player, peer, chance(player, 60));
}

/* Takes up what came. False: the broker has ended it. */
static bool drain(struct player *player, struct peer *peer)
{
    unsigned char packet[LINK_PACKET];
    int len;
    while ((len = link_packet(&peer->link, packet, 0)) > 0)
        continue;
    if (len < 0) {
        atomic_fetch_add(&player->board->ended, 1);
        drop(player, peer, false);
    }
    return len == 0;
}

static bool is_pinged(struct peer *peer)
{
    unsigned char packet[LINK_PACKET];
    int64_t until = now_ms() + PING_MS;
    int len = link_send(&peer->link, "\xc0", 2) ? 1 : -1;
    while (len > 0 && now_ms() < until) {
        len = link_packet(&peer->link, packet, PING_MS);
        if (len > 0 && packet[0] == 0xd0)
            return true;
    }
    return false;
}

/* A session that should have been ended: is it? Answers that wait to be read are no sign of life: a deaf client has them,
 * and of one more the answer may be on its way. */
static void look_at_lapsed(struct player *player, struct peer *peer)
{
    char who[200];
    if (!drain(player, peer))
        return;
    if (is_pinged(peer) && is_pinged(peer)) {
        describe(peer, who);
        chaos_fault(player->board, &player->board->outlived, "still alive: %s", who);
    }
    drop(player, peer, false);
}

static void publish(struct peer *peer, bool flood)
{
    static const unsigned char words[FLOOD];
    unsigned char packet[FLOOD + 64];
    size_t len = link_publish_packet(peer->connect.mqtt5, flood ? "flood" : "crowd", !flood, words, flood ? FLOOD : 20,
                                     packet);
    link_send(&peer->link, packet, len);
}

static void subscribe(struct player *player, struct peer *peer)
{
    unsigned char packet[256];
    link_send(&peer->link, packet, link_subscribe_packet(peer->connect.mqtt5, "flood", packet));
    if (!chance(player, 60))
        return;
    peer->stage = DEAF;
    atomic_fetch_add(&player->board->deaf, 1);
}

static void step_live(struct player *player, struct peer *peer)
{
    if (!drain(player, peer))
        return;
    unsigned way = roll(player, 100);
    if (chaos_lapsed(player->board, &peer->claim, peer->since_ms))
        look_at_lapsed(player, peer);
    else if (way < 25)
        link_send(&peer->link, "\xc0", 2);
    else if (way < 45)
        publish(peer, false);
    else if (way < 60)
        publish(peer, true);
    else if (way < 68)
        subscribe(player, peer);
    else if (way < 71)
        link_send(&peer->link, peer->packet, peer->len); /* a second CONNECT: the broker ends the session */
    else if (way < 82)
        say_goodbye(player, peer);
}

static void step_deaf(struct player *player, struct peer *peer)
{
    if (chaos_lapsed(player->board, &peer->claim, peer->since_ms))
        look_at_lapsed(player, peer);
    else if (chance(player, 5))
        drop(player, peer, chance(player, 60));
}

static void step(struct player *player, struct peer *peer)
{
    static void (*const steps[])(struct player *, struct peer *) = {
        [EMPTY] = open_peer,      [SILENT] = step_silent, [PARTIAL] = step_partial,
        [PENDING] = step_pending, [LIVE] = step_live,     [DEAF] = step_deaf,
    };
    steps[peer->stage](player, peer);
}

static void step_one(struct player *player, struct peer *peer)
{
    if (peer->stage != EMPTY || !atomic_load(&player->board->hold))
        step(player, peer);
}

static void drop_all(struct player *player)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (player->peer[i].stage != EMPTY)
            drop(player, &player->peer[i], i % 2);
}

void chaos_play_crowd(struct chaos *c, struct chaos_dice *dice)
{
    static struct player player;
    player = (struct player){.c = c, .board = c->board, .dice = dice, .number = c->number};
    while (!atomic_load(&c->board->stop)) {
        if (atomic_load(&c->board->quiet))
            drop_all(&player);
        else
            step_one(&player, &player.peer[roll(&player, SLOTS)]);
        cg_pause_ms(1 + (int)roll(&player, 20));
    }
    drop_all(&player);
}
