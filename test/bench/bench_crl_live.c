/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A large CRL put under a running broker: how long the loop is held and how much memory it takes while it loads, what
 * stays, and what a connect costs before and after; with certguard, and with stock Mosquitto's crlfile and a SIGHUP.
 *   bench_crl_live [ENTRIES...]    by default 1000000
 * Prints tab-separated lines: crl_live, server, entries, MB of DER, s until in force, longest round trip ms while it loads
 * and before, peak in times of the DER, octets an entry that stay, CPU ms a connect with it and with an empty CRL.
 * With 10000000 stock takes 5 GB. */
#include "lib/broker.h"
#include "lib/large_crl.h"
#include "lib/pinger.h"
#include "lib/pki_maker.h"
#include "lib/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECTS 300 /* a round; stock with the large CRL: a tenth */
#define LOAD_MS  300000
#define QUIET_MS 2000

struct world {
    struct cg_pki *pki;
    struct cg_broker *broker;
    bool stock;
    unsigned char *der;
    size_t len, entries;
};

static struct cg_client_spec client(const struct world *w, const char *id)
{
    return (struct cg_client_spec){.port = cg_broker_port(w->broker),
                                   .leaf = cg_pki_cert(w->pki, "device"),
                                   .key = cg_pki_key(w->pki, "device"),
                                   .client_id = id,
                                   .wait_ms = 60000};
}

/* ms of the broker's CPU that a connect takes; all its threads count, so nothing else may be under way */
static double connect_cpu_ms(const struct world *w, int connects)
{
    const struct cg_client_spec spec = client(w, "connects");
    int64_t before = cg_process_cpu_us(cg_broker_pid(w->broker));
    for (int i = 0; i < connects; i++) {
        struct cg_client_result result;
        cg_client_connect(&spec, &result);
        if (!result.accepted) {
            fprintf(stderr, "not let in: alert %d, %s\n", result.alert, result.error);
            exit(1);
        }
        cg_client_close(&result);
    }
    return (double)(cg_process_cpu_us(cg_broker_pid(w->broker)) - before) / 1000 / connects;
}

static void put_crl(const struct world *w, const unsigned char *der, size_t len)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", cg_broker_folder(w->broker), w->stock ? "large.pem" : "large.der");
    large_crl_write(path, der, len, w->stock);
}

static bool start(struct world *w, const struct ca *ca)
{
    char crlfile[800];
    size_t len;
    w->broker = cg_broker_new("crl-live");
    const char *folder = cg_broker_folder(w->broker);
    unsigned char *der = large_crl_make(ca, 0, time(NULL), 1, &len);
    cg_pki_write_folder(w->pki, folder, "root", "server", "");
    put_crl(w, der, len);
    free(der);
    cg_broker_write(w->broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"large.der\"}, \"log\": {\"file\": "
                    "\"events.jsonl\"}}");
    snprintf(crlfile, sizeof crlfile, "crlfile %s/large.pem\n", folder);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json",
                                        .global = "set_tcp_nodelay true\n",
                                        .listener = w->stock ? crlfile : NULL,
                                        .stock = w->stock};
    return cg_broker_start(w->broker, &spec);
}

static bool in_force(const struct world *w)
{
    char *log = cg_broker_read(w->broker, w->stock ? CG_BROKER_LOG : CG_BROKER_EVENTS);
    bool found = strstr(log, w->stock ? "Reloading config" : "number 2 (previously 1)") != NULL;
    free(log);
    return found;
}

/* Loads the large CRL while the loop is watched; ms until it is in force. */
static double load(struct world *w, struct cg_pinger *pinger, double *stall_ms)
{
    put_crl(w, w->der, w->len);
    cg_pinger_worst_ms(pinger, NULL);
    int64_t begin = cg_now_us();
    if (w->stock)
        kill(cg_broker_pid(w->broker), SIGHUP);
    while (!in_force(w) && cg_now_us() - begin < LOAD_MS * INT64_C(1000))
        cg_pause_ms(5);
    double took = (double)(cg_now_us() - begin) / 1000;
    /* stock says so before it loads: until it answers quickly again */
    double worst_ms = *stall_ms = 0;
    do {
        cg_pause_ms(QUIET_MS);
        worst_ms = cg_pinger_worst_ms(pinger, NULL);
        *stall_ms = worst_ms > *stall_ms ? worst_ms : *stall_ms;
    } while (worst_ms > QUIET_MS / 2.0 && cg_now_us() - begin < LOAD_MS * INT64_C(1000));
    return took;
}

static void measure(struct world *w, const struct ca *ca)
{
    if (!start(w, ca)) {
        fprintf(stderr, "the broker does not start\n");
        exit(1);
    }
    int pid = cg_broker_pid(w->broker);
    const struct cg_client_spec watcher = client(w, "watcher");
    connect_cpu_ms(w, CONNECTS);
    double before_ms = connect_cpu_ms(w, CONNECTS);
    struct cg_pinger *pinger = cg_pinger_start(&watcher);
    cg_pause_ms(QUIET_MS);
    double quiet = cg_pinger_worst_ms(pinger, NULL), stall = 0;
    long rss = cg_process_rss_kib(pid);
    cg_process_reset_peak(pid);
    double took = load(w, pinger, &stall);
    long peak = cg_process_peak_kib(pid), stays = cg_process_rss_kib(pid);
    bool lived = cg_pinger_stop(pinger);
    double after_ms = connect_cpu_ms(w, w->stock ? CONNECTS / 10 : CONNECTS);
    if (!lived)
        fprintf(stderr, "%s with %zu entries: the session that watched was lost\n", w->stock ? "stock" : "certguard",
                w->entries);
    printf("crl_live\t%s\t%zu\t%zu\t", w->stock ? "stock and SIGHUP" : "certguard", w->entries, w->len / 1000000);
    if (w->stock) /* does not say when it is done */
        printf("-");
    else
        printf("%.2f", took / 1000);
    printf("\t%.1f\t%.1f\t%.2f\t%.1f\t%.3f\t%.3f\n", stall, quiet, (double)(peak - rss) * 1024 / (double)w->len,
           (double)(stays - rss) * 1024 / (double)w->entries, after_ms, before_ms);
    fflush(stdout);
    cg_broker_stop(w->broker);
    cg_broker_free(w->broker, false);
}

static void run_size(struct world *w, size_t entries)
{
    const struct ca ca = {cg_pki_cert(w->pki, "root"), cg_pki_key(w->pki, "root")};
    w->entries = entries;
    w->der = large_crl_make(&ca, entries, time(NULL), 2, &w->len);
    for (int stock = 0; stock < 2; stock++) {
        w->stock = stock;
        measure(w, &ca);
    }
    free(w->der);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    struct world w = {.pki = cg_pki_new(time(NULL))};
    cg_pki_make(w.pki, "root: ca cn=root\nserver: server issuer=root\ndevice: issuer=root");
    for (int i = 1; i < argc; i++)
        run_size(&w, (size_t)strtoull(argv[i], NULL, 10));
    if (argc == 1)
        run_size(&w, 1000000);
    cg_pki_free(w.pki);
    return 0;
}
