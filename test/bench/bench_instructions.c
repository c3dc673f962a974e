/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Instructions that the broker runs for one connect, counted by valgrind's callgrind: unlike CPU time they do not depend
 * on what else the machine does. The start of the broker is taken off by a second run with fewer connects.
 *   bench_instructions quick|full
 * Valgrind offers OpenSSL an older processor, so the cryptography costs more of them than it does outside.
 * Prints tab-separated lines: instructions, TLS, key, server, thousands of instructions a connect. */
#include "load.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const names[] = {"stock, nodelay", "stock, nodelay, no tickets", "certguard, default",
                                    "certguard, all rules"};

/* What callgrind says at the end, "Collected : N"; -1 without it. */
static double collected(const struct cg_broker *broker)
{
    char *log = cg_broker_read(broker, CG_BROKER_LOG), *at = strstr(log, "Collected : ");
    double count = at ? strtod(at + 12, NULL) : -1;
    free(log);
    return count;
}

static double count_run(const struct peer_row *row, const struct peer_world *world, int version, size_t connects)
{
    struct peer peer;
    struct load load;
    double count = -1;
    if (!peer_start(&peer, row, world))
        return -1;
    load_open(&load, &peer, world, version);
    if (load_round(&load, connects) && cg_broker_stop(peer.broker))
        count = collected(peer.broker);
    load_close(&load);
    peer_stop(&peer);
    return count;
}

static bool count_connects(const struct peer_world *world, int version, const char *key, size_t connects)
{
    bool ok = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double few = count_run(peer_row(names[i]), world, version, 5),
               many = count_run(peer_row(names[i]), world, version, 5 + connects);
        if (few > 0 && many > few)
            printf("instructions\t%s\t%s\t%s\t%.0f\n", version == TLS1_3_VERSION ? "1.3" : "1.2", key, names[i],
                   (many - few) / (double)connects / 1000);
        else
            ok = false;
        fflush(stdout);
    }
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = argc == 2 && strcmp(argv[1], "quick") == 0;
    if (!quick && !(argc == 2 && strcmp(argv[1], "full") == 0)) {
        fprintf(stderr, "usage: bench_instructions quick|full\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    setenv("CG_MOSQUITTO_WRAPPER", "valgrind --tool=callgrind --callgrind-out-file=/dev/null", 1);
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root\ncrl: crl issuer=root number=1");
    const struct peer_world world = {.pki = pki};
    bool ok = count_connects(&world, TLS1_3_VERSION, "P-256", quick ? 10 : 100);
    if (!quick)
        ok = count_connects(&world, TLS1_2_VERSION, "P-256", 100) && ok;
    cg_pki_free(pki);
    return !ok;
}
