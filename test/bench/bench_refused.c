/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cost of a client that is refused, by kind, compared with stock Mosquitto:  bench_refused quick|full [KIND]
 * The servers take turns, round by round. KIND: only the kinds whose name contains it. Kinds that do not depend on the TLS version are measured once.
 * Prints tab-separated lines: refused, TLS, kind, server, share of the clients that the server accepted, CPU ms, CPU ms of each
 * round. */
#include "refusal.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"stock, nodelay", "stock, nodelay, no tickets", "certguard, default", NULL};

static bool measure(struct bench_server *servers, size_t count, const struct refusal *refusal, bool quick)
{
    for (size_t i = 0; i < count; i++)
        refusal_load(&servers[i].load, refusal);
    /* clients that are refused at their first bytes cost little, and need more attempts to rise above the noise */
    const size_t rounds = quick ? 7 : 31, connects = (quick ? 10 : 20) * (refusal_any_version(refusal) ? 10 : 1);
    bool ok = bench_servers_measure(servers, count, rounds, connects);
    for (size_t i = 0; i < count; i++) {
        const struct load *load = &servers[i].load;
        const char *version = load->version == TLS1_3_VERSION ? "1.3" : "1.2";
        if (servers[i].failed)
            continue;
        printf("refused\t%s\t%s\t%s\t%.2f\t%.4f", refusal_any_version(refusal) ? "-" : version, refusal->name,
               load->peer->row->name, (double)load->accepted / (double)load->connects, load_cpu_ms(load));
        load_print_rounds(load);
    }
    return ok;
}

/* Whether servers with a CRL, or without, refuse this kind, and clients of this TLS version are of this kind. */
static bool applies(const struct refusal *refusal, const char *only, int version, bool crl)
{
    return refusal->crl == crl && strstr(refusal->name, only) &&
           (version == TLS1_3_VERSION || !refusal_any_version(refusal));
}

static bool run(const struct cg_pki *pki, const char *only, int version, const char *crl_file, bool quick)
{
    static struct bench_server servers[BENCH_SERVERS_MAX];
    const struct peer_setup setup = {.pki = pki, .crl_file = crl_file};
    size_t count = bench_servers_start(servers, names, &setup, version);
    bool ok = count == sizeof names / sizeof *names - 1;
    for (size_t i = 0; i < count; i++)
        if (!crl_file && !refusal_introduce(&servers[i].load)) {
            fprintf(stderr, "%s refused a valid client\n", servers[i].peer.row->name);
            ok = false;
        }
    for (size_t i = 0; ok && i < refusals_count; i++)
        if (applies(&refusals[i], only, version, crl_file != NULL))
            ok = measure(servers, count, &refusals[i], quick);
    bench_servers_stop(servers, count);
    return ok;
}

int main(int argc, char **argv)
{
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    bool quick = bench_start(argc, argv, " [KIND]"), ok = true;
    struct cg_pki *pki = refusal_pki();
    const char *only = argc > 2 ? argv[2] : "";
    char crl[REFUSAL_PATH];
    refusal_write_crl(pki, crl);
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        ok = run(pki, only, versions[i], NULL, quick) && ok;
        ok = run(pki, only, versions[i], crl, quick) && ok;
    }
    unlink(crl);
    cg_pki_free(pki);
    return !ok;
}
