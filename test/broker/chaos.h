/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the parts of the chaos test share. One process, the conductor, changes the policy and reads the event log; others,
 * forked from it, play the clients. They meet on a board in shared memory: which policies may be in force at a moment
 * stands there, and what the players count. The conductor owns the board. Called by the chaos test only. */
#ifndef CG_TEST_CHAOS_H
#define CG_TEST_CHAOS_H

#include "link.h"
#include "rotation.h"

#include <stdatomic.h>
#include <sys/types.h>

/* ---- chance: the seed repeats the choices, not the order in which processes run */

struct chaos_dice {
    uint64_t state;
};
unsigned chaos_roll(struct chaos_dice *dice, unsigned sides); /* 0 to sides - 1 */
bool chaos_chance(struct chaos_dice *dice, unsigned percent);

/* ---- certificates */

enum chaos_fate {
    CHAOS_GOOD,    /* every policy accepts it */
    CHAOS_NEVER,   /* none does */
    CHAOS_EXPIRED, /* only one that audits what is expired */
    CHAOS_BRIEF,   /* made when it is used; expires some seconds later */
    CHAOS_DENIED,  /* now and then on the deny list */
    CHAOS_DOOMED,  /* now and then revoked */
};

struct chaos_certificate {
    const char *name;   /* of the recipe */
    const char *common; /* its common name, which is the client id where the policy wants them equal */
    enum chaos_fate fate;
    unsigned bit; /* in chaos_rules.denied or .revoked */
};
extern const struct chaos_certificate chaos_certificates[];
extern const size_t chaos_certificate_count;
void chaos_make_certificates(struct cg_pki *pki);

/* clients that every policy lets in, each with a certificate and a client id of its own, of the same name */
#define CHAOS_STEADY 6 /* "steady-N": never go away */
#define CHAOS_COMES  4 /* "comes-N": come and go */
#define CHAOS_STANDING                                                                                                 \
    150 /* "stands-N", client id "stands-N-0": so many that a check of all takes the broker several turns */
#define CHAOS_BOSS "boss"

/* ---- policies */

enum chaos_listener { CHAOS_MAIN, CHAOS_OPTIONAL, CHAOS_WEB, CHAOS_PSK, CHAOS_PLAIN, CHAOS_LISTENERS };

struct chaos_rules {
    unsigned denied, revoked;
    /* named: the certificate names the client. It does so in all policies of a broker, or in none: Mosquitto 2.0 looks at
     * each connected client again when SIGHUP comes, and who has a name and no password must find somebody who knows it. */
    bool audits_expired, named, id_equal, reports, no_will;
    bool plain, plain_by_port, optional, psk, tells_accepted, tickets;
    unsigned warn_days;
};

struct chaos_policy {
    struct chaos_rules rules;
    _Atomic int64_t wrote_ms, loaded_ms; /* loaded_ms: when snapshot_loaded was seen; 0: not yet, or never */
};

struct chaos_board {
    atomic_int ready;       /* players whose clients are connected */
    atomic_int stop, quiet; /* quiet: every connection but the steady ones is closed */
    atomic_int hold;        /* nobody connects, so that the conductor's clients are the newest */
    int64_t start_ms, start_wall_ms;
    bool plain_stays; /* nobody can end some sessions without TLS */
    /* what must be zero in the end */
    atomic_int lost, unanswered, turned_away, intruders, outlived, wrongly_refused, admin_unanswered;
    /* what must not be zero: a test in which nothing happens shows nothing */
    atomic_int connects, publishes, refusals, let_in[CHAOS_LISTENERS], cuts, resets, decoys, pending, finished, deaf,
        ended, brief, admin, tickets, judged, ambushes;
    atomic_size_t policies; /* how many there were */
    struct chaos_policy policy[];
};

struct chaos {
    struct world w;
    struct chaos_board *board;
    size_t room; /* policies that fit on the board */
    uint16_t port[CHAOS_LISTENERS];
    uint64_t seed;
    bool stock;               /* without the plugin */
    bool psk;                 /* with a listener for pre-shared keys */
    unsigned char keep_alive; /* s, of each CONNECT */
    bool expiry;              /* sessions of MQTT 5 outlive their connections */
    unsigned number;          /* of the player */
};

/* Counts a fault of a kind; the first of each kind are told on the output: "# 12.345 ...". */
__attribute__((format(printf, 3, 4))) void chaos_fault(struct chaos_board *board, atomic_int *kind, const char *format,
                                                       ...);

#define CHAOS_FIRST_CRL 100 /* the CRL of policy N has the number N + CHAOS_FIRST_CRL: events name it */

/* Puts the next policy on the board and writes its files; the first makes the folder ready for the start. False: the board
 * is full. */
bool chaos_write_policy(struct chaos *c, const struct chaos_rules *rules);
void chaos_change(struct chaos_rules *rules, struct chaos_dice *dice); /* one or two keys */

/* ---- verdicts: who wants to be let in as what */

struct chaos_claim {
    enum chaos_listener listener;
    const struct chaos_certificate *certificate; /* NULL: none */
    const char *client_id;
    bool wrong_key;       /* of TLS-PSK */
    int64_t not_after_ms; /* of a brief certificate, wall clock */
};

#define CHAOS_LATE_MS 5000 /* what is refused is ended within this time, on a busy machine under a sanitizer */

/* Is there a policy, of those that may have been in force between two moments, that lets it in? And: do all of them? */
bool chaos_may(const struct chaos_board *board, const struct chaos_claim *claim, int64_t from_ms, int64_t to_ms);
bool chaos_must(const struct chaos_board *board, const struct chaos_claim *claim, int64_t from_ms, int64_t to_ms);

/* Has its session been refused, and no policy without an end for it, for all of the last CHAOS_LATE_MS? */
bool chaos_lapsed(const struct chaos_board *board, const struct chaos_claim *claim, int64_t since_ms);

/* ---- the event log: each line is read once, by the conductor */

struct chaos_watch;
struct chaos_watch *chaos_watch_new(struct chaos *c);
void chaos_watch_look(struct chaos_watch *watch); /* takes up new lines, and notes which policy was loaded */
void chaos_watch_rotate(struct chaos_watch *watch);
/* The rest of it, when the broker has ended. */
void chaos_watch_finish(struct chaos_watch *watch);
struct chaos_lines {
    size_t lines, broken, lost, loaded, ended, rotations;
    char example[200]; /* of a broken one */
} chaos_watch_lines(const struct chaos_watch *watch);
void chaos_watch_free(struct chaos_watch *watch);

/* ---- the conductor */

struct chaos_run {
    struct chaos c;
    struct chaos_dice dice;
    struct chaos_rules rules;
    struct chaos_watch *watch;
    bool died;
    int signals;
    pid_t player[16];
    size_t players;
};

void chaos_pass(struct chaos_run *run, int64_t ms); /* waits and reads the event log meanwhile */
bool chaos_loaded(struct chaos_run *run);           /* waits for the newest policy, a few seconds at most */

/* Sessions that a policy refuses a moment later, while another change comes and nobody else connects. */
void chaos_ambush(struct chaos_run *run);

/* ---- players: each runs in a process of its own until the board says stop */

void chaos_play_steady(struct chaos *c, struct chaos_dice *dice);
void chaos_play_comes(struct chaos *c, struct chaos_dice *dice);
void chaos_play_crowd(struct chaos *c, struct chaos_dice *dice);
void chaos_play_boss(struct chaos *c, struct chaos_dice *dice);

/* TLS 1.2 or the newest that the broker speaks: one with a pre-shared key anywhere speaks no TLS 1.3, Mosquitto 2.0.11
 * excepted. */
int chaos_version(const struct chaos *c, bool newest);

enum link_how chaos_how(enum chaos_listener listener);
struct cg_client_spec chaos_spec(const struct chaos *c, enum chaos_listener listener, const char *certificate);

#endif
