/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Loading a large CRL into a running broker: how long the loop is blocked, the peak memory, the memory kept, and the cost of a
 * connection before and after. For certguard, and for stock Mosquitto with crlfile and SIGHUP.
 *   bench_crl_live [ENTRIES...]    1000000 by default; with 10000000, stock needs 5 GB
 * Prints tab-separated lines: crl_live, server, entries, MB of DER, seconds until it is in use, longest round trip ms: while
 * loading, idle; peak memory as a multiple of the DER, bytes kept per entry, CPU ms per connection: with it, with an empty
 * CRL. */
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

#define CONNECTS 300 /* per round; a tenth for stock with the large CRL */
#define LOAD_MS  300000
#define QUIET_MS 2000

struct bench {
    struct cg_pki *pki;
    struct cg_broker *broker;
    bool stock;
    unsigned char *der;
    size_t len, entries;
};

static struct cg_client_spec client(const struct bench *b, const char *id)
{
    return (struct cg_client_spec){.port = cg_broker_port(b->broker),
                                   .leaf = cg_pki_cert(b->pki, "device"),
                                   .key = cg_pki_key(b->pki, "device"),
                                   .client_id = id,
                                   .wait_ms = 60000};
}

/* The broker's CPU time per connection in ms. It includes all threads, so nothing else may run in the broker. */
static double connect_cpu_ms(const struct bench *b, int connects)
{
    const struct cg_client_spec spec = client(b, "connects");
    int64_t before = cg_process_cpu_us(cg_broker_pid(b->broker));
    for (int i = 0; i < connects; i++) {
        struct cg_client_result result;
        cg_client_connect(&spec, &result);
        if (!result.accepted) {
            fprintf(stderr, "a valid client was refused: alert %d, %s\n", result.alert, result.error);
            exit(1);
        }
        cg_client_close(&result);
    }
    return (double)(cg_process_cpu_us(cg_broker_pid(b->broker)) - before) / 1000 / connects;
}

static void put_crl(const struct bench *b, const unsigned char *der, size_t len)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", cg_broker_folder(b->broker), b->stock ? "large.pem" : "large.der");
    large_crl_write(path, der, len, b->stock);
}

static bool start(struct bench *b, const struct ca *ca)
{
    char crlfile[800];
    size_t len;
    b->broker = cg_broker_new("crl-live");
    const char *folder = cg_broker_folder(b->broker);
    unsigned char *der = large_crl_make(ca, 0, time(NULL), 1, &len);
    cg_pki_write_folder(b->pki, folder, "root", "server", "");
    put_crl(b, der, len);
    free(der);
    cg_broker_write(b->broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"large.der\"}, \"log\": {\"file\": "
                    "\"events.jsonl\"}}");
    snprintf(crlfile, sizeof crlfile, "crlfile %s/large.pem\n", folder);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json",
                                        .global = "set_tcp_nodelay true\n",
                                        .listener = b->stock ? crlfile : NULL,
                                        .stock = b->stock};
    return cg_broker_start(b->broker, &spec);
}

static bool in_use(const struct bench *b)
{
    char *log = cg_broker_read(b->broker, b->stock ? CG_BROKER_LOG : CG_BROKER_EVENTS);
    bool found = strstr(log, b->stock ? "Reloading config" : "number 2 (previously 1)") != NULL;
    free(log);
    return found;
}

/* Loads the large CRL and measures how long the loop is blocked. Returns the time in ms until the CRL is in use. */
static double load(struct bench *b, struct cg_pinger *pinger, double *stall_ms)
{
    put_crl(b, b->der, b->len);
    cg_pinger_worst_ms(pinger, NULL);
    int64_t begin = cg_now_us();
    if (b->stock)
        kill(cg_broker_pid(b->broker), SIGHUP);
    while (!in_use(b) && cg_now_us() - begin < LOAD_MS * INT64_C(1000))
        cg_pause_ms(5);
    double took = (double)(cg_now_us() - begin) / 1000;
    /* stock logs the reload before it loads the CRL, so wait until it answers quickly again */
    double worst_ms = *stall_ms = 0;
    do {
        cg_pause_ms(QUIET_MS);
        worst_ms = cg_pinger_worst_ms(pinger, NULL);
        *stall_ms = worst_ms > *stall_ms ? worst_ms : *stall_ms;
    } while (worst_ms > QUIET_MS / 2.0 && cg_now_us() - begin < LOAD_MS * INT64_C(1000));
    return took;
}

static void measure(struct bench *b, const struct ca *ca)
{
    if (!start(b, ca)) {
        fprintf(stderr, "the broker does not start\n");
        exit(1);
    }
    int pid = cg_broker_pid(b->broker);
    const struct cg_client_spec watcher = client(b, "watcher");
    connect_cpu_ms(b, CONNECTS);
    double before_ms = connect_cpu_ms(b, CONNECTS);
    struct cg_pinger *pinger = cg_pinger_start(&watcher);
    cg_pause_ms(QUIET_MS);
    double quiet = cg_pinger_worst_ms(pinger, NULL), stall = 0;
    long rss = cg_process_rss_kib(pid);
    cg_process_reset_peak(pid);
    double took = load(b, pinger, &stall);
    long peak = cg_process_peak_kib(pid), kept = cg_process_rss_kib(pid);
    bool alive = cg_pinger_stop(pinger);
    double after_ms = connect_cpu_ms(b, b->stock ? CONNECTS / 10 : CONNECTS);
    if (!alive)
        fprintf(stderr, "%s with %zu entries: the broker ended the measuring session\n",
                b->stock ? "stock" : "certguard", b->entries);
    printf("crl_live\t%s\t%zu\t%zu\t", b->stock ? "stock and SIGHUP" : "certguard", b->entries, b->len / 1000000);
    if (b->stock) /* it does not log when the CRL is in use */
        printf("-");
    else
        printf("%.2f", took / 1000);
    printf("\t%.1f\t%.1f\t%.2f\t%.1f\t%.3f\t%.3f\n", stall, quiet, (double)(peak - rss) * 1024 / (double)b->len,
           (double)(kept - rss) * 1024 / (double)b->entries, after_ms, before_ms);
    fflush(stdout);
    cg_broker_stop(b->broker);
    cg_broker_free(b->broker, false);
}

static void run_size(struct bench *b, size_t entries)
{
    const struct ca ca = {cg_pki_cert(b->pki, "root"), cg_pki_key(b->pki, "root")};
    b->entries = entries;
    b->der = large_crl_make(&ca, entries, time(NULL), 2, &b->len);
    for (int stock = 0; stock < 2; stock++) {
        b->stock = stock;
        measure(b, &ca);
    }
    free(b->der);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    struct bench b = {.pki = cg_pki_new(time(NULL))};
    cg_pki_make(b.pki, "root: ca cn=root\nserver: server issuer=root\ndevice: issuer=root");
    for (int i = 1; i < argc; i++)
        run_size(&b, (size_t)strtoull(argv[i], NULL, 10));
    if (argc == 1)
        run_size(&b, 1000000);
    cg_pki_free(b.pki);
    return 0;
}
