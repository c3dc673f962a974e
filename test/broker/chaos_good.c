/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The players of the chaos test that every policy lets in: those that stay, those that come and go, and the administrator. */
#include "chaos.h"

#include "lib/process.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MS 20000

struct good {
    struct link link;
    char name[20];
    enum chaos_listener listener;
    int version;
    bool mqtt5, persistent, will;
    int64_t since_ms;
};

/* The CONNACK's code, or -1 for the end and for no answer. */
static int connack(struct link *link)
{
    unsigned char packet[LINK_PACKET];
    int len = link_packet(link, packet, ANSWER_MS);
    return len >= 4 && packet[0] == 0x20 ? packet[3] : -1;
}

/* -1 too where the handshake was refused */
static int log_in(const struct chaos *c, struct good *good)
{
    unsigned char packet[256];
    struct cg_client_spec spec = chaos_spec(c, good->listener, good->name);
    spec.version = good->version;
    const struct link_connect connect = {.client_id = good->name,
                                         .mqtt5 = good->mqtt5,
                                         .persistent = good->persistent && (c->expiry || !good->mqtt5),
                                         .keep_alive = c->keep_alive,
                                         .will = good->will ? "wills" : NULL};
    if (!link_open(&good->link, chaos_how(good->listener), &spec))
        return -1;
    int code = link_send(&good->link, packet, link_connect_packet(&connect, packet)) ? connack(&good->link) : -1;
    if (code != 0)
        link_close(&good->link);
    good->since_ms = now_ms();
    return code;
}

/* A request, and whether the packet that answers it came. */
static bool asked(struct link *link, const void *request, size_t len, unsigned char answer)
{
    unsigned char packet[LINK_PACKET];
    int64_t until = now_ms() + ANSWER_MS;
    if (!link_send(link, request, len))
        return false;
    while (now_ms() < until) {
        int got = link_packet(link, packet, (int)(until - now_ms()));
        if (got <= 0)
            return false;
        if (packet[0] == answer)
            return true;
    }
    return false;
}

static bool published(struct chaos_board *board, struct good *good)
{
    unsigned char packet[256];
    size_t len = link_publish_packet(good->mqtt5, "good", true, good->name, strlen(good->name), packet);
    bool ok = asked(&good->link, packet, len, 0x40);
    if (ok)
        atomic_fetch_add(&board->publishes, 1);
    return ok;
}

static void steady_turn(struct chaos *c, struct good *good, struct chaos_dice *dice)
{
    struct chaos_board *board = c->board;
    bool ok = chaos_chance(dice, 50) ? published(board, good) : asked(&good->link, "\xc0", 2, 0xd0);
    if (ok || atomic_load(&board->stop))
        return;
    chaos_fault(board, &board->lost, "the steady client %s was lost after %lld ms", good->name,
                (long long)(now_ms() - good->since_ms));
    link_close(&good->link);
    int code = log_in(c, good);
    if (code == 0 || atomic_load(&board->stop))
        return;
    chaos_fault(board, &board->turned_away, "the steady client %s was not let in again: CONNACK %d", good->name, code);
    cg_pause_ms(200);
}

static void steady_shape(const struct chaos *c, struct good *good, int i)
{
    *good = (struct good){.link.fd = -1,
                          .listener = i % 3 == 2   ? CHAOS_WEB
                                      : i % 3 == 1 ? CHAOS_OPTIONAL
                                                   : CHAOS_MAIN,
                          .version = chaos_version(c, i % 2 == 0),
                          .mqtt5 = i < CHAOS_STEADY / 2};
    snprintf(good->name, sizeof good->name, "steady-%d", i);
}

void chaos_play_steady(struct chaos *c, struct chaos_dice *dice)
{
    static struct good steady[CHAOS_STEADY];
    struct chaos_board *board = c->board;
    for (int i = 0; i < CHAOS_STEADY; i++) {
        steady_shape(c, &steady[i], i);
        int code = log_in(c, &steady[i]);
        if (code == 0)
            atomic_fetch_add(&board->connects, 1);
        else
            chaos_fault(board, &board->turned_away, "%s was not let in at the start: CONNACK %d", steady[i].name, code);
    }
    atomic_fetch_add(&board->ready, 1);
    while (!atomic_load(&board->stop)) {
        steady_turn(c, &steady[chaos_roll(dice, CHAOS_STEADY)], dice);
        cg_pause_ms(30);
    }
    for (int i = 0; i < CHAOS_STEADY; i++)
        link_close(&steady[i].link);
}

/* ---- who comes and goes */

static void leave(struct good *good, struct chaos_dice *dice)
{
    static const unsigned char disconnect[] = {0xe0, 0x00};
    switch (chaos_roll(dice, 4)) {
    case 0:
        link_reset(&good->link);
        break;
    case 1:
        link_close(&good->link); /* the will is sent */
        break;
    default:
        link_send(&good->link, disconnect, sizeof disconnect);
        link_close(&good->link);
    }
}

static void comes_shape(const struct chaos *c, struct good *good, struct chaos_dice *dice)
{
    *good = (struct good){.link.fd = -1,
                          .listener = (enum chaos_listener)chaos_roll(dice, CHAOS_WEB + 1),
                          .version = chaos_version(c, chaos_chance(dice, 50)),
                          .mqtt5 = chaos_chance(dice, 50),
                          .persistent = chaos_chance(dice, 30),
                          .will = chaos_chance(dice, 30)};
    snprintf(good->name, sizeof good->name, "comes-%u", chaos_roll(dice, CHAOS_COMES));
}

static void come_and_go(struct chaos *c, struct chaos_dice *dice)
{
    static struct good good;
    struct chaos_board *board = c->board;
    comes_shape(c, &good, dice);
    int code = log_in(c, &good);
    if (code != 0) {
        if (atomic_load(&board->stop))
            return;
        chaos_fault(board, &board->turned_away,
                    "the good client %s (port %u, local port %u) was not let in: CONNACK %d", good.name,
                    c->port[good.listener], good.link.local_port, code);
        return;
    }
    atomic_fetch_add(&board->connects, 1);
    for (unsigned i = chaos_roll(dice, 4); i > 0; i--)
        if (!published(board, &good) && !atomic_load(&board->stop)) {
            chaos_fault(board, &board->unanswered, "the good client %s got no answer to its message", good.name);
            break;
        }
    leave(&good, dice);
}

void chaos_play_comes(struct chaos *c, struct chaos_dice *dice)
{
    static struct good good;
    for (int i = 0; i < CHAOS_COMES; i++) { /* from now on these client ids are theirs */
        good = (struct good){.link.fd = -1, .mqtt5 = true};
        snprintf(good.name, sizeof good.name, "comes-%d", i);
        int code = log_in(c, &good);
        atomic_fetch_add(code == 0 ? &c->board->connects : &c->board->turned_away, 1);
        link_close(&good.link);
    }
    atomic_fetch_add(&c->board->ready, 1);
    while (!atomic_load(&c->board->stop)) {
        if (!atomic_load(&c->board->hold))
            come_and_go(c, dice);
        cg_pause_ms((int)chaos_roll(dice, 30));
    }
}

/* ---- the administrator */

static void write_command(struct chaos_dice *dice, char out[160])
{
    static const char *const words[] = {"{\"command\":\"status\"}", "{\"command\":\"list_sessions\",\"count\":20}",
                                        "{\"command\":\"reload\"}",
                                        "{\"command\":\"explain_session\",\"client_id\":\"steady-1\"}"};
    static const char *const victims[] = {"churn-a", "churn-b", "expired", "free-0", "free-1", "denied-0"};
    if (chaos_chance(dice, 50))
        snprintf(out, 160, "{\"commands\":[%s]}", words[chaos_roll(dice, 4)]);
    else
        snprintf(out, 160, "{\"commands\":[{\"command\":\"end_session\",\"client_id\":\"%s\"}]}",
                 victims[chaos_roll(dice, 6)]);
}

static void command(struct chaos *c, struct good *boss, struct chaos_dice *dice)
{
    struct chaos_board *board = c->board;
    char words[160];
    unsigned char packet[300];
    write_command(dice, words);
    size_t len = link_publish_packet(true, "$CONTROL/certguard/v1", true, words, strlen(words), packet);
    bool ok = asked(&boss->link, packet, len, 0x30); /* the answer is a PUBLISH; it may come before the PUBACK */
    if (ok)
        atomic_fetch_add(&board->admin, 1);
    if (ok || atomic_load(&board->stop))
        return;
    chaos_fault(board, &board->admin_unanswered, "no answer to %s", words);
    link_close(&boss->link);
    cg_pause_ms(200);
    if (log_in(c, boss) != 0)
        chaos_fault(board, &board->turned_away, "the administrator was not let in again");
}

void chaos_play_boss(struct chaos *c, struct chaos_dice *dice)
{
    static struct good boss = {.link.fd = -1, .name = CHAOS_BOSS, .mqtt5 = true};
    int code = log_in(c, &boss);
    atomic_fetch_add(code == 0 ? &c->board->connects : &c->board->turned_away, 1);
    atomic_fetch_add(&c->board->ready, 1);
    while (!atomic_load(&c->board->stop)) {
        command(c, &boss, dice);
        cg_pause_ms(50 + (int)chaos_roll(dice, 400));
    }
    link_close(&boss.link);
}
