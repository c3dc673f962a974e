/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cost that each part of a policy adds to a connection:  bench_rules quick|full
 * Brokers with certguard and policies that differ in one part run at the same time and take turns.
 * Prints tab-separated lines: rules, part of the policy, CPU ms, p50 ms, resident KiB, CPU ms of each round. */
#include "load.h"

#include <openssl/ssl.h>
#include <stdio.h>

#define CRLS     "\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}"
#define ANCHORS  "\"trust\": {\"anchors\": \"ca.pem\"}"
#define EVENTS   "\"log\": {\"file\": \"events.jsonl\", \"accepted\": true}"
#define BINDING  "\"username\": \"san.uri\", \"client_id\": \"equal\", \"authenticates\": true"
#define IDENTITY "\"identity\": {" BINDING "}"
#define ONE      "\"identity\": {" BINDING ", \"one_client\": true}"
#define LIMITS                                                                                                         \
    "\"client\": {\"max_lifetime\": \"365d\", \"min_remaining\": \"1d\", \"san_required\": [\"uri\"], "                \
    "\"subject\": [{\"attribute\": \"CN\", \"pattern\": \"dev*\"}]}"
#define BY_SERIAL "\"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2a\"}]"
#define BY_DIGEST "\"deny\": [{\"sha256\": \"5555555555555555555555555555555555555555555555555555555555555555\"}]"

static const struct part {
    const char *name, *policy;
} parts[] = {
    {"trust anchors only", "{" ANCHORS "}"},
    {"a CRL", "{" CRLS "}"},
    {"an event for each handshake", "{" ANCHORS ", " EVENTS "}"},
    {"user name and client id from the certificate", "{" ANCHORS ", " IDENTITY "}"},
    {"the same, and one client per certificate", "{" ANCHORS ", " ONE "}"},
    {"limits of lifetime, names and subject", "{" ANCHORS ", " LIMITS "}"},
    {"a deny list by serial number", "{" ANCHORS ", " BY_SERIAL "}"},
    {"a deny list by SHA-256", "{" ANCHORS ", " BY_DIGEST "}"},
    {"all of these", "{" CRLS ", " EVENTS ", " ONE ", " LIMITS ", " BY_SERIAL "}"},
};
#define NPARTS (sizeof parts / sizeof *parts)

static bool measure(struct cg_pki *pki, size_t rounds, size_t connects)
{
    static struct peer peers[NPARTS];
    static struct load loads[NPARTS];
    static struct peer_setup setups[NPARTS];
    size_t started = 0;
    bool ok = true;
    for (; ok && started < NPARTS; started++) {
        setups[started] = (struct peer_setup){.pki = pki, .policy = parts[started].policy};
        ok = peer_start(&peers[started], peer_row("certguard"), &setups[started]);
        if (ok)
            load_open(&loads[started], &peers[started], &setups[started], TLS1_3_VERSION);
    }
    for (size_t round = 0; ok && round <= rounds; round++)
        for (size_t i = 0; ok && i < NPARTS; i++) {
            ok = load_round(&loads[i], connects);
            if (round == 0) /* warm-up */
                load_reset(&loads[i]);
        }
    for (size_t i = 0; i < started; i++) {
        if (ok) {
            printf("rules\t%s\t%.3f\t%.3f\t%ld", parts[i].name, load_cpu_ms(&loads[i]), load_latency_ms(&loads[i], 0.5),
                   peer_rss_kib(&peers[i]));
            load_print_rounds(&loads[i]);
        }
        load_close(&loads[i]);
        peer_stop(&peers[i]);
    }
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, "");
    struct cg_pki *pki = bench_pki();
    bool ok = measure(pki, quick ? 5 : 41, quick ? 10 : 30);
    cg_pki_free(pki);
    return !ok;
}
