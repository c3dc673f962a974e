/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker under attack:  attack [quick|full [certguard|share|stock]]
 * Each attack of the table runs against a fresh broker, up to 2,000 connections a second, while a good client connects
 * over and over. quick, a test: the good client is always let in, memory stays, the event log is bounded, the broker
 * lives and ends well. full prints tab-separated lines instead: attack, server, name, connections a second, quiet p50 and
 * p99 ms, p50 and p99 under attack, CPU ms that the broker spends on each bad connection, KiB added, KiB of events.
 * "share": certguard with max_refused_percent. No time is asserted. */
#include "kinds.h"

#include "lib/broker.h"
#include "lib/process.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define THREADS     8
#define RATE        2000
#define SAMPLES_MAX 20000
#define GROWTH_KIB  (16 * 1024)
#define EVENTS_KIB  (8 * 1024) /* 1,000 peers and reasons in a window of a minute, 5 events each, and what is counted */

#define SHARE        ", \"tls\": {\"max_refused_percent\": 2}"
#define POLICY(more) "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\"}" more "}"

struct siege {
    const struct kind *kind;
    struct arsenal arsenal;
    atomic_bool stop;
    atomic_size_t strikes;
};

static void *attack_thread(void *argument)
{
    struct siege *siege = argument;
    int held[HELD_MAX / THREADS];
    struct attacker attacker = {.arsenal = &siege->arsenal,
                                .random = (unsigned)(uintptr_t)&held,
                                .held = held,
                                .nheld = sizeof held / sizeof *held};
    memset(held, 0xff, sizeof held);
    /* attackers stand for other machines: what they compute must not be what the good client waits for */
    setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
    int64_t next = cg_now_us();
    while (!atomic_load(&siege->stop)) {
        siege->kind->strike(&attacker, siege->kind);
        atomic_fetch_add(&siege->strikes, 1);
        next += 1000000 * THREADS / RATE;
        int64_t left = next - cg_now_us();
        if (left > 1000)
            cg_pause_ms((int)(left / 1000));
        else if (left < -1000000)
            next = cg_now_us(); /* does not make up for what it could not do */
    }
    for (size_t i = 0; i < attacker.nheld; i++)
        if (held[i] >= 0)
            close(held[i]);
    return NULL;
}

struct good {
    struct cg_client_spec spec;
    double ms[SAMPLES_MAX];
    size_t count, failed;
};

/* Connects for that long. */
static void be_good(struct good *good, int ms)
{
    int64_t end = cg_now_us() + ms * INT64_C(1000);
    good->count = good->failed = 0;
    while (cg_now_us() < end && good->count < SAMPLES_MAX) {
        struct cg_client_result result;
        int64_t began = cg_now_us();
        cg_client_connect(&good->spec, &result);
        good->ms[good->count++] = (double)(cg_now_us() - began) / 1000;
        good->failed += !result.let_in;
        cg_client_close(&result);
        cg_pause_ms(5);
    }
}

static long file_kib(const struct cg_broker *broker, const char *file)
{
    char path[700];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", cg_broker_folder(broker), file);
    return stat(path, &st) == 0 ? (long)(st.st_size / 1024) : 0;
}

struct result {
    double quiet50, quiet99, under50, under99, rate, bad_ms; /* bad_ms: CPU a bad connection */
    long growth_kib, events_kib;
    size_t failed;
};

static void besiege(struct siege *siege, struct good *good, const struct cg_broker *broker, int ms, struct result *out)
{
    pthread_t threads[THREADS];
    int pid = cg_broker_pid(broker);
    int64_t cpu = cg_process_cpu_us(pid);
    be_good(good, ms);
    double each_us = (double)(cg_process_cpu_us(pid) - cpu) / (double)good->count;
    *out = (struct result){.quiet50 = cg_percentile(good->ms, good->count, 0.5),
                           .quiet99 = cg_percentile(good->ms, good->count, 0.99),
                           .failed = good->failed};
    atomic_store(&siege->stop, false);
    atomic_store(&siege->strikes, 0);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, attack_thread, siege);
    be_good(good, ms / 3); /* what the first connections need stays: from here on memory must not grow */
    out->failed += good->failed;
    long before = cg_process_rss_kib(pid);
    int64_t began = cg_now_us();
    cpu = cg_process_cpu_us(pid);
    size_t strikes = atomic_load(&siege->strikes);
    be_good(good, ms);
    double seconds = (double)(cg_now_us() - began) / 1e6;
    strikes = atomic_load(&siege->strikes) - strikes;
    out->rate = (double)strikes / seconds;
    out->bad_ms = ((double)(cg_process_cpu_us(pid) - cpu) - each_us * (double)good->count) / 1000 /
                  (double)(strikes ? strikes : 1);
    out->under50 = cg_percentile(good->ms, good->count, 0.5);
    out->under99 = cg_percentile(good->ms, good->count, 0.99);
    out->failed += good->failed;
    out->growth_kib = cg_process_rss_kib(pid) - before;
    atomic_store(&siege->stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    out->events_kib = file_kib(broker, CG_BROKER_EVENTS);
}

static void report(const struct kind *kind, const char *server, const struct result *r)
{
    printf("attack\t%s\t%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.3f\t%ld\t%ld\n", server, kind->name, r->rate, r->quiet50,
           r->quiet99, r->under50, r->under99, r->bad_ms, r->growth_kib, r->events_kib);
    fflush(stdout);
}

static bool run(const struct kind *kind, const char *server, int ms, bool table)
{
    static struct siege siege;
    static struct good good;
    struct cg_broker *broker = cg_broker_new("attack");
    struct cg_pki *pki = cg_pki_new(time(NULL));
    struct result result;
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root");
    cg_pki_write_folder(pki, cg_broker_folder(broker), "root", "server", "");
    cg_broker_write(broker, "policy.json", strcmp(server, "share") == 0 ? POLICY(SHARE) : POLICY(""));
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json",
                                        .global = "set_tcp_nodelay true\n",
                                        .stock = strcmp(server, "stock") == 0};
    bool ok = cg_broker_start(broker, &spec);
    if (ok) {
        siege.kind = kind;
        good.spec = (struct cg_client_spec){.port = cg_broker_port(broker),
                                            .leaf = cg_pki_cert(pki, "dev"),
                                            .key = cg_pki_key(pki, "dev"),
                                            .client_id = "good"};
        arsenal_open(&siege.arsenal, cg_broker_port(broker), pki);
        besiege(&siege, &good, broker, ms, &result);
        arsenal_close(&siege.arsenal);
        if (table)
            report(kind, server, &result);
        else
            cg_tap(atomic_load(&siege.strikes) > 0 && result.failed == 0 && result.growth_kib <= GROWTH_KIB &&
                       result.events_kib <= EVENTS_KIB,
                   "%s: %zu connections, the good client is let in (%zu refused), %ld KiB more, events of %ld KiB",
                   kind->name, atomic_load(&siege.strikes), result.failed, result.growth_kib, result.events_kib);
    }
    bool ended = cg_broker_stop(broker);
    if (!table || !ok || !ended)
        cg_tap(ok && ended, "%s: the broker lives and ends well", kind->name);
    cg_broker_free(broker, !ok || !ended);
    cg_pki_free(pki);
    return ok && ended;
}

int main(int argc, char **argv)
{
    bool full = argc > 1 && strcmp(argv[1], "full") == 0, ok = true;
    const char *server = argc > 2 ? argv[2] : "certguard";
    const char *only = getenv("CG_ATTACK"); /* part of a name */
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < attack_kinds_count; i++)
        if (!only || strstr(attack_kinds[i].name, only))
            ok = run(&attack_kinds[i], server, full ? 4000 : 300, full) && ok;
    return full ? !ok : cg_tap_done();
}
