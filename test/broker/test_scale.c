/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many live sessions: how soon they end with their certificates, how long the broker's loop is held meanwhile, and what
 * memory each one adds. $CG_SCALE says how many (600). Prints what it measures; fails only at far wider bounds, since
 * other work may run on the machine. */
#include "lib/broker.h"
#include "lib/crowd.h"
#include "lib/pinger.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AT_MOST_MS 5000
#define STALL_MS   500 /* a stopped loop, not the scheduler */
#define WAIT_MS    20000
#define SETTLE_MS  1500

enum group { VICTIM, FIRST, SECOND };

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    struct cg_crowd *crowd;
    struct cg_pinger *pinger;
    const char *folder;
    size_t sessions;
};

static struct cg_client_spec spec_of(const struct world *w, const char *name)
{
    return (struct cg_client_spec){.port = cg_broker_port(w->broker),
                                   .leaf = cg_pki_cert(w->pki, name),
                                   .key = cg_pki_key(w->pki, name),
                                   .client_id = name,
                                   .mqtt5 = true};
}

static void replace(const struct world *w, const char *file, const char *names)
{
    char from[700], to[700];
    snprintf(to, sizeof to, "%s/%s", w->folder, file);
    cg_pki_write(w->pki, w->folder, "file.new", names);
    snprintf(from, sizeof from, "%s/file.new", w->folder);
    if (rename(from, to) != 0)
        perror(to);
}

/* Until no more than left sessions of the group live; says how long it took and how long the loop was held. */
static void ended(struct world *w, enum group group, size_t left, const char *what)
{
    size_t before = cg_crowd_live(w->crowd, group), pings;
    double ms = cg_crowd_wait(w->crowd, group, left, WAIT_MS);
    cg_pause_ms(300);
    double stall = cg_pinger_worst_ms(w->pinger, &pings);
    cg_tap(ms >= 0 && ms <= AT_MOST_MS, "%s: %zu sessions ended in %.0f ms", what, before - left, ms);
    cg_tap(stall <= STALL_MS, "the longest of %zu round trips meanwhile took %.1f ms", pings, stall);
}

/* The same while nobody else makes the broker's loop turn. */
static void ended_quietly(struct world *w, enum group group, const char *what)
{
    size_t before = cg_crowd_live(w->crowd, group);
    double ms = cg_crowd_wait(w->crowd, group, 0, WAIT_MS);
    cg_tap(ms >= 0 && ms <= AT_MOST_MS, "%s, on an idle loop: %zu sessions ended in %.0f ms", what, before, ms);
}

static bool connect_all(struct world *w)
{
    const struct cg_client_spec first = spec_of(w, "first"), second = spec_of(w, "second");
    const struct cg_client_spec victim = spec_of(w, "victim"), watcher = spec_of(w, "watcher");
    int64_t start = cg_now_us();
    size_t half = w->sessions / 2;
    bool ok = cg_crowd_add(w->crowd, &first, FIRST, "first", half) &&
              cg_crowd_add(w->crowd, &second, SECOND, "second", w->sessions - half) &&
              cg_crowd_add(w->crowd, &victim, VICTIM, "victim", 1);
    cg_tap(ok, "%zu sessions connect (%.1f s)", w->sessions + 1, (double)(cg_now_us() - start) / 1e6);
    w->pinger = cg_pinger_start(&watcher);
    cg_tap(w->pinger != NULL, "and one that watches the broker's loop");
    return ok && w->pinger;
}

static void revocations(struct world *w)
{
    size_t pings, live = cg_crowd_live(w->crowd, FIRST) + cg_crowd_live(w->crowd, SECOND);
    cg_pause_ms(SETTLE_MS);
    double quiet = cg_pinger_worst_ms(w->pinger, &pings);
    cg_tap(pings > 0, "quiet: the longest of %zu round trips took %.1f ms", pings, quiet);

    cg_pki_make(w->pki, "crl2: crl issuer=clients number=2 revoke=victim");
    replace(w, "crl.pem", "root-crl crl2");
    ended(w, VICTIM, 0, "the certificate of one session revoked");
    cg_tap(cg_crowd_wait(w->crowd, FIRST, 0, SETTLE_MS) < 0 &&
               cg_crowd_live(w->crowd, FIRST) + cg_crowd_live(w->crowd, SECOND) == live,
           "all others live on");
    cg_pinger_worst_ms(w->pinger, NULL);

    size_t half = cg_crowd_live(w->crowd, FIRST);
    cg_pki_make(w->pki, "crl3: crl issuer=clients number=3 revoke=victim,first");
    replace(w, "crl.pem", "root-crl crl3");
    ended(w, FIRST, 0, "the certificates of half of the sessions revoked");
    cg_tap(cg_crowd_disconnected(w->crowd, FIRST, 0x98) == half, "each of them saw the DISCONNECT first (%zu)", half);
    cg_tap(cg_crowd_live(w->crowd, SECOND) == w->sessions - half, "all others live on");

    cg_tap(cg_pinger_stop(w->pinger), "the session that watched lived through all of it");
    replace(w, "crl.pem", "root-crl");
    replace(w, "anchors.pem", "root");
    ended_quietly(w, SECOND, "the clients' CA removed");
}

static void start_files(struct world *w, const char *label)
{
    w->broker = cg_broker_new(label);
    w->folder = cg_broker_folder(w->broker);
    cg_pki_write_folder(w->pki, w->folder, "root clients", "server", "");
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root clients");
    cg_pki_write(w->pki, w->folder, "crl.pem", "root-crl crl1");
    cg_broker_write(w->broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"anchors.pem\", \"crls\": \"crl.pem\"},"
                    " \"log\": {\"file\": \"events.jsonl\"}}");
}

/* KiB that each of count sessions adds to the broker's resident memory; -1: they could not connect. */
static double session_kib(struct world *w, bool stock, size_t count)
{
    start_files(w, "scale-memory");
    const struct cg_broker_spec spec = {
        .options = "plugin_opt_policy FOLDER/policy.json", .global = "set_tcp_nodelay true\n", .stock = stock};
    double kib = -1;
    w->crowd = cg_crowd_new(count + count / 5);
    if (cg_broker_start(w->broker, &spec)) {
        const struct cg_client_spec first = spec_of(w, "first");
        bool ok = cg_crowd_add(w->crowd, &first, FIRST, "warm", count / 5);
        long before = cg_process_rss_kib(cg_broker_pid(w->broker));
        ok = ok && cg_crowd_add(w->crowd, &first, FIRST, "first", count);
        if (ok)
            kib = (double)(cg_process_rss_kib(cg_broker_pid(w->broker)) - before) / (double)count;
    }
    cg_crowd_free(w->crowd);
    cg_tap(cg_broker_stop(w->broker) && kib >= 0, "%s: a live session takes %.2f KiB", stock ? "stock" : "certguard",
           kib);
    cg_broker_free(w->broker, kib < 0);
    return kib;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const char *asked = getenv("CG_SCALE");
    struct world w = {.sessions = asked ? (size_t)strtoul(asked, NULL, 10) : 600};
    w.pki = cg_pki_new(time(NULL));
    cg_pki_make(w.pki, "root: ca cn=root\nclients: ca cn=clients\nserver: server issuer=root\n"
                       "first: issuer=clients\nsecond: issuer=clients\nvictim: issuer=clients\nwatcher: issuer=root\n"
                       "root-crl: crl issuer=root number=1\ncrl1: crl issuer=clients number=1");
    w.crowd = cg_crowd_new(w.sessions + 1);
    start_files(&w, "scale");
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(w.broker, &spec);
    cg_tap(started, "the broker starts");
    if (started && connect_all(&w))
        revocations(&w);
    cg_crowd_free(w.crowd);
    cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    cg_broker_free(w.broker, false);

    size_t count = w.sessions < 1000 ? w.sessions : 1000;
    double stock = session_kib(&w, true, count), ours = session_kib(&w, false, count);
    cg_tap(ours - stock < 8, "the plugin adds %.2f KiB a live session", ours - stock);
    cg_pki_free(w.pki);
    return cg_tap_done();
}
