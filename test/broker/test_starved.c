/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A real broker without memory: of all that the plugin allocates during a connection, from the handshake to CONNECT and
 * the events, each allocation fails once. Who must not get in does not, who may get in may be denied, and the broker
 * lives on. What OpenSSL allocates too is failed at intervals; with $CG_EVERY_ALLOCATION one by one, which takes two
 * minutes. $CG_MEMORY_SHIM names memory_shim.c. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/tap.h"
#include "lib/tls_client.h"
#include "memory_shim.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct cg_memory_page *page;

static const struct row {
    const char *sentence, *name, *client_id;
    int version;
    bool may_get_in;
} rows[] = {
    {"an expired client", "old", "old", TLS1_2_VERSION, false},
    {"a revoked client", "lost", "lost", TLS1_3_VERSION, false},
    {"a client of an unknown CA", "odd", "odd", TLS1_3_VERSION, false},
    {"a client with the id of another one", "dev", "other", TLS1_3_VERSION, false},
    {"a client without a certificate", NULL, "dev", TLS1_2_VERSION, false},
    {"a good client of TLS 1.2", "dev", "dev", TLS1_2_VERSION, true},
    {"a good client of TLS 1.3", "dev", "dev", TLS1_3_VERSION, true},
};

#define ROWS (sizeof rows / sizeof *rows)

static bool gets_in(const struct cg_broker *broker, const struct cg_pki *pki, const struct row *row)
{
    struct cg_client_result result;
    struct cg_client_spec spec = {.port = cg_broker_port(broker), .client_id = row->client_id, .version = row->version};
    if (row->name) {
        spec.leaf = cg_pki_cert(pki, row->name);
        spec.key = cg_pki_key(pki, row->name);
    }
    cg_client_connect(&spec, &result);
    bool let_in = result.accepted;
    cg_client_close(&result);
    return let_in;
}

/* Each allocation of one connection in turn, or every step-th. */
static void starve(const struct cg_broker *broker, const struct cg_pki *pki, const struct row *row, int whose,
                   long step)
{
    long n = 1, wrong = 0;
    for (bool failed = true; failed; n += step) {
        atomic_store(&page->asked, 0);
        atomic_store(&page->fail_at, n);
        atomic_store(&page->whose, whose);
        wrong += gets_in(broker, pki, row) && !row->may_get_in;
        atomic_store(&page->whose, 0);
        failed = atomic_load(&page->asked) >= n;
    }
    bool after = gets_in(broker, pki, row);
    cg_tap(wrong == 0 && n > step && after == row->may_get_in, "%s, one of %ld allocations fails", row->sentence,
           n - 1);
    if (wrong || after != row->may_get_in)
        cg_tap_note("let in %ld times; afterwards, with memory: %s", wrong, after ? "let in" : "refused");
}

static void open_page(const char *file)
{
    char wrapper[4096];
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *at = fd >= 0 && ftruncate(fd, sizeof *page) == 0
                   ? mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                   : MAP_FAILED;
    const char *shim = getenv("CG_MEMORY_SHIM");
    if (at == MAP_FAILED || !shim) {
        fprintf(stderr, "no %s\n", shim ? file : "$CG_MEMORY_SHIM");
        exit(1);
    }
    close(fd);
    page = at;
    snprintf(wrapper, sizeof wrapper, "env CG_MEMORY_FILE=%s LD_PRELOAD=%s", file, shim);
    setenv("CG_MOSQUITTO_WRAPPER", wrapper, 1);
}

int main(void)
{
    static const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    char file[1024];
    signal(SIGPIPE, SIG_IGN);
    struct cg_broker *broker = cg_broker_new("starved");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    cg_pki_make(pki, "root: ca\nbroker: server issuer=root\ndev: issuer=root\nold: issuer=root days=-9..-1\n"
                     "lost: issuer=root serial=0x77\nr: crl issuer=root revoke=0x77\nfar: ca\nodd: issuer=far");
    cg_pki_write_folder(pki, cg_broker_folder(broker), "root", "broker", "r");
    cg_broker_write(
        broker, "policy.json",
        "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, "
        "\"log\": {\"file\": \"events.jsonl\", \"accepted\": true}, \"identity\": {\"username\": \"san.uri\", "
        "\"strip_prefix\": \"urn:dev:\", \"client_id\": \"equal\", \"one_client\": true, \"authenticates\": true}, "
        "\"client\": {\"rules\": {\"no_certificate\": \"audit\"}}}");
    snprintf(file, sizeof file, "%s/memory", cg_broker_folder(broker));
    open_page(file);
    bool started = cg_broker_start(broker, &spec);
    /* the broker's own certificate is examined at the first tick, and a fault there ends the broker */
    for (int i = 0; i < 3; i++)
        started = started && gets_in(broker, pki, &rows[ROWS - 1]);
    cg_tap(started, "the broker starts");
    for (size_t i = 0; started && i < ROWS; i++) {
        starve(broker, pki, &rows[i], CG_MEMORY_OF_PLUGIN, 1);
        starve(broker, pki, &rows[i], CG_MEMORY_OF_PLUGIN | CG_MEMORY_OF_OPENSSL,
               getenv("CG_EVERY_ALLOCATION") ? 1 : 29);
    }
    bool ended = cg_broker_stop(broker);
    cg_tap(ended, "the broker ends well");
    cg_broker_free(broker, !started || !ended);
    cg_pki_free(pki);
    return cg_tap_done();
}
