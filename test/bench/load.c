/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "load.h"

#include "lib/process.h"
#include "lib/tls_client.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool bench_start(int argc, char **argv, const char *more_arguments)
{
    bool quick = argc > 1 && strcmp(argv[1], "quick") == 0;
    if (!quick && !(argc > 1 && strcmp(argv[1], "full") == 0)) {
        fprintf(stderr, "usage: %s quick|full%s\n", argv[0], more_arguments);
        exit(64);
    }
    signal(SIGPIPE, SIG_IGN);
    return quick;
}

struct cg_pki *bench_pki(void)
{
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root\ncrl: crl issuer=root number=1");
    return pki;
}

void bench_devices(struct cg_pki *pki, size_t count, const char *issuer)
{
    for (size_t i = 0; i < count; i++) {
        char recipe[128];
        snprintf(recipe, sizeof recipe, "dev%zu: issuer=%s key=@dev", i, issuer);
        cg_pki_make(pki, recipe);
    }
}

static void add_latency(struct load *load, double ms)
{
    if (load->nlatency < load->room)
        load->latency_ms[load->nlatency++] = ms;
}

/* The next device, or always dev. */
static bool connect_valid(struct load *load)
{
    const struct peer_setup *setup = load->setup;
    char name[32] = "dev", id[48];
    if (setup->devices)
        snprintf(name, sizeof name, "dev%zu", load->connects % setup->devices);
    snprintf(id, sizeof id, "urn:dev:%s", name);
    const struct cg_client_spec spec = {.port = load->peer->port,
                                        .leaf = cg_pki_cert(setup->pki, name),
                                        .chain = load->chain,
                                        .key = cg_pki_key(setup->pki, name),
                                        .version = load->version,
                                        .client_id = id,
                                        .wait_ms = 60000};
    struct cg_client_result result;
    int64_t began = cg_now_us();
    cg_client_connect(&spec, &result);
    add_latency(load, (double)(cg_now_us() - began) / 1000);
    bool accepted = result.accepted;
    load->accepted += accepted;
    if (!accepted)
        fprintf(stderr, "%s refused a valid client: alert %d, CONNACK %d, %s\n", load->peer->row->name, result.alert,
                result.connack, result.error);
    cg_client_close(&result);
    return accepted;
}

void load_open(struct load *load, const struct peer *peer, const struct peer_setup *setup, int version)
{
    *load = (struct load){.peer = peer, .setup = setup, .attempt = connect_valid, .version = version, .room = 100000};
    load->chain = cg_pki_stack(setup->pki, setup->three ? "inter" : "");
    load->cpu_ms = calloc(load->room, sizeof *load->cpu_ms);
    load->latency_ms = calloc(load->room, sizeof *load->latency_ms);
    if (!load->cpu_ms || !load->latency_ms)
        abort();
}

void load_close(struct load *load)
{
    sk_X509_pop_free(load->chain, X509_free);
    free(load->cpu_ms);
    free(load->latency_ms);
    *load = (struct load){0};
}

void load_reset(struct load *load)
{
    load->ncpu = load->nlatency = load->accepted = 0;
}

bool load_round(struct load *load, size_t connects)
{
    int64_t before = peer_cpu_us(load->peer);
    for (size_t i = 0; i < connects; i++, load->connects++)
        if (!load->attempt(load))
            return false;
    cg_pause_ms(5); /* lets the server end the last session */
    if (load->ncpu < load->room)
        load->cpu_ms[load->ncpu++] = (double)(peer_cpu_us(load->peer) - before) / 1000 / (double)connects;
    return true;
}

double bench_median(const double *values, size_t count)
{
    double *sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted)
        abort();
    memcpy(sorted, values, count * sizeof *sorted);
    double median = cg_percentile(sorted, count, 0.5);
    free(sorted);
    return median;
}

double load_cpu_ms(const struct load *load)
{
    return bench_median(load->cpu_ms, load->ncpu);
}

double load_latency_ms(struct load *load, double share)
{
    return cg_percentile(load->latency_ms, load->nlatency, share);
}

void bench_print_rounds(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%c%.4f", i ? ',' : '\t', values[i]);
    putchar('\n');
    fflush(stdout);
}

void load_print_rounds(const struct load *load)
{
    bench_print_rounds(load->cpu_ms, load->ncpu);
}

/* The servers share one core, and the clients have the others. Else a server looks slower for as long as the scheduler leaves
 * it on the core that also has other work. */
static void choose_cores(bool servers)
{
    static cpu_set_t all;
    cpu_set_t chosen;
    int first = 0;
    if (CPU_COUNT(&all) == 0 && sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    if (CPU_COUNT(&all) < 2)
        return;
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&chosen);
    CPU_SET(first, &chosen);
    if (!servers)
        CPU_XOR(&chosen, &chosen, &all);
    sched_setaffinity(0, sizeof chosen, &chosen);
}

size_t bench_servers_start(struct bench_server servers[BENCH_SERVERS_MAX], const char *const *names,
                           const struct peer_setup *setup, int version)
{
    size_t count = 0;
    choose_cores(true);
    for (; *names && count < BENCH_SERVERS_MAX; names++)
        if (peer_start(&servers[count].peer, peer_row(*names), setup)) {
            load_open(&servers[count].load, &servers[count].peer, setup, version);
            servers[count++].failed = false;
        }
    choose_cores(false);
    return count;
}

bool bench_servers_measure(struct bench_server *servers, size_t count, size_t rounds, size_t connects)
{
    bool ok = true;
    for (size_t round = 0; round <= rounds; round++)
        for (size_t i = 0; i < count; i++) {
            struct bench_server *server = &servers[round % 2 ? count - 1 - i : i];
            if (!server->failed && !load_round(&server->load, connects)) {
                server->failed = true;
                peer_explain(&server->peer, stderr);
            }
            ok = ok && !(server->failed && server->peer.row->kind == PEER_CERTGUARD);
            if (round == 0) /* warm-up */
                load_reset(&server->load);
        }
    return ok;
}

void bench_servers_stop(struct bench_server *servers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        load_close(&servers[i].load);
        peer_stop(&servers[i].peer);
    }
}
