/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker under attack:  attack [quick|full]
 * quick, a test: each attack runs against a new broker with up to 2,000 attempts per second, while a valid client connects
 * repeatedly. The valid client must always be accepted, the memory and the event log must stay below a limit, and the broker
 * must keep running and end without errors. full compares the plugin with stock Mosquitto and checks no times: see compare.c.
 * $CG_ATTACK: runs only attacks whose name contains it. */
#include "attack_load.h"
#include "compare.h"

#include "lib/process.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RATE       2000
#define QUICK_MS   300
#define GROWTH_KIB (16 * 1024)
#define EVENTS_KIB (8 * 1024) /* 1,000 pairs of peer and reason per minute with 5 events each, and the summaries */

static void measure(struct attack_load *load, struct target *target)
{
    static struct samples samples;
    samples.count = 0;
    run_valid_client(target, &samples, NULL, QUICK_MS);
    attack_load_begin(load);
    run_valid_client(target, &samples, NULL, QUICK_MS / 3); /* the first connections allocate memory that is kept */
    long before = target_rss_kib(target);
    run_valid_client(target, &samples, NULL, QUICK_MS);
    long growth = target_rss_kib(target) - before;
    attack_load_end(load);
    size_t attempts = atomic_load(&load->done);
    long events = target_events_kib(target);
    cg_tap(attempts > 0 && target->failed == 0 && growth <= GROWTH_KIB && events <= EVENTS_KIB,
           "%s: %zu connections; valid client refused %zu times, memory grows by %ld KiB, event log %ld KiB",
           load->kind->name, attempts, target->failed, growth, events);
}

static bool quick(const struct kind *kind)
{
    static struct attack_load load;
    struct target target;
    struct attack_data data;
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root");
    if (target_start(&target, pki, false)) {
        attack_data_open(&data, pki);
        load = (struct attack_load){
            .kind = kind, .data = &data, .port = cg_broker_port(target.broker), .limit = SIZE_MAX, .rate = RATE};
        measure(&load, &target);
        attack_data_close(&data);
    }
    bool ok = target_end(&target, kind->name);
    cg_pki_free(pki);
    return ok;
}

int main(int argc, char **argv)
{
    bool full = argc > 1 && strcmp(argv[1], "full") == 0, ok = true;
    const char *only = getenv("CG_ATTACK");
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < attack_kinds_count; i++)
        if (!only || strstr(attack_kinds[i].name, only))
            ok = (full ? compare : quick)(&attack_kinds[i]) && ok;
    return full ? !ok : cg_tap_done();
}
