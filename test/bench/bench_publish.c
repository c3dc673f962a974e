/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How long a connection of a real client takes, with the options that its users leave alone:  bench_publish quick|full
 * The servers take turns, one connection at a time. A client that is not installed is left out.
 * Prints tab-separated lines: publish, client, server, median ms, ms of each connection. */
#include "lib/process.h"
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {"stock", "stock, nodelay", "certguard, default", NULL};

/* Commands of the shell. A client that prints a number took that many ms, else the whole command counts. */
static const struct client {
    const char *name, *is_installed, *command;
} clients[] = {
    {"`mosquitto_pub`, the whole command", "command -v mosquitto_pub >&2",
     "exec mosquitto_pub -h 127.0.0.1 -p $PORT --cafile $FOLDER/ca.pem --cert $FOLDER/dev.pem --key $FOLDER/dev.key -t "
     "bench -m 1"},
    {"Python's paho-mqtt, from the hello to the CONNACK", "/usr/bin/python3 -c 'import paho.mqtt.client' >&2",
     "exec /usr/bin/python3 " CG_BENCH_SOURCE "/publish.py $PORT $FOLDER"},
};

static bool run_command(struct load *load)
{
    char port[16], text[64] = "", *end = text;
    snprintf(port, sizeof port, "%u", load->peer->port);
    setenv("PORT", port, 1);
    setenv("FOLDER", cg_broker_folder(load->peer->broker), 1);
    int64_t began = cg_now_us();
    FILE *out = popen(load->command, "re");
    double ms = out && fgets(text, sizeof text, out) ? strtod(text, &end) : 0;
    bool ok = out && pclose(out) == 0;
    load->latency_ms[load->nlatency++] = end > text ? ms : (double)(cg_now_us() - began) / 1000;
    if (!ok)
        fprintf(stderr, "%s: this command failed: %s\n", load->peer->row->name, load->command);
    return ok;
}

static bool measure(struct bench_server *servers, size_t count, const struct client *client, bool quick)
{
    for (size_t i = 0; i < count; i++) {
        servers[i].load.attempt = run_command;
        servers[i].load.command = client->command;
        load_reset(&servers[i].load);
    }
    bool ok = bench_servers_measure(servers, count, quick ? 11 : 41, 1);
    for (size_t i = 0; i < count; i++) {
        const struct load *load = &servers[i].load;
        if (servers[i].failed)
            continue;
        printf("publish\t%s\t%s\t%.2f", client->name, load->peer->row->name,
               bench_median(load->latency_ms, load->nlatency));
        bench_print_rounds(load->latency_ms, load->nlatency);
    }
    return ok;
}

int main(int argc, char **argv)
{
    static struct bench_server servers[BENCH_SERVERS_MAX];
    bool quick = bench_start(argc, argv, ""), ok = true;
    struct cg_pki *pki = bench_pki();
    const struct peer_setup setup = {.pki = pki};
    size_t count = bench_servers_start(servers, names, &setup, 0);
    for (size_t i = 0; i < count; i++) {
        const char *folder = cg_broker_folder(servers[i].peer.broker);
        cg_pki_write(pki, folder, "dev.pem", "dev");
        cg_pki_write_key(pki, folder, "dev.key", "dev");
    }
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
        ok = (system(clients[i].is_installed) != 0 || measure(servers, count, &clients[i], quick)) && ok;
    bench_servers_stop(servers, count);
    cg_pki_free(pki);
    return !ok;
}
