/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "load.h"

#include "lib/process.h"
#include "lib/tls_client.h"

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

void load_open(struct load *load, const struct peer *peer, const struct peer_setup *setup, int version)
{
    *load = (struct load){.peer = peer, .setup = setup, .version = version, .room = 100000};
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
    load->ncpu = load->nlatency = 0;
}

/* Time until the CONNACK in ms; -1: refused. */
static double connect_once(const struct load *load)
{
    const struct cg_client_spec spec = {.port = load->peer->port,
                                        .leaf = cg_pki_cert(load->setup->pki, "dev"),
                                        .chain = load->chain,
                                        .key = cg_pki_key(load->setup->pki, "dev"),
                                        .version = load->version,
                                        .client_id = "urn:dev:dev",
                                        .wait_ms = 60000};
    struct cg_client_result result;
    int64_t began = cg_now_us();
    cg_client_connect(&spec, &result);
    double ms = (double)(cg_now_us() - began) / 1000;
    bool accepted = result.accepted;
    if (!accepted)
        fprintf(stderr, "%s refused a valid client: alert %d, CONNACK %d, %s\n", load->peer->row->name, result.alert,
                result.connack, result.error);
    cg_client_close(&result);
    return accepted ? ms : -1;
}

bool load_round(struct load *load, size_t connects)
{
    int64_t before = peer_cpu_us(load->peer);
    for (size_t i = 0; i < connects; i++) {
        double ms = connect_once(load);
        if (ms < 0)
            return false;
        if (load->nlatency < load->room)
            load->latency_ms[load->nlatency++] = ms;
    }
    cg_pause_ms(5); /* lets the server end the last session */
    if (load->ncpu < load->room)
        load->cpu_ms[load->ncpu++] = (double)(peer_cpu_us(load->peer) - before) / 1000 / (double)connects;
    return true;
}

double load_cpu_ms(struct load *load)
{
    return cg_percentile(load->cpu_ms, load->ncpu, 0.5);
}

double load_latency_ms(struct load *load, double share)
{
    return cg_percentile(load->latency_ms, load->nlatency, share);
}
