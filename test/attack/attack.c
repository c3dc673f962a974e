/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker under attack:  attack [quick|full]
 * quick, a test: each attack of the table runs against a fresh broker, up to 2,000 strikes a second, while a good client
 * connects over and over. The good client is always let in, memory stays, the event log is bounded, the broker lives and
 * ends well. full compares the plugin with stock Mosquitto instead and asserts no time: see compare.c.
 * $CG_ATTACK: only attacks with this in their name. */
#include "compare.h"
#include "siege.h"

#include "lib/process.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RATE       2000
#define QUICK_MS   300
#define GROWTH_KIB (16 * 1024)
#define EVENTS_KIB (8 * 1024) /* 1,000 peers and reasons in a window of a minute, 5 events each, and what is counted */

static void besiege(struct siege *siege, struct target *target)
{
    static struct samples samples;
    samples.count = 0;
    be_good(target, &samples, NULL, QUICK_MS);
    siege_begin(siege);
    be_good(target, &samples, NULL, QUICK_MS / 3); /* what the first connections need stays */
    long before = target_rss_kib(target);
    be_good(target, &samples, NULL, QUICK_MS);
    long growth = target_rss_kib(target) - before;
    siege_end(siege);
    size_t strikes = atomic_load(&siege->done);
    long events = target_events_kib(target);
    cg_tap(strikes > 0 && target->failed == 0 && growth <= GROWTH_KIB && events <= EVENTS_KIB,
           "%s: %zu connections, the good client is let in (%zu refused), %ld KiB more, events of %ld KiB",
           siege->kind->name, strikes, target->failed, growth, events);
}

static bool quick(const struct kind *kind)
{
    static struct siege siege;
    struct target target;
    struct arsenal arsenal;
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root");
    if (target_start(&target, pki, false)) {
        arsenal_open(&arsenal, pki);
        siege = (struct siege){
            .kind = kind, .arsenal = &arsenal, .port = cg_broker_port(target.broker), .limit = SIZE_MAX, .rate = RATE};
        besiege(&siege, &target);
        arsenal_close(&arsenal);
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
