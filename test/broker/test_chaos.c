/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Chaos for a while ($CG_CHAOS seconds, by default 10; half of them in a broker with pre-shared keys, which keep others
 * than Mosquitto 2.0.11 from TLS 1.3, half in one without): clients of every kind connect, take over each other's sessions,
 * stop half way and reset their connections while the policy changes several times a second, certificates are revoked and
 * expire, and signals come. The broker lives, no sanitizer has a word to say, good clients notice nothing, and nobody is
 * let in whom the policy in force refuses. $CG_CHAOS_SEED repeats the choices of a run, $CG_PENDING_PLUGIN names
 * pending_plugin.so. With $CG_CHAOS_STOCK the plugin is not there and only the broker's end counts: what happens
 * then is Mosquitto's own fault. */
#include "chaos.h"

#include "lib/crowd.h"
#include "lib/ports.h"
#include "lib/process.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CROWDS      5    /* processes */
#define TOLD_MAX    12   /* lines about each kind of fault */
#define GROWTH_KIB  6144 /* what fragments and what Mosquitto keeps for client ids, not what leaks */
#define LOADED_MS   10000
#define PATIENCE_MS 120000 /* for what chance has not brought yet */

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_TELLS false /* the sanitizer keeps what is freed */
#else
#define MEMORY_TELLS true
#endif

struct size {
    long rss_kib, files;
};

unsigned chaos_roll(struct chaos_dice *dice, unsigned sides)
{
    uint64_t x = dice->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((x ^ (x >> 31)) % sides);
}

bool chaos_chance(struct chaos_dice *dice, unsigned percent)
{
    return chaos_roll(dice, 100) < percent;
}

void chaos_fault(struct chaos_board *board, atomic_int *kind, const char *format, ...)
{
    char line[512];
    va_list args;
    if (atomic_fetch_add(kind, 1) >= TOLD_MAX || getenv("CG_CHAOS_STOCK"))
        return;
    int64_t ms = now_ms() - board->start_ms;
    int len = snprintf(line, sizeof line, "# %lld.%03lld ", (long long)(ms / 1000), (long long)(ms % 1000));
    va_start(args, format);
    len += vsnprintf(line + len, sizeof line - (size_t)len - 1, format, args);
    va_end(args);
    len = len < (int)sizeof line - 1 ? len : (int)sizeof line - 2;
    line[len++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)len) < 0) /* in one piece: many processes write */
        return;
}

int chaos_version(const struct chaos *c, bool newest)
{
    return !newest ? TLS1_2_VERSION : c->psk ? 0 : TLS1_3_VERSION;
}

enum link_how chaos_how(enum chaos_listener listener)
{
    return listener == CHAOS_PLAIN ? LINK_PLAIN : listener == CHAOS_WEB ? LINK_WEBSOCKET : LINK_TLS;
}

struct cg_client_spec chaos_spec(const struct chaos *c, enum chaos_listener listener, const char *certificate)
{
    struct cg_client_spec spec = {.port = c->port[listener]};
    if (certificate) {
        spec.leaf = cg_pki_cert(c->w.pki, certificate);
        spec.key = cg_pki_key(c->w.pki, certificate);
    }
    return spec;
}

/* ---- the start */

static uint64_t choose_seed(void)
{
    const char *given = getenv("CG_CHAOS_SEED");
    uint64_t seed = (uint64_t)time(NULL);
    if (given && *given)
        seed = strtoull(given, NULL, 10);
    else if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        cg_tap_note("no random seed");
    printf("# CG_CHAOS_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static bool make_board(struct chaos *c, int64_t seconds)
{
    c->room = (size_t)seconds * 20 + 100; /* more than there is time for */
    c->board = mmap(NULL, sizeof *c->board + c->room * sizeof *c->board->policy, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c->board == MAP_FAILED)
        return false;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    c->board->start_ms = now_ms();
    c->board->start_wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    return true;
}

/* The listeners beside the one that each test broker has. */
static void write_listeners(const struct chaos *c, char *out, size_t size)
{
    const char *folder = c->w.folder;
    char keys[1800];
    snprintf(keys, sizeof keys, "cafile %s/ca.pem\ncertfile %s/chain.pem\nkeyfile %s/key.pem\n", folder, folder,
             folder);
    int len = snprintf(out, size,
                       "listener %u 127.0.0.1\n%srequire_certificate false\n"
                       "listener %u 127.0.0.1\n%srequire_certificate true\nprotocol websockets\n"
                       "listener %u 127.0.0.1\n",
                       c->port[CHAOS_OPTIONAL], keys, c->port[CHAOS_WEB], keys, c->port[CHAOS_PLAIN]);
    if (c->psk)
        snprintf(out + len, size - (size_t)len, "listener %u 127.0.0.1\npsk_hint chaos\npsk_file %s/psk.txt\n",
                 c->port[CHAOS_PSK], folder);
}

/* No line for each packet: ten minutes of them would fill the disk. */
#define LOG_LINES "log_type none\nlog_type error\nlog_type warning\nlog_type notice\nlog_type information\n"

/* What Mosquitto does wrong by itself, with whichever plugin, is kept off:
 * - 2.0.21 dies within seconds of clients with a keep alive whose sessions are taken over and reset.
 * - 2.0 dies of a session of MQTT 5 that has an expiry interval and no connection, when a plugin denies it: SIGHUP asks
 *   plugins about such sessions too. Ours does not deny them, so they are there unless it is not.
 * - 2.0.11 forgets whose a client id is when an extended authentication in that name is given up: its session can't be ended
 *   by its id any more, and without TLS there is no other way. And 2.0 does not tell who has a session after such an
 *   authentication. */
static void keep_off(struct chaos *c)
{
    char *log = cg_broker_read(c->w.broker, CG_BROKER_LOG);
    c->keep_alive = strstr(log, "mosquitto version 2.0.21 ") ? 0 : 60;
    c->expiry = !c->stock || !strstr(log, "mosquitto version 2.0.");
    c->board->plain_stays = strstr(log, "mosquitto version 2.0.");
    free(log);
}

static bool start_broker(struct chaos *c)
{
    static char listeners[6000];
    char options[1024], global[1024];
    const char *pending = getenv("CG_PENDING_PLUGIN");
    cg_broker_write(c->w.broker, "psk.txt", "device:01010101010101010101010101010101\n");
    write_listeners(c, listeners, sizeof listeners);
    snprintf(options, sizeof options, "plugin_opt_policy FOLDER/policy.json\n%s%s", pending ? "plugin " : "",
             pending ? pending : "");
    snprintf(global, sizeof global, LOG_LINES "max_queued_messages 20\n%s%s\n", c->stock && pending ? "plugin " : "",
             c->stock && pending ? pending : "");
    const struct cg_broker_spec spec = {.options = options, .listener = listeners, .global = global, .stock = c->stock};
    bool started = cg_broker_start(c->w.broker, &spec);
    c->port[CHAOS_MAIN] = cg_broker_port(c->w.broker);
    keep_off(c);
    return started;
}

static void play(struct chaos_run *run, void (*part)(struct chaos *, struct chaos_dice *))
{
    struct chaos_dice dice = {run->c.seed + run->players + 1};
    run->c.number = (unsigned)run->players;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        part(&run->c, &dice);
        _exit(0);
    }
    run->player[run->players++] = pid;
}

/* Who comes with nothing, or with a key, where the first policy allows it. */
static bool visits(const struct chaos *c, enum chaos_listener listener, bool wrong_key)
{
    static struct link link;
    unsigned char packet[LINK_PACKET];
    struct cg_client_spec spec = chaos_spec(c, listener, NULL);
    const struct link_connect connect = {.client_id = "visitor", .keep_alive = c->keep_alive};
    if (listener == CHAOS_PSK) {
        spec.psk = true;
        spec.psk_wrong = wrong_key;
        spec.version = TLS1_2_VERSION;
        spec.ciphers = "PSK";
    }
    bool in = link_open(&link, chaos_how(listener), &spec) &&
              link_send(&link, packet, link_connect_packet(&connect, packet)) &&
              link_packet(&link, packet, LOADED_MS) >= 4 && packet[0] == 0x20 && packet[3] == 0;
    link_close(&link);
    return in;
}

static void visit(const struct chaos *c)
{
    cg_tap(visits(c, CHAOS_PLAIN, false), "a client without TLS is let in where the policy allows it");
    cg_tap(visits(c, CHAOS_OPTIONAL, false), "and one without a certificate");
    if (c->psk)
        cg_tap(visits(c, CHAOS_PSK, false) && !visits(c, CHAOS_PSK, true), "and one with the right key alone");
}

static void start_players(struct chaos_run *run)
{
    const int ready = 3;
    play(run, chaos_play_steady);
    play(run, chaos_play_comes);
    play(run, chaos_play_boss);
    for (int waited = 0; waited < 60000 && atomic_load(&run->c.board->ready) < ready; waited += 20)
        cg_pause_ms(20);
    cg_tap(atomic_load(&run->c.board->ready) == ready && !atomic_load(&run->c.board->turned_away),
           "the good clients connect");
    for (int i = 0; i < CROWDS; i++)
        play(run, chaos_play_crowd);
}

/* ---- the conductor */

void chaos_pass(struct chaos_run *run, int64_t ms)
{
    for (int64_t until = now_ms() + ms; now_ms() < until && !run->died; cg_pause_ms(10)) {
        chaos_watch_look(run->watch);
        run->died = cg_broker_ended(run->c.w.broker, 0);
    }
}

static void disturb(struct chaos_run *run)
{
    if (run->died)
        return;
    if (chaos_chance(&run->dice, 12)) {
        kill(cg_broker_pid(run->c.w.broker), SIGHUP);
        run->signals++;
    }
    if (chaos_chance(&run->dice, 4))
        chaos_watch_rotate(run->watch);
}

/* Policies in quick succession, then a while in which what was loaded can be told from what was not; now and then so long
 * that each refused session must have ended. */
static void one_round(struct chaos_run *run)
{
    for (unsigned i = 1 + chaos_roll(&run->dice, 6); i > 0 && !run->died; i--) {
        chaos_change(&run->rules, &run->dice);
        chaos_write_policy(&run->c, &run->rules);
        chaos_pass(run, 50 + chaos_roll(&run->dice, 350));
        disturb(run);
    }
    chaos_pass(run, chaos_chance(&run->dice, 15) ? CHAOS_LATE_MS + 1500 : 300 + (int64_t)chaos_roll(&run->dice, 900));
}

bool chaos_loaded(struct chaos_run *run)
{
    struct chaos_board *board = run->c.board;
    size_t last = atomic_load(&board->policies) - 1;
    for (int64_t until = now_ms() + LOADED_MS; now_ms() < until && !run->died; chaos_pass(run, 20))
        if (atomic_load(&board->policy[last].loaded_ms))
            return true;
    return false;
}

static void rounds(struct chaos_run *run, int64_t until_ms)
{
    while (now_ms() < until_ms && !run->died)
        if (chaos_chance(&run->dice, 30))
            chaos_ambush(run);
        else
            one_round(run);
}

static int count_in(const char *text, const char *words)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, words)); at++)
        count++;
    return count;
}

/* As Mosquitto 2.0 and 2.1 say it. */
static int takeovers_of(const struct world *w)
{
    char *log = cg_broker_read(w->broker, CG_BROKER_LOG);
    int count = count_in(log, " already connected, closing old connection") + count_in(log, " session taken over");
    free(log);
    return count;
}

/* A run in which one of these did not occur is no test of it. */
static bool all_happened(const struct chaos *c)
{
    const struct chaos_board *b = c->board;
    const int counts[] = {b->connects, b->publishes,        b->admin,   b->refusals, b->judged,
                          b->cuts,     b->resets,           b->decoys,  b->pending,  b->finished,
                          b->brief,    takeovers_of(&c->w), b->ambushes};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] == 0)
            return false;
    return true;
}

/* What chance did not bring in time, on a slow machine, it brings a little later. */
static void rounds_until_all_happened(struct chaos_run *run)
{
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until && !run->died && !all_happened(&run->c);)
        one_round(run);
}

static struct size size_of(struct chaos_run *run)
{
    atomic_store(&run->c.board->quiet, 1);
    chaos_pass(run, 3000); /* half-open connections end */
    int pid = cg_broker_pid(run->c.w.broker);
    struct size size = {cg_process_rss_kib(pid), cg_process_files(pid)};
    atomic_store(&run->c.board->quiet, 0);
    return size;
}

static void end_players(struct chaos_run *run)
{
    atomic_store(&run->c.board->stop, 1);
    for (size_t i = 0; i < run->players; i++)
        waitpid(run->player[i], NULL, 0);
}

/* ---- the verdict */

static void print_counts(const struct chaos_run *run, const struct chaos_lines *lines)
{
    const struct chaos_board *b = run->c.board;
    printf("# %zu policies, %zu loaded, %d SIGHUPs, %zu rotations of the event log, %zu events, %zu sessions ended\n",
           b->policies, lines->loaded, run->signals, lines->rotations, lines->lines, lines->ended);
    printf("# good clients: %d connects, %d publishes; the administrator: %d answers\n", b->connects, b->publishes,
           b->admin);
    printf("# let in: %d with TLS, %d where a certificate is optional, %d by websockets, %d with a key, %d plain; "
           "%d by a ticket; %d refused, %d of them while no policy could let them in\n",
           b->let_in[CHAOS_MAIN], b->let_in[CHAOS_OPTIONAL], b->let_in[CHAOS_WEB], b->let_in[CHAOS_PSK],
           b->let_in[CHAOS_PLAIN], b->tickets, b->refusals, b->judged);
    printf("# %d cut handshakes, %d resets, %d partial CONNECTs, %d authentications pending, %d of them finished, %d "
           "clients that stopped reading, %d takeovers, %d brief certificates, %d ambushes, %d sessions found ended\n",
           b->cuts, b->resets, b->decoys, b->pending, b->finished, b->deaf, takeovers_of(&run->c.w), b->brief,
           b->ambushes, b->ended);
}

static void verdict(const struct chaos_run *run)
{
    const struct chaos_board *b = run->c.board;
    struct chaos_lines lines = chaos_watch_lines(run->watch);
    print_counts(run, &lines);
    cg_tap(all_happened(&run->c), "each kind of client had its turn");
    cg_tap(lines.loaded > 1, "policies were loaded while clients came (%zu)", lines.loaded);
    cg_tap(b->lost == 0, "no steady client was lost (%d were)", b->lost);
    cg_tap(b->turned_away == 0, "each good client was let in (%d were not)", b->turned_away);
    cg_tap(b->unanswered == 0, "and its message taken (%d were not)", b->unanswered);
    cg_tap(b->admin_unanswered == 0, "the administrator was answered (%d times not)", b->admin_unanswered);
    cg_tap(b->intruders == 0, "nobody was let in against the policy (%d were)", b->intruders);
    cg_tap(b->outlived == 0, "no refused session lived on (%d did)", b->outlived);
    cg_tap(b->wrongly_refused == 0, "nobody without a certificate was refused whom the policy allows (%d were)",
           b->wrongly_refused);
    cg_tap(lines.lines > 0 && lines.broken == 0, "each line of the event log is JSON (%zu are not) %s", lines.broken,
           lines.example);
    cg_tap(lines.lost == 0, "no event was lost");
}

static void say_status(const struct chaos_run *run)
{
    int status = cg_broker_status(run->c.w.broker);
    if (status != 0)
        printf("# the broker ended by %s %d\n", WIFSIGNALED(status) ? "signal" : "itself with status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* Good sessions that do nothing; without a keep alive, as nobody looks after them. */
static struct cg_crowd *add_standing(const struct chaos *c)
{
    struct cg_crowd *crowd = cg_crowd_new(CHAOS_STANDING);
    bool ok = true;
    for (int i = 0; ok && i < CHAOS_STANDING; i++) {
        char name[24];
        snprintf(name, sizeof name, "stands-%d", i);
        struct cg_client_spec spec = chaos_spec(c, CHAOS_MAIN, name);
        spec.no_keep_alive = true;
        ok = cg_crowd_add(crowd, &spec, 0, name, 1);
    }
    cg_tap(ok, "sessions that only stand there connect");
    return crowd;
}

static void chaos(struct chaos_run *run, int64_t seconds)
{
    struct cg_crowd *standing = add_standing(&run->c);
    if (!run->c.stock)
        visit(&run->c);
    start_players(run);
    int64_t start = now_ms();
    chaos_ambush(run);
    rounds(run, start + seconds * 250); /* until caches are full */
    struct size before = size_of(run);
    rounds(run, start + seconds * 1000);
    if (!run->c.stock)
        rounds_until_all_happened(run);
    struct size after = size_of(run);
    if (run->died)
        printf("# the broker ended after %lld ms\n", (long long)(now_ms() - start));
    end_players(run);
    cg_tap(cg_crowd_wait(standing, 0, CHAOS_STANDING - 1, 200) < 0, "each session that only stands there does");
    cg_crowd_free(standing);
    cg_tap(!run->died, "the broker is alive");
    if (!run->died) {
        cg_tap(!MEMORY_TELLS || after.rss_kib - before.rss_kib < GROWTH_KIB, "memory stays: %ld KiB, then %ld KiB%s",
               before.rss_kib, after.rss_kib, MEMORY_TELLS ? "" : " (a sanitizer keeps what is freed)");
        cg_tap(after.files - before.files <= 8, "descriptors stay: %ld, then %ld", before.files, after.files);
    }
}

static void say_complaint(const struct world *w)
{
    char *log = cg_broker_read(w->broker, CG_BROKER_LOG);
    const char *at = strstr(log, "ERROR: AddressSanitizer");
    at = at ? at : strstr(log, "runtime error:");
    at = at ? at : strstr(log, "ERROR: LeakSanitizer");
    for (int i = 0; at && *at && i < 30; i++) {
        int len = (int)strcspn(at, "\n");
        printf("# | %.*s\n", len, at);
        at += len + (at[len] == '\n');
    }
    free(log);
}

static void choose_ports(struct chaos *c)
{
    for (int i = CHAOS_OPTIONAL; i < CHAOS_LISTENERS; i++) {
        c->port[i] = cg_free_port();
        for (int before = CHAOS_OPTIONAL; before < i; before++)
            if (c->port[before] == c->port[i])
                i = CHAOS_OPTIONAL; /* the same one twice: once more */
    }
}

/* All that must be there before the broker starts. */
static bool prepare(struct chaos_run *run, int64_t seconds)
{
    struct chaos *c = &run->c;
    rotation_start(&c->w, "chaos");
    run->dice.state = c->seed;
    run->rules = (struct chaos_rules){.named = !c->psk, .optional = true, .plain = true, .psk = true, .warn_days = 1};
    if (!make_board(c, seconds))
        return false;
    chaos_make_certificates(c->w.pki);
    choose_ports(c);
    chaos_write_policy(c, &run->rules);
    run->watch = chaos_watch_new(c);
    return run->watch != NULL;
}

static void one_broker(uint64_t seed, bool psk, int64_t seconds)
{
    int failed = cg_tap_failed();
    struct chaos_run run = {.c = {.seed = seed, .psk = psk, .stock = getenv("CG_CHAOS_STOCK") != NULL}};
    bool started = prepare(&run, seconds) && start_broker(&run.c);
    cg_tap(started, "a broker %s pre-shared keys starts", psk ? "with" : "without");
    if (started)
        chaos(&run, seconds);
    cg_tap(cg_broker_stop(run.c.w.broker), "the broker ends well, and no sanitizer complained");
    say_status(&run);
    say_complaint(&run.c.w);
    chaos_watch_finish(run.watch);
    if (!run.c.stock)
        verdict(&run);
    chaos_watch_free(run.watch);
    rotation_free(&run.c.w, cg_tap_failed() > failed);
}

int main(void)
{
    const char *asked = getenv("CG_CHAOS");
    int64_t seconds = asked && *asked ? strtol(asked, NULL, 10) : 10;
    uint64_t seed = choose_seed();
    one_broker(seed, true, seconds / 2);
    one_broker(seed + 1000, false, seconds - seconds / 2);
    return cg_tap_done();
}
