/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Both brokers run, and rounds alternate between them: stock, certguard, certguard, stock, ... A round is a second without
 * attack and then the same number of strikes for both, at the rate of the kind. What the good client's connections cost is
 * measured in the first part and taken off the second. Nothing timed is asserted. The line:
 *
 *   attack, name, then of certguard and of stock each: strikes made, new connections and single bytes a second,
 *   CPU ms of the broker a strike, p99 ms of the good client without and under attack, KiB added from the warm-up to the
 *   last round, KiB of events, refused connections of the good client; at the end the ratio of the two CPU times.
 *
 * CPU times are medians of all rounds, the ratio that of pairs of rounds beside each other; p99 are of all rounds. */
#include "compare.h"

#include "siege.h"

#include "lib/process.h"
#include "lib/tap.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAIRS    6
#define ROUND_MS 1000
#define LATE_MS  4000 /* strikes that are not made by then are left out */
#define SETTLE   100  /* ms for the broker to end what attackers have left */

enum server { CERTGUARD, STOCK, SERVERS };

struct side {
    struct target target;
    struct samples quiet, under;
    double cpu_ms[PAIRS];
    size_t strikes, opened, bytes;
    double seconds; /* under attack */
    long rss_kib;   /* after the warm-up */
};

struct contest {
    struct siege siege;
    struct side side[SERVERS];
};

static double median(const double *values)
{
    double sorted[PAIRS];
    for (int i = 0; i < PAIRS; i++)
        sorted[i] = values[i];
    cg_percentile(sorted, PAIRS, 0.5); /* sorts */
    return (sorted[(PAIRS - 1) / 2] + sorted[PAIRS / 2]) / 2;
}

static void begin(struct contest *contest, const struct side *side, unsigned strikes)
{
    contest->siege.port = cg_broker_port(side->target.broker);
    contest->siege.limit = strikes;
    contest->siege.rate = contest->siege.kind->rate;
    siege_begin(&contest->siege);
}

/* What the first connections need stays: from here on memory must not grow. */
static void warm_up(struct contest *contest, struct side *side)
{
    static struct samples unused;
    unused.count = 0;
    begin(contest, side, contest->siege.kind->rate);
    be_good(&side->target, &unused, &contest->siege, LATE_MS);
    side->rss_kib = target_rss_kib(&side->target);
    siege_end(&contest->siege);
    cg_pause_ms(SETTLE);
}

/* CPU us of the broker for each connection of the good client. */
static double quiet_part(struct side *side)
{
    int pid = cg_broker_pid(side->target.broker);
    size_t before = side->quiet.count;
    int64_t cpu = cg_process_cpu_us(pid);
    be_good(&side->target, &side->quiet, NULL, ROUND_MS);
    size_t made = side->quiet.count - before;
    return (double)(cg_process_cpu_us(pid) - cpu) / (double)(made ? made : 1);
}

static void play(struct contest *contest, struct side *side, int pair, bool last)
{
    struct siege *siege = &contest->siege;
    int pid = cg_broker_pid(side->target.broker);
    double good_us = quiet_part(side);
    size_t before = side->under.count;
    int64_t cpu = cg_process_cpu_us(pid);
    begin(contest, side, siege->kind->rate * ROUND_MS / 1000);
    be_good(&side->target, &side->under, siege, LATE_MS);
    double spent = (double)(cg_process_cpu_us(pid) - cpu) - good_us * (double)(side->under.count - before);
    size_t strikes = atomic_load(&siege->done);
    side->cpu_ms[pair] = spent / 1000 / (double)(strikes ? strikes : 1);
    side->seconds += (double)(cg_now_us() - siege->began_us) / 1e6;
    if (last)
        side->rss_kib = target_rss_kib(&side->target) - side->rss_kib;
    siege_end(siege);
    side->strikes += strikes;
    side->opened += atomic_load(&siege->opened);
    side->bytes += atomic_load(&siege->bytes);
    cg_pause_ms(SETTLE);
}

static void print_side(struct side *side, enum server server)
{
    printf("\t%.0f\t%.0f\t%.0f\t%.3f\t%.2f\t%.2f\t%ld\t%ld\t%zu", (double)side->strikes / side->seconds,
           (double)side->opened / side->seconds, (double)side->bytes / side->seconds, median(side->cpu_ms),
           cg_percentile(side->quiet.ms, side->quiet.count, 0.99),
           cg_percentile(side->under.ms, side->under.count, 0.99), side->rss_kib,
           server == CERTGUARD ? target_events_kib(&side->target) : 0, side->target.failed);
}

static void measure(struct contest *contest)
{
    struct side *side = contest->side;
    double ratio[PAIRS];
    for (int server = 0; server < SERVERS; server++)
        warm_up(contest, &side[server]);
    for (int pair = 0; pair < PAIRS; pair++) {
        enum server first = pair % 2 ? CERTGUARD : STOCK, second = pair % 2 ? STOCK : CERTGUARD;
        play(contest, &side[first], pair, pair == PAIRS - 1);
        play(contest, &side[second], pair, pair == PAIRS - 1);
        ratio[pair] = side[CERTGUARD].cpu_ms[pair] / side[STOCK].cpu_ms[pair];
    }
    printf("attack\t%s", contest->siege.kind->name);
    print_side(&side[CERTGUARD], CERTGUARD);
    print_side(&side[STOCK], STOCK);
    printf("\t%.3f\n", median(ratio));
    fflush(stdout);
}

bool compare(const struct kind *kind)
{
    static struct contest contest;
    struct arsenal arsenal;
    struct cg_pki *pki = cg_pki_new(time(NULL));
    bool ok = true;
    memset(&contest, 0, sizeof contest);
    contest.siege.kind = kind;
    contest.siege.arsenal = &arsenal;
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root");
    for (int server = 0; server < SERVERS; server++)
        ok = target_start(&contest.side[server].target, pki, server == STOCK) && ok;
    arsenal_open(&arsenal, pki);
    if (ok)
        measure(&contest);
    for (int server = 0; server < SERVERS; server++)
        ok = target_end(&contest.side[server].target, kind->name) && ok;
    arsenal_close(&arsenal);
    cg_pki_free(pki);
    return ok;
}
