/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The time from a new certificate file until clients receive the certificate, how long the broker's loop is blocked in the
 * meantime, and the memory of a live session:  bench_reload quick|full
 * Stock Mosquitto gets the SIGHUP that it needs together with the file. Prints tab-separated lines:
 *   reload, server, rotations, median ms, maximum ms, longest round trip ms: idle, while reloading
 *   session, server, KiB per live session */
#include "lib/crowd.h"
#include "lib/pinger.h"
#include "lib/process.h"
#include "load.h"

#include <signal.h>
#include <stdio.h>

#define WAIT_MS 10000

static const char *const names[] = {"stock, nodelay", "certguard"};
static const char policy[] = "{\"trust\": {\"anchors\": \"ca.pem\"}, \"credential\": {\"chain\": \"chain.pem\", "
                             "\"key\": \"key.pem\"}}";

static struct cg_client_spec client_of(const struct peer *peer, const struct cg_pki *pki, const char *id)
{
    return (struct cg_client_spec){
        .port = peer->port, .leaf = cg_pki_cert(pki, "dev"), .key = cg_pki_key(pki, "dev"), .client_id = id};
}

/* True if a new connection receives this certificate. */
static bool serves(const struct peer *peer, const struct cg_pki *pki, const char *name)
{
    const struct cg_client_spec spec = client_of(peer, pki, "probe");
    struct cg_client_result result;
    cg_client_connect(&spec, &result);
    X509 *cert = result.ssl ? SSL_get1_peer_certificate(result.ssl) : NULL;
    bool same = cert && X509_cmp(cert, cg_pki_cert(pki, name)) == 0;
    X509_free(cert);
    cg_client_close(&result);
    return same;
}

static void replace(const char *folder, const char *file)
{
    char from[700], to[700];
    snprintf(from, sizeof from, "%s/new-%s", folder, file);
    snprintf(to, sizeof to, "%s/%s", folder, file);
    if (rename(from, to) != 0)
        perror(to);
}

/* The time in ms until a new certificate is served; -1: it is not served in time. */
static double rotate(const struct peer *peer, struct cg_pki *pki)
{
    const char *folder = cg_broker_folder(peer->broker);
    cg_pki_make(pki, "server: server issuer=root");
    cg_pki_write(pki, folder, "new-chain.pem", "server");
    cg_pki_write_key(pki, folder, "new-key.pem", "server");
    int64_t start = cg_now_us();
    replace(folder, "key.pem");
    replace(folder, "chain.pem");
    if (peer->row->kind == PEER_STOCK)
        kill(peer->pid, SIGHUP);
    while (!serves(peer, pki, "server")) {
        if (cg_now_us() - start > WAIT_MS * INT64_C(1000))
            return -1;
        cg_pause_ms(5);
    }
    return (double)(cg_now_us() - start) / 1000;
}

static bool measure_reload(const char *name, size_t rotations)
{
    struct cg_pki *pki = bench_pki();
    const struct peer_setup setup = {.pki = pki, .policy = policy};
    struct peer peer;
    double ms[64];
    bool ok = peer_start(&peer, peer_row(name), &setup);
    const struct cg_client_spec watcher = client_of(&peer, pki, "watcher");
    struct cg_pinger *pinger = ok ? cg_pinger_start(&watcher) : NULL;
    cg_pause_ms(3000);
    double quiet = pinger ? cg_pinger_worst_ms(pinger, NULL) : 0;
    for (size_t i = 0; ok && i < rotations; i++) {
        ms[i] = rotate(&peer, pki);
        ok = ms[i] >= 0;
        cg_pause_ms(50);
    }
    if (ok && pinger)
        printf("reload\t%s\t%zu\t%.0f\t%.0f\t%.1f\t%.1f\n", name, rotations, cg_percentile(ms, rotations, 0.5),
               cg_percentile(ms, rotations, 1), quiet, cg_pinger_worst_ms(pinger, NULL));
    fflush(stdout);
    cg_pinger_stop(pinger);
    peer_stop(&peer);
    cg_pki_free(pki);
    return ok;
}

static bool measure_session(const char *name, size_t count)
{
    struct cg_pki *pki = bench_pki();
    const struct peer_setup setup = {.pki = pki, .policy = policy};
    struct cg_crowd *crowd = cg_crowd_new(count + count / 5);
    struct peer peer;
    bool ok = peer_start(&peer, peer_row(name), &setup);
    if (ok) {
        const struct cg_client_spec spec = client_of(&peer, pki, NULL);
        ok = cg_crowd_add(crowd, &spec, 0, "warm", count / 5);
        long before = cg_process_private_kib(peer.pid);
        ok = ok && cg_crowd_add(crowd, &spec, 0, "live", count);
        printf("session\t%s\t%.2f\n", name, (double)(cg_process_private_kib(peer.pid) - before) / (double)count);
        fflush(stdout);
    }
    cg_crowd_free(crowd);
    peer_stop(&peer);
    cg_pki_free(pki);
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, ""), ok = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ok = measure_reload(names[i], quick ? 5 : 30) && measure_session(names[i], quick ? 500 : 2000) && ok;
    return !ok;
}
