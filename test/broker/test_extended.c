/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* MQTT 5 extended authentication (section 4.12): a client may wait between CONNECT and the end of it for as long as it
 * likes. What was free or allowed when it began is looked at again when it goes on. */
#include "link.h"
#include "rotation.h"

#include "lib/process.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLICY                                                                                                         \
    "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\", \"burst\": 100000}, \"plain\": "     \
    "\"%s\"}"
#define ANSWER_MS 10000

enum { CONNACK = 0x20, AUTH = 0xf0 };

/* The type of the next packet, its reason code where it is a CONNACK; 0: none, -1: the end. */
static int answer(struct link *link, int *code)
{
    unsigned char packet[LINK_PACKET];
    int len = link_packet(link, packet, ANSWER_MS);
    *code = len > 3 && packet[0] == CONNACK ? packet[3] : -1;
    return len > 0 ? packet[0] : len;
}

static bool begin(struct link *link, const struct world *w, const char *certificate, const char *client_id)
{
    const struct cg_client_spec spec = {
        .port = certificate ? cg_broker_port(w->broker) : cg_broker_plain_port(w->broker),
        .leaf = certificate ? cg_pki_cert(w->pki, certificate) : NULL,
        .key = certificate ? cg_pki_key(w->pki, certificate) : NULL,
    };
    const struct link_connect connect = {.client_id = client_id, .mqtt5 = true, .keep_alive = 60, .method = "WAIT"};
    unsigned char packet[256];
    int code;
    return link_open(link, certificate ? LINK_TLS : LINK_PLAIN, &spec) &&
           link_send(link, packet, link_connect_packet(&connect, packet)) && answer(link, &code) == AUTH;
}

/* The code of the CONNACK, or of none: the type of what came. */
static int go_on(struct link *link, const char *data)
{
    unsigned char packet[256];
    int code = -1;
    if (!link_send(link, packet, link_auth_packet("WAIT", data, packet)))
        return -1;
    int type = answer(link, &code);
    return type == CONNACK ? code : type;
}

static void come_in_as(const struct world *w, const char *certificate, const char *client_id,
                       struct cg_client_result *result)
{
    const struct cg_client_spec spec = {.port = cg_broker_port(w->broker),
                                        .leaf = cg_pki_cert(w->pki, certificate),
                                        .key = cg_pki_key(w->pki, certificate),
                                        .client_id = client_id};
    cg_client_connect(&spec, result);
}

static void who_finishes_is_let_in(const struct world *w)
{
    struct link link;
    bool begun = begin(&link, w, "one", "in-time");
    int code = begun ? go_on(&link, "in") : -1;
    cg_tap(code == 0, "who finishes is let in (%d)", code);
    if (begun)
        link_close(&link);
}

static void who_is_overtaken_is_denied(const struct world *w)
{
    struct link link;
    struct cg_client_result other;
    bool begun = begin(&link, w, "one", "overtaken");
    come_in_as(w, "two", "overtaken", &other);
    cg_tap(begun && other.let_in, "who only began holds no id");
    int code = begun ? go_on(&link, "in") : -1;
    cg_tap(code == 0x87, "and is denied when it goes on after its id became another's (%d)", code);
    cg_tap(other.let_in && !cg_client_ended(&other, 500), "which stays");
    if (begun)
        link_close(&link);
    cg_client_close(&other);
}

static void who_goes_on_holds_its_id(const struct world *w)
{
    struct link link;
    struct cg_client_result other;
    bool begun = begin(&link, w, "one", "held") && go_on(&link, "more") == AUTH;
    come_in_as(w, "two", "held", &other);
    cg_tap(begun && !other.let_in, "who goes on may be let in at any time, and holds its id");
    int code = begun ? go_on(&link, "in") : -1;
    cg_tap(code == 0, "and is let in (%d)", code);
    cg_client_close(&other);
    come_in_as(w, "two", "held", &other);
    cg_tap(!other.let_in, "and holds it then too");
    cg_client_close(&other);
    if (begun)
        link_close(&link);
}

static void who_came_without_tls_is_asked_for_that_again(const struct world *w)
{
    struct link in_time, late;
    char policy[300];
    bool begun = begin(&in_time, w, NULL, "plain") && begin(&late, w, NULL, "plain-late");
    int code = begun ? go_on(&in_time, "in") : -1;
    cg_tap(code == 0, "who finishes without TLS is let in where the policy allows it (%d)", code);
    cg_broker_pass_events(w->broker);
    snprintf(policy, sizeof policy, POLICY, "deny");
    write_whole_policy(w, policy);
    free(cg_broker_event(w->broker, NULL, "snapshot_loaded", ANSWER_MS));
    code = begun ? go_on(&late, "in") : -1;
    cg_tap(code != 0, "and not after the policy denies it (%d)", code);
    link_close(&in_time);
    link_close(&late);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const char *pending = getenv("CG_PENDING_PLUGIN");
    char options[1024], policy[300];
    struct world w = {.pki = cg_pki_new(time(NULL))};
    cg_pki_make(w.pki, "root: ca cn=root\nserver: server issuer=root\n"
                       "one: issuer=root cn=one san=uri:urn:one\ntwo: issuer=root cn=two san=uri:urn:two");
    w.broker = cg_broker_new("extended");
    w.folder = cg_broker_folder(w.broker);
    cg_pki_write_folder(w.pki, w.folder, "root", "server", "");
    snprintf(policy, sizeof policy, POLICY, "allow");
    cg_broker_write(w.broker, "policy.json", policy);
    snprintf(options, sizeof options, "plugin_opt_policy FOLDER/policy.json\nplugin %s", pending ? pending : "");
    const struct cg_broker_spec spec = {.options = options, .plain = true};
    bool up = cg_broker_start(w.broker, &spec);
    cg_tap(pending && up, "the broker starts");
    if (pending && up) {
        who_finishes_is_let_in(&w);
        who_is_overtaken_is_denied(&w);
        who_goes_on_holds_its_id(&w);
        who_came_without_tls_is_asked_for_that_again(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    int status = cg_tap_done();
    cg_broker_free(w.broker, status != 0);
    cg_pki_free(w.pki);
    return status;
}
