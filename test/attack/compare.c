/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Both brokers run, and the rounds alternate: stock, certguard, certguard, stock, ... A round is a second without attack, then
 * the same number of attempts for both, at the rate of the kind. The cost of the valid client's connections is measured in the
 * first part and subtracted from the second. No times are checked. Each output line has the fields
 *
 *   attack, name, then for certguard and for stock: attempts, new connections and single bytes per second, the broker's CPU ms
 *   per attempt, p99 ms of the valid client without and under attack, KiB added from the warm-up to the last round, KiB of
 *   events, refused connections of the valid client; and finally the ratio of the two CPU times.
 *
 * CPU times are medians of all rounds. The ratio is the median of the pairs of adjacent rounds. p99 is over all rounds. */
#include "compare.h"

#include "attack_load.h"

#include "lib/process.h"
#include "lib/tap.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAIRS    6
#define ROUND_MS 1000
#define LATE_MS  4000 /* a round ends after this time, even if attempts are missing */
#define SETTLE   100  /* ms for the broker to end the attackers' connections */

enum server { CERTGUARD, STOCK, SERVERS };

struct side {
    struct target target;
    struct samples quiet, under;
    double cpu_ms[PAIRS];
    size_t attempts, opened, bytes;
    double seconds; /* under attack */
    long rss_kib;   /* after the warm-up */
};

struct comparison {
    struct attack_load load;
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

static void begin(struct comparison *comparison, const struct side *side, unsigned attempts)
{
    comparison->load.port = cg_broker_port(side->target.broker);
    comparison->load.limit = attempts;
    comparison->load.rate = comparison->load.kind->rate;
    attack_load_begin(&comparison->load);
}

/* The first connections allocate memory that is kept. The growth is measured from here. */
static void warm_up(struct comparison *comparison, struct side *side)
{
    static struct samples unused;
    unused.count = 0;
    begin(comparison, side, comparison->load.kind->rate);
    run_valid_client(&side->target, &unused, &comparison->load, LATE_MS);
    side->rss_kib = target_rss_kib(&side->target);
    attack_load_end(&comparison->load);
    cg_pause_ms(SETTLE);
}

/* The broker's CPU time per connection of the valid client in us. */
static double quiet_part(struct side *side)
{
    int pid = cg_broker_pid(side->target.broker);
    size_t before = side->quiet.count;
    int64_t cpu = cg_process_cpu_us(pid);
    run_valid_client(&side->target, &side->quiet, NULL, ROUND_MS);
    size_t made = side->quiet.count - before;
    return (double)(cg_process_cpu_us(pid) - cpu) / (double)(made ? made : 1);
}

static void run_round(struct comparison *comparison, struct side *side, int pair, bool last)
{
    struct attack_load *load = &comparison->load;
    int pid = cg_broker_pid(side->target.broker);
    double client_us = quiet_part(side);
    size_t before = side->under.count;
    int64_t cpu = cg_process_cpu_us(pid);
    begin(comparison, side, load->kind->rate * ROUND_MS / 1000);
    run_valid_client(&side->target, &side->under, load, LATE_MS);
    double spent = (double)(cg_process_cpu_us(pid) - cpu) - client_us * (double)(side->under.count - before);
    size_t attempts = atomic_load(&load->done);
    side->cpu_ms[pair] = spent / 1000 / (double)(attempts ? attempts : 1);
    side->seconds += (double)(cg_now_us() - load->began_us) / 1e6;
    if (last)
        side->rss_kib = target_rss_kib(&side->target) - side->rss_kib;
    attack_load_end(load);
    side->attempts += attempts;
    side->opened += atomic_load(&load->opened);
    side->bytes += atomic_load(&load->bytes);
    cg_pause_ms(SETTLE);
}

static void print_side(struct side *side, enum server server)
{
    printf("\t%.0f\t%.0f\t%.0f\t%.3f\t%.2f\t%.2f\t%ld\t%ld\t%zu", (double)side->attempts / side->seconds,
           (double)side->opened / side->seconds, (double)side->bytes / side->seconds, median(side->cpu_ms),
           cg_percentile(side->quiet.ms, side->quiet.count, 0.99),
           cg_percentile(side->under.ms, side->under.count, 0.99), side->rss_kib,
           server == CERTGUARD ? target_events_kib(&side->target) : 0, side->target.failed);
}

static void measure(struct comparison *comparison)
{
    struct side *side = comparison->side;
    double ratio[PAIRS];
    for (int server = 0; server < SERVERS; server++)
        warm_up(comparison, &side[server]);
    for (int pair = 0; pair < PAIRS; pair++) {
        enum server first = pair % 2 ? CERTGUARD : STOCK, second = pair % 2 ? STOCK : CERTGUARD;
        run_round(comparison, &side[first], pair, pair == PAIRS - 1);
        run_round(comparison, &side[second], pair, pair == PAIRS - 1);
        ratio[pair] = side[CERTGUARD].cpu_ms[pair] / side[STOCK].cpu_ms[pair];
    }
    printf("attack\t%s", comparison->load.kind->name);
    print_side(&side[CERTGUARD], CERTGUARD);
    print_side(&side[STOCK], STOCK);
    printf("\t%.3f\n", median(ratio));
    fflush(stdout);
}

bool compare(const struct kind *kind)
{
    static struct comparison comparison;
    struct attack_data data;
    struct cg_pki *pki = cg_pki_new(time(NULL));
    bool ok = true;
    memset(&comparison, 0, sizeof comparison);
    comparison.load.kind = kind;
    comparison.load.data = &data;
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root");
    for (int server = 0; server < SERVERS; server++)
        ok = target_start(&comparison.side[server].target, pki, server == STOCK) && ok;
    attack_data_open(&data, pki);
    if (ok)
        measure(&comparison);
    for (int server = 0; server < SERVERS; server++)
        ok = target_end(&comparison.side[server].target, kind->name) && ok;
    attack_data_close(&data);
    cg_pki_free(pki);
    return ok;
}
