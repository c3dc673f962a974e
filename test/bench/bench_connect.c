/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cost of a connection, compared with the peers:  bench_connect quick|full [CRL-ENTRIES]
 * Measures TLS 1.2 and 1.3, P-256 and RSA, chains of 2 and 3 certificates, known devices and certificates that the servers have
 * not seen before, then CRLs of increasing size; with CRL-ENTRIES, only a CRL of that size. The servers of a table take turns,
 * round by round. Medians are those of the rounds.
 * Prints tab-separated lines: connect, TLS, key, chain, CRL entries, server, CPU ms, p50 ms, p99 ms, resident KiB, CPU ms of
 * each round. "first" instead of "connect": each connection of a server has another certificate. */
#include "lib/large_crl.h"
#include "load.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const all_peers[] = {"bare OpenSSL server",
                                        "stock",
                                        "stock, nodelay",
                                        "stock, nodelay, no tickets",
                                        "certguard, default",
                                        "certguard, all rules",
                                        "HAProxy + stock",
                                        "stunnel + stock",
                                        NULL};
static const char *const crl_peers[] = {"stock, nodelay", "certguard, default", "HAProxy + stock", "stunnel + stock",
                                        NULL};

static const char *const first_peers[] = {"stock, nodelay", "stock, nodelay, no tickets", "certguard, default",
                                          "certguard, all rules", NULL};

static const struct table {
    int version;
    const char *key;
    bool three;
    bool quick; /* part of the quick form */
} tables[] = {
    {TLS1_3_VERSION, "p256", false, true},    {TLS1_2_VERSION, "p256", false, true},
    {TLS1_3_VERSION, "p256", true, false},    {TLS1_2_VERSION, "p256", true, false},
    {TLS1_3_VERSION, "rsa2048", false, true}, {TLS1_2_VERSION, "rsa2048", false, false},
    {TLS1_3_VERSION, "rsa2048", true, false}, {TLS1_2_VERSION, "rsa2048", true, false},
};

static const struct size {
    size_t entries, rounds, connects;
    bool quick;
} sizes[] = {
    {0, 11, 20, true}, {1000, 11, 20, true}, {100000, 11, 10, true}, {1000000, 7, 8, false}, {10000000, 2, 3, false}};

static struct cg_pki *make_pki(const char *key, bool three)
{
    struct cg_pki *pki = cg_pki_new(time(NULL));
    char recipe[512];
    snprintf(recipe, sizeof recipe,
             "root: ca cn=root key=%s\ninter: ca cn=inter issuer=root key=%s\nserver: server issuer=%s key=%s\n"
             "dev: issuer=%s key=%s\ncrl: crl issuer=root number=1\ninter-crl: crl issuer=inter number=1",
             key, key, three ? "inter" : "root", key, three ? "inter" : "root", key);
    cg_pki_make(pki, recipe);
    return pki;
}

static void print_load(const char *what, struct load *load, const struct table *table, size_t entries)
{
    printf("%s\t%s\t%s\t%d\t%zu\t%s\t%.3f\t%.3f\t%.3f\t%ld", what, load->version == TLS1_3_VERSION ? "1.3" : "1.2",
           strcmp(table->key, "p256") == 0 ? "P-256" : "RSA-2048", table->three ? 3 : 2, entries, load->peer->row->name,
           load_cpu_ms(load), load_latency_ms(load, 0.5), load_latency_ms(load, 0.99), peer_rss_kib(load->peer));
    load_print_rounds(load);
}

/* Measures all servers of names that start here, in turns. False if certguard failed. */
static bool run(const char *const *names, const struct peer_setup *setup, const struct table *table, size_t entries,
                size_t rounds, size_t connects)
{
    static struct bench_server servers[BENCH_SERVERS_MAX];
    size_t count = bench_servers_start(servers, names, setup, table->version);
    bool ok = bench_servers_measure(servers, count, rounds, connects);
    for (size_t i = 0; i < count; i++)
        if (!servers[i].failed)
            print_load(setup->devices ? "first" : "connect", &servers[i].load, table, entries);
    bench_servers_stop(servers, count);
    return ok;
}

static bool run_table(const struct table *table, bool quick)
{
    struct cg_pki *pki = make_pki(table->key, table->three);
    const size_t rounds = quick ? 7 : 21, connects = quick ? 15 : 30, devices = (rounds + 1) * connects;
    const struct peer_setup known = {.pki = pki, .three = table->three},
                            first = {.pki = pki, .three = table->three, .devices = devices};
    bool ok = run(all_peers, &known, table, 0, rounds, connects);
    bench_devices(pki, devices, table->three ? "inter" : "root");
    ok = run(first_peers, &first, table, 0, rounds, connects) && ok;
    cg_pki_free(pki);
    return ok;
}

static bool run_crl(const struct size *size)
{
    struct cg_pki *pki = make_pki("p256", false);
    const struct ca ca = {cg_pki_cert(pki, "root"), cg_pki_key(pki, "root")};
    char path[600];
    size_t len;
    snprintf(path, sizeof path, "%s/bench-crl-%d.pem", getenv("CG_TEST_TMP") ? getenv("CG_TEST_TMP") : "/tmp",
             getpid());
    unsigned char *der = large_crl_make(&ca, size->entries, time(NULL), 1, &len);
    large_crl_write(path, der, len, true);
    free(der);
    const struct peer_setup setup = {.pki = pki, .crl_file = path};
    bool ok = run(crl_peers, &setup, &tables[0], size->entries, size->rounds, size->connects);
    unlink(path);
    cg_pki_free(pki);
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, " [CRL-ENTRIES]"), ok = true;
    size_t only = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    for (size_t i = 0; !only && i < sizeof tables / sizeof *tables; i++)
        ok = ((quick && !tables[i].quick) || run_table(&tables[i], quick)) && ok;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (only ? sizes[i].entries == only : !quick || sizes[i].quick)
            ok = run_crl(&sizes[i]) && ok;
    return !ok;
}
