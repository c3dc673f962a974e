/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A flood from many addresses fills no disk: the event log takes no more than the policy says, nothing is left out uncounted,
 * and what the administrator does meanwhile is written. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOSTS 250
#define EACH  5
#define LIMIT (1 << 20) /* a day; a half is for refusals, of which a tenth may go at once */

static void flood(const struct cg_broker *broker)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: broker.lan\r\n\r\n";
    for (unsigned i = 0; i < HOSTS * EACH; i++) {
        uint16_t port = 0;
        int fd = cg_raw_open_from(1 + i % HOSTS, cg_broker_port(broker), &port);
        if (fd < 0 || !cg_raw_send(fd, http, sizeof http - 1) || !cg_raw_closed(fd, 20000))
            cg_tap(false, "connection %u", i);
        close(fd);
    }
}

/* Events of a kind, and of suppressed ones what they count. */
static double count(const struct cg_broker *broker, const char *event, const char *reason)
{
    char *text = cg_broker_read(broker, CG_BROKER_EVENTS), *rest = text;
    double sum = 0;
    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        cJSON *json = cJSON_Parse(line);
        const cJSON *kind = cJSON_GetObjectItem(json, "event"), *why = cJSON_GetObjectItem(json, "reason");
        const cJSON *held = cJSON_GetObjectItem(json, "count");
        if (kind && strcmp(kind->valuestring, event) == 0 && (!reason || strcmp(why->valuestring, reason) == 0))
            sum += held ? held->valuedouble : 1;
        cJSON_Delete(json);
    }
    free(text);
    return sum;
}

static size_t size_of_log(const struct cg_broker *broker)
{
    char *text = cg_broker_read(broker, CG_BROKER_EVENTS);
    size_t size = strlen(text);
    free(text);
    return size;
}

int main(void)
{
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca cn=root\nserver: server issuer=root\n");
    struct cg_broker *broker = cg_broker_new("flood");
    cg_pki_write_folder(pki, cg_broker_folder(broker), "root", "server", "");
    static const char policy[] = "{\"trust\": {\"anchors\": [\"ca.pem\"]}, \"log\": {\"file\": \"events.jsonl\", "
                                 "\"daily_limit\": \"1MiB\"%s}}";
    char text[512];
    snprintf(text, sizeof text, policy, "");
    cg_broker_write(broker, "policy.json", text);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json\n"};
    bool started = cg_broker_start(broker, &spec);
    cg_tap(started, "the broker starts");
    if (started) {
        flood(broker);
        size_t size = size_of_log(broker);
        double written = count(broker, "handshake_rejected", "plain_http");
        cg_tap(size < LIMIT / 20 + 16 * 1024, "%u refusals from %u addresses took %zu bytes", HOSTS * EACH, HOSTS,
               size);
        cg_tap(written >= 20 && written < HOSTS, "%g of them are events", written);
        snprintf(text, sizeof text, policy, ", \"burst\": 6");
        cg_broker_write(broker, "policy.json", text);
        for (int i = 0; i < 100 && count(broker, "snapshot_loaded", NULL) < 2; i++)
            usleep(100000);
        cg_tap(count(broker, "snapshot_loaded", NULL) == 2, "a change of the policy meanwhile is written");
        cg_tap(cg_broker_stop(broker), "the broker ends well");
        double told = count(broker, "suppressed", "plain_http");
        cg_tap(written + told == HOSTS * EACH, "what is not written is counted (%g and %g)", written, told);
    }
    cg_broker_free(broker, cg_tap_failed() > 0);
    cg_pki_free(pki);
    return cg_tap_done();
}
