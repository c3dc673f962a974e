/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The number of instructions that the broker executes for a connection, counted by callgrind of valgrind. Unlike CPU time, it
 * does not depend on other load on the machine. A second run with fewer connections gives the cost of the broker's startup,
 * which is subtracted.
 *   bench_instructions quick|full
 * Valgrind emulates an older processor, so cryptography needs more instructions than without it.
 * "known": one device connects again and again. "first": each connection has another certificate.
 * Prints tab-separated lines: instructions, TLS, key, server, thousands of instructions per connection, known or first. */
#include "load.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW 5 /* connections in both runs */

static const char *const names[] = {"stock, nodelay", "stock, nodelay, no tickets", "certguard, default",
                                    "certguard, all rules"};

/* The number in callgrind's last line, "Collected : N"; -1 if there is none. */
static double read_count(const struct cg_broker *broker)
{
    char *log = cg_broker_read(broker, CG_BROKER_LOG), *at = strstr(log, "Collected : ");
    double count = at ? strtod(at + 12, NULL) : -1;
    free(log);
    return count;
}

static double count_run(const struct peer_row *row, const struct peer_setup *setup, int version, size_t connects)
{
    struct peer peer;
    struct load load;
    double count = -1;
    if (!peer_start(&peer, row, setup))
        return -1;
    load_open(&load, &peer, setup, version);
    if (load_round(&load, connects) && cg_broker_stop(peer.broker))
        count = read_count(peer.broker);
    load_close(&load);
    peer_stop(&peer);
    return count;
}

static bool count_connects(const struct peer_setup *setup, int version, const char *key, size_t connects)
{
    bool ok = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double few = count_run(peer_row(names[i]), setup, version, FEW),
               many = count_run(peer_row(names[i]), setup, version, FEW + connects);
        if (few > 0 && many > few)
            printf("instructions\t%s\t%s\t%s\t%.0f\t%s\n", version == TLS1_3_VERSION ? "1.3" : "1.2", key, names[i],
                   (many - few) / (double)connects / 1000, setup->devices ? "first" : "known");
        else
            ok = false;
        fflush(stdout);
    }
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, "");
    setenv("CG_MOSQUITTO_WRAPPER", "valgrind --tool=callgrind --callgrind-out-file=/dev/null", 1);
    struct cg_pki *pki = bench_pki();
    size_t connects = quick ? 10 : 100;
    const struct peer_setup setups[] = {{.pki = pki}, {.pki = pki, .devices = FEW + connects}};
    bool ok = true;
    bench_devices(pki, FEW + connects, "root", "p256");
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        ok = count_connects(&setups[i], TLS1_3_VERSION, "P-256", connects) && ok;
        if (!quick)
            ok = count_connects(&setups[i], TLS1_2_VERSION, "P-256", connects) && ok;
    }
    cg_pki_free(pki);
    return !ok;
}
