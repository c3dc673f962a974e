/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What session tickets save if all clients reconnect at once: the broker's CPU time per connection with tls.resumption "off"
 * and "bound", in alternating rounds. In each round, every client reconnects with its latest session.
 *   bench_resumption [ROUNDS [CLIENTS]]
 * Prints tab-separated medians of the rounds: resumption, TLS version, key, mode, CPU ms, p50 ms, p99 ms, resumed
 * connections, all connections. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tls_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX  200
#define CLIENTS_MAX 500

static struct target {
    const char *resumption;
    struct cg_broker *broker;
    SSL_SESSION *session[CLIENTS_MAX];
    double cpu_ms[ROUNDS_MAX], latency_ms[ROUNDS_MAX * CLIENTS_MAX];
    size_t resumed;
} targets[] = {{.resumption = "off"}, {.resumption = "bound"}};
#define NTARGETS (sizeof targets / sizeof *targets)

static bool start(struct target *target, const struct cg_pki *pki, const char *server)
{
    char policy[400];
    target->broker = cg_broker_new("bench");
    cg_pki_write_folder(pki, cg_broker_folder(target->broker), "root", server, "root-crl");
    cg_pki_write(pki, cg_broker_folder(target->broker), "sub.pem", "sub");
    cg_pki_write(pki, cg_broker_folder(target->broker), "sub-crl.pem", "sub-crl");
    snprintf(policy, sizeof policy,
             "{\"trust\": {\"anchors\": \"ca.pem\", \"intermediates\": \"sub.pem\", \"crls\": [\"crl.pem\", "
             "\"sub-crl.pem\"]}, \"tls\": {\"resumption\": \"%s\"}}",
             target->resumption);
    cg_broker_write(target->broker, "policy.json", policy);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    return cg_broker_start(target->broker, &spec);
}

/* Time until the CONNACK in ms; -1: refused. */
static double connect_once(struct target *target, const struct cg_pki *pki, const char *name, int version, size_t n)
{
    char id[32];
    snprintf(id, sizeof id, "client%zu", n);
    STACK_OF(X509) *chain = cg_pki_stack(pki, "sub");
    const struct cg_client_spec spec = {.port = cg_broker_port(target->broker),
                                        .leaf = cg_pki_cert(pki, name),
                                        .key = cg_pki_key(pki, name),
                                        .chain = chain,
                                        .version = version,
                                        .session = target->session[n],
                                        .client_id = id};
    struct cg_client_result result;
    int64_t began = cg_now_us();
    cg_client_connect(&spec, &result);
    double ms = (double)(cg_now_us() - began) / 1000;
    target->resumed += result.resumed;
    SSL_SESSION_free(target->session[n]);
    target->session[n] = result.accepted ? SSL_SESSION_dup(SSL_get0_session(result.ssl)) : NULL;
    bool accepted = result.accepted;
    cg_client_close(&result);
    sk_X509_pop_free(chain, X509_free);
    return accepted ? ms : -1;
}

static bool connect_all(struct target *target, const struct cg_pki *pki, const char *name, int version, size_t round,
                        size_t clients)
{
    int64_t before = cg_process_cpu_us(cg_broker_pid(target->broker));
    for (size_t n = 0; n < clients; n++) {
        double ms = connect_once(target, pki, name, version, n);
        if (ms < 0) {
            fprintf(stderr, "bench_resumption: a valid client was refused\n");
            return false;
        }
        target->latency_ms[round * clients + n] = ms;
    }
    cg_pause_ms(5); /* lets the broker end the last session */
    target->cpu_ms[round] = (double)(cg_process_cpu_us(cg_broker_pid(target->broker)) - before) / 1000 /
                            (double)clients;
    return true;
}

static void free_sessions(struct target *target, size_t clients)
{
    for (size_t n = 0; n < clients; n++) {
        SSL_SESSION_free(target->session[n]);
        target->session[n] = NULL;
    }
    target->resumed = 0;
}

static bool compare(const struct cg_pki *pki, const char *name, const char *keys, int version, size_t rounds,
                    size_t clients)
{
    for (size_t i = 0; i < NTARGETS; i++)
        if (!connect_all(&targets[i], pki, name, version, 0, clients)) /* full handshakes, to get sessions */
            return false;
    for (size_t i = 0; i < NTARGETS; i++)
        targets[i].resumed = 0;
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < NTARGETS; i++)
            if (!connect_all(&targets[i], pki, name, version, round, clients))
                return false;
    for (size_t i = 0; i < NTARGETS; i++) {
        struct target *t = &targets[i];
        double cpu = cg_percentile(t->cpu_ms, rounds, 0.5);
        printf("resumption\t%s\t%s\t%s\t%.3f\t%.2f\t%.2f\t%zu\t%zu\n", version == TLS1_3_VERSION ? "1.3" : "1.2", keys,
               t->resumption, cpu, cg_percentile(t->latency_ms, rounds * clients, 0.5),
               cg_percentile(t->latency_ms, rounds * clients, 0.99), t->resumed, rounds * clients);
        free_sessions(t, clients);
    }
    return true;
}

static bool with_keys(const struct cg_pki *pki, const char *server, const char *name, const char *keys, size_t rounds,
                      size_t clients)
{
    bool ok = true;
    for (size_t i = 0; i < NTARGETS; i++)
        ok = ok && start(&targets[i], pki, server);
    ok = ok && compare(pki, name, keys, TLS1_3_VERSION, rounds, clients) &&
         compare(pki, name, keys, TLS1_2_VERSION, rounds, clients);
    for (size_t i = 0; i < NTARGETS; i++)
        cg_broker_free(targets[i].broker, false);
    return ok;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 15, clients = argc > 2 ? strtoul(argv[2], NULL, 10) : 50;
    if (rounds < 1 || rounds > ROUNDS_MAX || clients < 1 || clients > CLIENTS_MAX) {
        fprintf(stderr, "usage: bench_resumption [ROUNDS (1 to %d) [CLIENTS (1 to %d)]]\n", ROUNDS_MAX, CLIENTS_MAX);
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nsub: ca issuer=root\nserver: server issuer=root\ndev: issuer=sub\n"
                     "rsa-server: server issuer=root key=rsa2048\nrsa-dev: issuer=sub key=rsa2048\n"
                     "root-crl: crl issuer=root number=1\nsub-crl: crl issuer=sub number=1");
    bool ok = with_keys(pki, "server", "dev", "P-256", rounds, clients) &&
              with_keys(pki, "rsa-server", "rsa-dev", "RSA-2048", rounds, clients);
    cg_pki_free(pki);
    return !ok;
}
