/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Chance hardly ever makes the newest sessions of the broker the ones that a change ends, with another change on its heels:
 * the conductor does it on purpose. What comes then is as sure as
 * anything can be here, and is checked. */
#include "chaos.h"

#include "lib/process.h"

#include <stdio.h>
#include <string.h>

#define NEWEST   3
#define QUIET_MS 150 /* connections under way come to their end */

struct ambush {
    struct chaos_run *run;
    const struct chaos_certificate *certificate;
    enum chaos_listener listener;
    bool pending; /* not a session yet: an extended authentication under way, as somebody else */
    struct link link[NEWEST];
    bool let_in[NEWEST];
};

/* Whether the policy accepts the certificate. */
static void set_accepted(struct chaos_rules *rules, const struct chaos_certificate *certificate, bool accepted)
{
    if (certificate->fate == CHAOS_EXPIRED)
        rules->audits_expired = accepted;
    else if (certificate->fate == CHAOS_DENIED)
        rules->denied = accepted ? rules->denied & ~certificate->bit : rules->denied | certificate->bit;
    else
        rules->revoked = accepted ? rules->revoked & ~certificate->bit : rules->revoked | certificate->bit;
}

static const struct chaos_certificate *choose(struct chaos_dice *dice)
{
    for (;;) {
        const struct chaos_certificate *one = &chaos_certificates[chaos_roll(dice, (unsigned)chaos_certificate_count)];
        if (one->fate == CHAOS_EXPIRED || one->fate == CHAOS_DENIED || one->fate == CHAOS_DOOMED)
            return one;
    }
}

/* A session, or an authentication that waits. */
static bool enter(struct ambush *ambush, struct link *link, const char *id)
{
    const struct chaos *c = &ambush->run->c;
    unsigned char packet[LINK_PACKET];
    struct cg_client_spec spec = chaos_spec(c, ambush->listener, ambush->certificate->name);
    spec.version = chaos_version(c, chaos_chance(&ambush->run->dice, 50));
    const struct link_connect connect = {
        .client_id = id, .mqtt5 = true, .keep_alive = c->keep_alive, .method = ambush->pending ? "WAIT" : NULL};
    if (!link_open(link, chaos_how(ambush->listener), &spec))
        return false;
    bool sent = link_send(link, packet, link_connect_packet(&connect, packet));
    int len = sent ? link_packet(link, packet, CHAOS_LATE_MS) : -1;
    return len >= 4 && (packet[0] == 0xf0 || (packet[0] == 0x20 && packet[3] == 0));
}

static void enter_all(struct ambush *ambush)
{
    char id[24];
    for (int i = 0; i < NEWEST; i++) {
        if (ambush->pending)
            snprintf(id, sizeof id, "steady-%u", chaos_roll(&ambush->run->dice, CHAOS_STEADY));
        else
            snprintf(id, sizeof id, "newest-%s-%d", ambush->certificate->name, i);
        ambush->let_in[i] = enter(ambush, &ambush->link[i], id);
    }
}

/* The broker ends it in time; what it says before is dropped. */
static bool ends(struct link *link, int wait_ms)
{
    unsigned char packet[LINK_PACKET];
    int len;
    for (int64_t until = now_ms() + wait_ms; now_ms() < until;)
        if ((len = link_packet(link, packet, (int)(until - now_ms()))) < 0)
            return true;
    return false;
}

/* An answer to a request: of this type, and with this as its fourth octet if it is a CONNACK. */
static bool answered(struct link *link, const void *request, size_t len, unsigned char type)
{
    unsigned char packet[LINK_PACKET];
    if (!link_send(link, request, len))
        return false;
    while (link_packet(link, packet, 1000) > 0)
        if (packet[0] == type && (type != 0x20 || packet[3] == 0))
            return true;
    return false;
}

static bool goes_on(const struct ambush *ambush, struct link *link)
{
    unsigned char packet[256];
    if (!ambush->pending)
        return !ends(link, CHAOS_LATE_MS) && answered(link, "\xc0", 2, 0xd0);
    return !ends(link, 1500) && answered(link, packet, link_auth_packet("WAIT", "in", packet), 0x20);
}

/* Each of them must end, and finds no way back. */
static void look(struct ambush *ambush)
{
    struct chaos_board *board = ambush->run->c.board;
    for (int i = 0; i < NEWEST; i++) {
        struct link *link = &ambush->link[i];
        if (ambush->let_in[i] && goes_on(ambush, link))
            chaos_fault(board, &board->outlived, "'%s' is refused, and its %s goes on, local port %u",
                        ambush->certificate->name, ambush->pending ? "authentication" : "session", link->local_port);
        link_close(link);
    }
    ambush->pending = false;
    if (enter(ambush, &ambush->link[0], ambush->certificate->common))
        chaos_fault(board, &board->intruders, "let in: '%s', just refused", ambush->certificate->name);
}

static void spring(struct ambush *ambush)
{
    struct chaos_run *run = ambush->run;
    atomic_store(&run->c.board->hold, 1);
    chaos_pass(run, QUIET_MS);
    enter_all(ambush);
    set_accepted(&run->rules, ambush->certificate, false);
    chaos_write_policy(&run->c, &run->rules);
    chaos_pass(run, 100 + chaos_roll(&run->dice, 250));
    run->rules.warn_days = run->rules.warn_days % 30 + 1;
    chaos_write_policy(&run->c, &run->rules);
    bool loaded = chaos_loaded(run);
    atomic_store(&run->c.board->hold, 0);
    if (!loaded || run->died)
        return;
    look(ambush);
    atomic_fetch_add(&run->c.board->ambushes, 1);
}

void chaos_ambush(struct chaos_run *run)
{
    static struct ambush ambush;
    ambush = (struct ambush){.run = run, .certificate = choose(&run->dice)};
    ambush.listener = (enum chaos_listener)chaos_roll(&run->dice, CHAOS_WEB + 1);
    ambush.pending = chaos_chance(&run->dice, 25);
    for (int i = 0; i < NEWEST; i++)
        ambush.link[i].fd = -1;
    set_accepted(&run->rules, ambush.certificate, true);
    run->rules.id_equal = run->rules.reports = false;
    chaos_write_policy(&run->c, &run->rules);
    if (chaos_loaded(run))
        spring(&ambush);
    for (int i = 0; i < NEWEST; i++)
        link_close(&ambush.link[i]);
}
