/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The number of instructions that the broker executes for a connection, counted by callgrind of valgrind. Unlike CPU time, it
 * does not depend on other load on the machine. A second run with fewer connections gives the cost of the broker's startup,
 * which is subtracted.
 *   bench_instructions quick|full
 * Valgrind emulates an older processor, so cryptography needs more instructions than without it.
 * Prints tab-separated lines: instructions, TLS, key, server, thousands of instructions per connection, kind of client: known
 * (one device connects again and again), first (each connection has another certificate), or of the table in refusal.c. */
#include "refusal.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FEW 5 /* connections in both runs */

static const struct {
    const char *name;
    bool main; /* the only ones for refused clients, and for first contact in the quick form */
} servers[] = {
    {"stock, nodelay", false},
    {"stock, nodelay, no tickets", true},
    {"certguard, default", true},
    {"certguard, all rules", false},
};

/* What connects. */
struct clients {
    struct peer_setup setup;
    int version;
    const struct refusal *refusal; /* NULL: valid clients */
};

/* The number in callgrind's last line, "Collected : N"; -1 if there is none. */
static double read_count(const struct cg_broker *broker)
{
    char *log = cg_broker_read(broker, CG_BROKER_LOG), *at = strstr(log, "Collected : ");
    double count = at ? strtod(at + 12, NULL) : -1;
    free(log);
    return count;
}

static bool connect_all(struct load *load, const struct clients *clients, size_t connects)
{
    if (clients->refusal) {
        if (!clients->refusal->crl && !refusal_introduce(load))
            return false;
        refusal_load(load, clients->refusal);
    }
    return load_round(load, connects);
}

static double count_run(const struct peer_row *row, const struct clients *clients, size_t connects)
{
    struct peer peer;
    struct load load;
    double count = -1;
    if (!peer_start(&peer, row, &clients->setup))
        return -1;
    load_open(&load, &peer, &clients->setup, clients->version);
    if (connect_all(&load, clients, connects) && cg_broker_stop(peer.broker))
        count = read_count(peer.broker);
    load_close(&load);
    peer_stop(&peer);
    return count;
}

static bool count_connects(const struct clients *clients, bool all_servers, size_t connects)
{
    const char *version = clients->version == TLS1_3_VERSION ? "1.3" : "1.2",
               *kind = clients->refusal         ? clients->refusal->name
                       : clients->setup.devices ? "first"
                                                : "known";
    bool ok = true;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        if (!all_servers && !servers[i].main)
            continue;
        const struct peer_row *row = peer_row(servers[i].name);
        double few = count_run(row, clients, FEW), many = count_run(row, clients, FEW + connects);
        if (few > 0 && many > few)
            printf("instructions\t%s\tP-256\t%s\t%.0f\t%s\n", version, servers[i].name,
                   (many - few) / (double)connects / 1000, kind);
        else
            ok = false;
        fflush(stdout);
    }
    return ok;
}

static bool count_valid(struct cg_pki *pki, bool quick)
{
    const size_t connects = quick ? 10 : 30;
    bool ok = true;
    bench_devices(pki, FEW + connects, "root");
    for (int first = 0; first < 2; first++) {
        struct clients clients = {.setup = {.pki = pki, .devices = first ? FEW + connects : 0},
                                  .version = TLS1_3_VERSION};
        ok = count_connects(&clients, !quick || !first, connects) && ok;
        clients.version = TLS1_2_VERSION;
        ok = (quick || count_connects(&clients, true, connects)) && ok;
    }
    return ok;
}

static bool count_refused(const struct cg_pki *pki)
{
    char crl[REFUSAL_PATH];
    bool ok = true;
    refusal_write_crl(pki, crl);
    for (size_t i = 0; i < refusals_count; i++) {
        const struct clients clients = {.setup = {.pki = pki, .crl_file = refusals[i].crl ? crl : NULL},
                                        .version = TLS1_3_VERSION,
                                        .refusal = &refusals[i]};
        ok = count_connects(&clients, false, refusal_any_version(&refusals[i]) ? 200 : 10) && ok;
    }
    unlink(crl);
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, "");
    setenv("CG_MOSQUITTO_WRAPPER", "valgrind --tool=callgrind --callgrind-out-file=/dev/null", 1);
    struct cg_pki *pki = refusal_pki();
    bool ok = count_valid(pki, quick);
    ok = (quick || count_refused(pki)) && ok;
    cg_pki_free(pki);
    return !ok;
}
