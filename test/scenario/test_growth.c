/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker's memory does not grow with the number of connections: accepted, refused by a rule, refused by the peer, or
 * garbage. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

/* A leak shows in every span, but the heap grows by 132 KiB or more at once. So the smallest growth of all spans counts. */
#define WARM_UP 150
#define SPANS   3
#define ROUNDS  240 /* per span, with four connections each */
#define MAX_KIB 100 /* 0.4 KiB per round; one leaked certificate per round would be 1 KiB */

static bool connect_once(struct cg_client_spec spec, const struct cg_pki *pki, const char *name, int refuse)
{
    struct cg_client_result result;
    spec.leaf = cg_pki_cert(pki, name);
    spec.key = cg_pki_key(pki, name);
    spec.refuse_server = refuse;
    cg_client_connect(&spec, &result);
    bool accepted = result.accepted;
    cg_client_close(&result);
    return accepted;
}

static bool run_rounds(const struct cg_broker *broker, const struct cg_pki *pki, int count)
{
    bool ok = true;
    for (int i = 0; i < count && ok; i++) {
        uint16_t ignored;
        struct cg_client_spec spec = {.port = cg_broker_port(broker), .client_id = "growth"};
        spec.version = i & 1 ? TLS1_2_VERSION : TLS1_3_VERSION;
        ok = connect_once(spec, pki, "dev", X509_V_OK) && !connect_once(spec, pki, "old", X509_V_OK) &&
             !connect_once(spec, pki, "dev", X509_V_ERR_CERT_REJECTED);
        int fd = cg_raw_open(spec.port, &ignored);
        ok = ok && fd >= 0 && cg_raw_send(fd, "garbage\r\n\r\n", 11);
        close(fd);
    }
    return ok;
}

int main(void)
{
    static const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    struct cg_broker *broker = cg_broker_new("growth");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    cg_pki_make(pki, "root: ca\nbroker: server issuer=root\ndev: issuer=root\nold: issuer=root days=-9..-1");
    cg_pki_write_folder(pki, cg_broker_folder(broker), "root", "broker", "");
    cg_broker_write(broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\", \"accepted\": true}, "
                    "\"identity\": {\"username\": \"san.uri\", \"one_client\": true, \"authenticates\": true}}");
    bool ok = cg_broker_start(broker, &spec) && run_rounds(broker, pki, WARM_UP);
    long size = cg_process_rss_kib(cg_broker_pid(broker)), least = LONG_MAX;
    for (int i = 0; i < SPANS && ok; i++) {
        long before = size;
        ok = run_rounds(broker, pki, ROUNDS) && before > 0;
        size = cg_process_rss_kib(cg_broker_pid(broker));
        if (size - before < least)
            least = size - before;
    }
    cg_tap(ok, "%d connections are accepted or refused as expected", 4 * (WARM_UP + SPANS * ROUNDS));
    cg_tap(ok && size > 0 && least <= MAX_KIB,
           "%d connections add at least %ld KiB to the broker's %ld KiB (limit: %d KiB)", 4 * ROUNDS, least, size,
           MAX_KIB);
    ok = cg_broker_stop(broker);
    cg_tap(ok, "the broker ends without errors");
    cg_broker_free(broker, !ok);
    cg_pki_free(pki);
    return cg_tap_done();
}
