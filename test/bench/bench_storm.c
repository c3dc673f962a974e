/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A reconnect storm: MQTT clients over mutual TLS 1.3 (P-256; each has its own certificate, key and client id) are connected,
 * lose the broker, and come back all at once:  bench_storm quick|full [CLIENTS [ROUNDS [SERVER]]]
 * quick: 500 clients, one round; full: 5000 clients, three rounds. Cases: "cut": all connections are reset while the broker
 * runs; "restart": all server processes are restarted, and the clients connect as soon as they listen. The servers take turns,
 * round by round; only one runs at a time. All clients run in this process, in one thread.
 * Prints a tab-separated line for each server, case and round:
 *   storm, case (cut or restart), clients, server (a name of servers[]), round (from 1),
 *   s until the last client has its CONNACK, s of the median client, s of the 99th percentile (from the first connect),
 *   CPU s of all server processes, CPU s of the clients (this process),
 *   retries (attempts after a client's first: refused or ended connections, tried again after 1 s),
 *   failed clients (without CONNACK after 60 s; they count as 60 s),
 *   dropped SYNs (of this machine: the accept queue was full; the client's kernel repeats the SYN after 1 s, 3 s, 7 s, ...),
 *   resumed TLS sessions, peak KiB of resident memory of all server processes since their start. */
#include "fleet.h"
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETUP_PARALLEL 32

static const struct server {
    const char *name, *row;
    const char *policy; /* of the row "certguard" */
    bool tickets;       /* the clients use them */
} servers[] = {
    {"stock", "stock, nodelay", NULL, false},
    {"stock, no tickets", "stock, nodelay, no tickets", NULL, false},
    {"certguard, default", "certguard, default", NULL, false},
    {"certguard, all rules", "certguard, all rules", NULL, false},
    {"certguard, bound tickets", "certguard",
     "{\"trust\": {\"anchors\": \"ca.pem\"}, \"tls\": {\"resumption\": \"bound\"}}", true},
    {"HAProxy + stock", "HAProxy + stock", NULL, false},
    {"nginx + stock", "nginx + stock", NULL, false},
};
#define NSERVERS (sizeof servers / sizeof *servers)

/* SYNs to full accept queues since the machine started: the column ListenDrops of /proc/net/netstat. */
static long dropped_syns(void)
{
    char names[4096], values[4096], *name_rest = names, *value_rest = values;
    long dropped = 0;
    FILE *in = fopen("/proc/net/netstat", "re");
    if (!in)
        return 0;
    if (fgets(names, sizeof names, in) && fgets(values, sizeof values, in))
        for (const char *name, *value; (name = strsep(&name_rest, " ")) && (value = strsep(&value_rest, " "));)
            if (strcmp(name, "ListenDrops") == 0)
                dropped = strtol(value, NULL, 10);
    fclose(in);
    return dropped;
}

static void storm(struct fleet *fleet, const struct peer *peer, const char *name, const char *what, size_t clients,
                  size_t round)
{
    struct fleet_result result;
    long dropped = dropped_syns();
    int64_t cpu_us = peer_cpu_us(peer);
    fleet_connect(fleet, peer->port, clients, &result);
    cpu_us = peer_cpu_us(peer) - cpu_us;
    printf("storm\t%s\t%zu\t%s\t%zu\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%zu\t%zu\t%ld\t%zu\t%ld\n", what, clients, name,
           round, result.all_s, result.p50_s, result.p99_s, (double)cpu_us / 1e6, result.cpu_s, result.retries,
           result.failed, dropped_syns() - dropped, result.resumed, peer_peak_kib(peer));
    fflush(stdout);
}

/* Both cases with one server. False: it does not start. */
static bool measure(const struct server *server, const struct cg_pki *pki, struct fleet *fleet, size_t clients,
                    size_t round)
{
    const struct peer_row *row = peer_row(server->row);
    const struct peer_setup setup = {.pki = pki, .policy = server->policy};
    struct fleet_result ignored;
    struct peer peer;
    if (!peer_start(&peer, row, &setup))
        return false;
    fleet_keep_tickets(fleet, server->tickets);
    fleet_connect(fleet, peer.port, SETUP_PARALLEL, &ignored);
    fleet_cut(fleet);
    storm(fleet, &peer, server->name, "cut", clients, round);
    peer_stop(&peer);
    fleet_cut(fleet);
    bool ok = peer_start(&peer, row, &setup);
    if (ok) {
        storm(fleet, &peer, server->name, "restart", clients, round);
        peer_stop(&peer);
    }
    fleet_cut(fleet);
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, " [CLIENTS [ROUNDS [SERVER]]]"), missing[NSERVERS] = {false}, ok = true;
    size_t clients = argc > 2 ? strtoul(argv[2], NULL, 10) : quick ? 500 : 5000;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : quick ? 1 : 3;
    const char *only = argc > 4 ? argv[4] : NULL;
    struct cg_pki *pki = bench_pki();
    struct fleet *fleet = fleet_new(pki, clients);
    for (size_t round = 1; round <= rounds; round++)
        for (size_t i = 0; i < NSERVERS; i++) {
            if (only && strcmp(only, servers[i].name) != 0)
                continue;
            missing[i] = missing[i] || !measure(&servers[i], pki, fleet, clients, round);
            ok = ok && !(missing[i] && peer_row(servers[i].row)->kind == PEER_CERTGUARD);
        }
    fleet_free(fleet);
    cg_pki_free(pki);
    return !ok;
}
