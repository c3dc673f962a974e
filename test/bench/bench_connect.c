/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a connect costs: mutual TLS, CONNECT, CONNACK, one after the other, to stock Mosquitto, to Mosquitto with certguard,
 * to HAProxy in front of stock and to a bare OpenSSL server, in rounds that take turns, so that whatever else the machine
 * does falls on all alike. Prints medians over the rounds. bench_connect [ROUNDS [CONNECTS]] */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tls_client.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX   200
#define CONNECTS_MAX 1000

static const char
    all_rules[] = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, \"log\": {\"file\": \"events.jsonl\", "
                  "\"accepted\": true},"
                  " \"identity\": {\"username\": \"san.uri\", \"client_id\": \"equal\", \"one_client\": true, "
                  "\"authenticates\": true},"
                  " \"client\": {\"max_lifetime\": \"365d\", \"min_remaining\": \"1d\", \"san_required\": [\"uri\"],"
                  " \"subject\": [{\"attribute\": \"CN\", \"pattern\": \"dev*\"}]},"
                  " \"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2a\"}]}";

static struct target {
    const char *name, *options, *global; /* options NULL: stock */
    enum { BROKER, FLOOR, HAPROXY } kind;
    struct cg_broker *broker;
    uint16_t port;
    int pid, pid2; /* whose CPU counts; pid2 0: none */
    double cpu_ms[ROUNDS_MAX], latency_ms[ROUNDS_MAX * 8];
    size_t nlatency;
} targets[] = {
    {.name = "bare OpenSSL server", .kind = FLOOR},
    {.name = "stock", .global = ""},
    {.name = "stock, nodelay", .global = "set_tcp_nodelay true\n"},
    {.name = "certguard, default", .global = "", .options = "plugin_opt_trust_anchors FOLDER/ca.pem"},
    {.name = "certguard, all rules", .global = "", .options = "plugin_opt_policy FOLDER/policy.json"},
    {.name = "HAProxy + stock", .global = "set_tcp_nodelay true\n", .kind = HAPROXY},
};
#define NTARGETS (sizeof targets / sizeof *targets)

static uint16_t listen_anywhere(int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(*fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(*fd, 64) != 0 ||
        getsockname(*fd, (struct sockaddr *)&address, &len) != 0)
        exit(1);
    return ntohs(address.sin_port);
}

/* The least that a server can do: verify the client, read a CONNECT, answer. */
_Noreturn static void serve_floor(int listener, const char *folder)
{
    char path[700];
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    snprintf(path, sizeof path, "%s/chain.pem", folder);
    SSL_CTX_use_certificate_chain_file(ctx, path);
    snprintf(path, sizeof path, "%s/key.pem", folder);
    SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM);
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    SSL_CTX_load_verify_locations(ctx, path, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    for (;;) {
        unsigned char packet[512];
        int fd = accept(listener, NULL, NULL);
        SSL *ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, packet, sizeof packet) > 0)
            SSL_write(ssl, "\x20\x02\x00", 4);
        SSL_read(ssl, packet, sizeof packet);
        SSL_free(ssl);
        close(fd);
    }
}

static void start_floor(struct target *target)
{
    int fd;
    target->port = listen_anywhere(&fd);
    fflush(NULL);
    target->pid = fork();
    if (target->pid == 0)
        serve_floor(fd, cg_broker_folder(target->broker));
    close(fd);
}

static bool start_haproxy(struct target *target, const struct cg_pki *pki)
{
    const char *folder = cg_broker_folder(target->broker);
    char conf[2048], path[700];
    int fd;
    target->port = listen_anywhere(&fd);
    close(fd);
    char *chain = cg_pki_pem(pki, "server"), *key = cg_pki_key_pem(pki, "server"), both[8192];
    snprintf(both, sizeof both, "%s%s", chain, key);
    cg_broker_write(target->broker, "both.pem", both);
    free(chain);
    free(key);
    snprintf(conf, sizeof conf,
             "global\n nbthread 1\n tune.ssl.cachesize 0\n"
             "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
             "frontend f\n bind 127.0.0.1:%u ssl crt %s/both.pem ca-file %s/ca.pem verify required no-tls-tickets\n"
             " default_backend b\nbackend b\n server s 127.0.0.1:%u\n",
             target->port, folder, folder, cg_broker_plain_port(target->broker));
    cg_broker_write(target->broker, "haproxy.cfg", conf);
    snprintf(path, sizeof path, "%s/haproxy.cfg", folder);
    target->pid2 = cg_broker_pid(target->broker);
    fflush(NULL);
    target->pid = fork();
    if (target->pid == 0) {
        execlp("haproxy", "haproxy", "-db", "-q", "-f", path, (char *)NULL);
        _exit(127);
    }
    cg_pause_ms(500);
    return waitpid(target->pid, NULL, WNOHANG) == 0;
}

static bool start(struct target *target, const struct cg_pki *pki)
{
    target->broker = cg_broker_new("bench");
    cg_pki_write_folder(pki, cg_broker_folder(target->broker), "root", "server", "crl");
    cg_broker_write(target->broker, "policy.json", all_rules);
    if (target->kind == FLOOR) {
        start_floor(target);
        return true;
    }
    const struct cg_broker_spec spec = {.options = target->options ? target->options : "",
                                        .global = target->global,
                                        .stock = !target->options,
                                        .plain = target->kind == HAPROXY};
    if (!cg_broker_start(target->broker, &spec))
        return false;
    target->port = cg_broker_port(target->broker);
    target->pid = cg_broker_pid(target->broker);
    return target->kind != HAPROXY || start_haproxy(target, pki);
}

static void stop(struct target *target)
{
    if (target->kind != BROKER && target->pid > 0) {
        kill(target->pid, SIGTERM);
        waitpid(target->pid, NULL, 0);
    }
    cg_broker_free(target->broker, false);
}

static int64_t cpu_us(const struct target *target)
{
    return cg_process_cpu_us(target->pid) + (target->pid2 ? cg_process_cpu_us(target->pid2) : 0);
}

/* ms to the CONNACK; -1: it did not come */
static double connect_once(const struct target *target, const struct cg_pki *pki, int version)
{
    const struct cg_client_spec spec = {.port = target->port,
                                        .leaf = cg_pki_cert(pki, "dev"),
                                        .key = cg_pki_key(pki, "dev"),
                                        .version = version,
                                        .client_id = "urn:dev:dev"};
    struct cg_client_result result;
    int64_t began = cg_now_us();
    cg_client_connect(&spec, &result);
    double ms = (double)(cg_now_us() - began) / 1000;
    bool let_in = result.let_in;
    cg_client_close(&result);
    return let_in ? ms : -1;
}

static bool round_of(struct target *target, const struct cg_pki *pki, int version, size_t round, size_t connects)
{
    int64_t before = cpu_us(target);
    for (size_t i = 0; i < connects; i++) {
        double ms = connect_once(target, pki, version);
        if (ms < 0) {
            char *why = cg_broker_event(target->broker, NULL, "handshake_rejected connect_denied", 500);
            fprintf(stderr, "bench_connect: %s refused a good client: %s\n", target->name, why ? why : "");
            free(why);
            return false;
        }
        if (target->nlatency < sizeof target->latency_ms / sizeof *target->latency_ms)
            target->latency_ms[target->nlatency++] = ms;
    }
    cg_pause_ms(5); /* the end of the last session */
    target->cpu_ms[round] = (double)(cpu_us(target) - before) / 1000 / (double)connects;
    return true;
}

static bool run_version(const struct cg_pki *pki, int version, size_t rounds, size_t connects)
{
    double stock = 0;
    for (size_t i = 0; i < NTARGETS; i++) {
        targets[i].nlatency = 0;
        if (targets[i].pid && !round_of(&targets[i], pki, version, 0, connects)) /* warm-up */
            return false;
        targets[i].nlatency = 0;
    }
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < NTARGETS; i++)
            if (targets[i].pid && !round_of(&targets[i], pki, version, round, connects))
                return false;
    for (size_t i = 0; i < NTARGETS; i++) /* sorts: the median of stock is what the others are compared with */
        if (strcmp(targets[i].name, "stock, nodelay") == 0)
            stock = cg_percentile(targets[i].cpu_ms, rounds, 0.5);
    printf("\n| TLS %s | CPU a connect, ms | of stock, nodelay | p50, ms | p99, ms |\n|---|---|---|---|---|\n",
           version == TLS1_3_VERSION ? "1.3" : "1.2");
    for (size_t i = 0; i < NTARGETS; i++) {
        struct target *t = &targets[i];
        double cpu = cg_percentile(t->cpu_ms, rounds, 0.5);
        if (t->pid)
            printf("| %s | %.3f | %.1f %% | %.2f | %.2f |\n", t->name, cpu, 100 * cpu / stock,
                   cg_percentile(t->latency_ms, t->nlatency, 0.5), cg_percentile(t->latency_ms, t->nlatency, 0.99));
    }
    return true;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 15, connects = argc > 2 ? strtoul(argv[2], NULL, 10) : 50;
    if (rounds < 1 || rounds > ROUNDS_MAX || connects < 1 || connects > CONNECTS_MAX) {
        fprintf(stderr, "usage: bench_connect [ROUNDS (1 to %d) [CONNECTS (1 to %d)]]\n", ROUNDS_MAX, CONNECTS_MAX);
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\ndev: issuer=root\ncrl: crl issuer=root number=1");
    for (size_t i = 0; i < NTARGETS; i++)
        if (!start(&targets[i], pki)) {
            printf("%s does not start here, and is left out\n", targets[i].name);
            targets[i].pid = 0;
        }
    bool ok = run_version(pki, TLS1_3_VERSION, rounds, connects) && run_version(pki, TLS1_2_VERSION, rounds, connects);
    for (size_t i = 0; i < NTARGETS; i++)
        stop(&targets[i]);
    cg_pki_free(pki);
    return !ok;
}
