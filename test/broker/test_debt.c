/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An address whose refused handshakes cost too much waits for its turn, with a real broker: others are served at once,
 * and who waits is served in the end. On websockets as well. So do large handshakes, wherever they come from. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PERCENT   1
#define BURST_MS  50 /* of CPU, before anybody waits */
#define REFUSED   10 /* in a row */
#define TRIES_MAX 5000
#define LONG      20 /* certificates in a chain */

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    uint16_t websockets;
};

/* TLS 1.2: its client knows at the end of the handshake that it was let in. */
static struct cg_client_spec client(const struct world *w, const char *name, unsigned host)
{
    return (struct cg_client_spec){.port = cg_broker_port(w->broker),
                                   .host = host,
                                   .leaf = cg_pki_cert(w->pki, name),
                                   .key = cg_pki_key(w->pki, name),
                                   .version = TLS1_2_VERSION,
                                   .client_id = name};
}

/* Refused so many times, one after the other: the ms that it takes. Negative: one was not refused. */
static double refuse(const struct cg_client_spec *spec, size_t times)
{
    int64_t began = cg_now_us();
    for (size_t i = 0; i < times; i++) {
        struct cg_client_result result;
        cg_client_connect(spec, &result);
        bool refused = result.alert >= 0;
        cg_client_close(&result);
        if (!refused)
            return -1;
    }
    return (double)(cg_now_us() - began) / 1000;
}

/* Until it has to pay for what comes: the broker's CPU says so, whatever else the machine does. */
static bool run_up_debt(const struct world *w, const struct cg_client_spec *spec)
{
    int64_t before = cg_process_cpu_us(cg_broker_pid(w->broker));
    for (size_t i = 0; i < TRIES_MAX; i++) {
        if (cg_process_cpu_us(cg_broker_pid(w->broker)) - before >
            3 * BURST_MS * 1000) /* not all of it is the handshakes' */
            return true;
        if (refuse(spec, 1) < 0)
            return false;
    }
    return false;
}

/* What the refused ones cost the broker, paid at PERCENT of a core, is less than the time they take; a quarter of it
 * is asked for, since the broker has other things to do as well. Without a debt it would be a seventh. */
static bool pays(const struct world *w, const struct cg_client_spec *spec, double *ms, double *cpu_ms)
{
    int64_t before = cg_process_cpu_us(cg_broker_pid(w->broker));
    *ms = refuse(spec, REFUSED);
    *cpu_ms = (double)(cg_process_cpu_us(cg_broker_pid(w->broker)) - before) / 1000;
    return *ms >= *cpu_ms * 100 / PERCENT / 4;
}

static bool gets_in(const struct cg_client_spec *spec, struct cg_client_result *result)
{
    cg_client_connect(spec, result);
    return result->let_in;
}

static void waits_and_comes_in(const struct world *w)
{
    struct cg_client_result result, other;
    struct cg_client_spec bad = client(w, "stranger", 1), here = client(w, "dev", 1), elsewhere = client(w, "dev", 2);
    double ms, cpu_ms;
    cg_tap(run_up_debt(w, &bad), "an address runs up a debt");
    bool paid = pays(w, &bad, &ms, &cpu_ms);
    cg_tap(paid, "then %d refused handshakes, %.0f ms of CPU, take %.0f ms", REFUSED, cpu_ms, ms);
    cg_tap(gets_in(&elsewhere, &other), "another address is served: %s", other.error);
    cg_client_close(&other);
    cg_tap(gets_in(&here, &result), "a good client of that address is served in the end: %s", result.error);
    cg_client_close(&result);
}

static void waits_on_websockets(const struct world *w)
{
    struct cg_client_result result;
    struct cg_client_spec bad = client(w, "stranger", 3), here = client(w, "dev", 3);
    double ms = 0, cpu_ms = 0;
    bad.port = here.port = w->websockets;
    bool paid = run_up_debt(w, &bad) && pays(w, &bad, &ms, &cpu_ms);
    cg_client_connect(&here, &result); /* its CONNECT is no HTTP: the handshake is what counts */
    cg_tap(paid && result.handshake,
           "websockets: %d refused handshakes, %.0f ms of CPU, take %.0f ms, a good client "
           "is served: %s",
           REFUSED, cpu_ms, ms, result.error);
    cg_client_close(&result);
}

/* A chain of so many certificates, on both listeners, from addresses that owe nothing. */
static void large_ones_wait(const struct world *w)
{
    struct cg_client_result result;
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (int i = 0; i < LONG; i++)
        sk_X509_push(chain, cg_pki_cert(w->pki, "other"));
    struct cg_client_spec bad = client(w, "stranger", 4), other = bad, good = client(w, "dev", 4);
    double ms = 0, cpu_ms = 0;
    bad.chain = other.chain = chain;
    other.host = 5;
    other.port = w->websockets;
    bool paid = run_up_debt(w, &bad) && pays(w, &bad, &ms, &cpu_ms);
    cg_tap(paid, "%d refused handshakes with a long chain, %.0f ms of CPU, take %.0f ms", REFUSED, cpu_ms, ms);
    paid = pays(w, &other, &ms, &cpu_ms);
    cg_tap(paid, "from another address to another listener: %.0f ms of CPU take %.0f ms", cpu_ms, ms);
    bool in = gets_in(&good, &result);
    cg_tap(in, "a good client of the first address is let in: %s", result.error);
    cg_client_close(&result);
    sk_X509_free(chain);
}

int main(void)
{
    char lines[700];
    struct world w = {cg_broker_new("debt"), cg_pki_new(time(NULL)), cg_free_port()};
    signal(SIGPIPE, SIG_IGN);
    cg_pki_make(w.pki, "root: ca\nserver: server issuer=root\ndev: issuer=root\nother: ca\nstranger: issuer=other");
    const char *folder = cg_broker_folder(w.broker);
    cg_pki_write_folder(w.pki, folder, "root", "server", "");
    cg_broker_write(w.broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\"},"
                    " \"tls\": {\"handshake_timeout\": \"60s\", \"max_refused_percent\": 1,"
                    " \"max_large_percent\": 1}}");
    snprintf(lines, sizeof lines,
             "listener %u 127.0.0.1\nprotocol websockets\ncafile %s/ca.pem\ncertfile %s/chain.pem\nkeyfile %s/key.pem\n"
             "require_certificate true\n",
             w.websockets, folder, folder, folder);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json", .listener = lines};
    bool ok = cg_broker_start(w.broker, &spec);
    cg_tap(ok, "the broker starts");
    if (ok) {
        waits_and_comes_in(&w);
        waits_on_websockets(&w);
        large_ones_wait(&w);
    }
    bool ended = cg_broker_stop(w.broker);
    cg_tap(ended, "the broker ends well");
    cg_broker_free(w.broker, !ended);
    cg_pki_free(w.pki);
    return cg_tap_done();
}
