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
    "\"%s\","                                                                                                          \
    " \"identity\": {\"username\": \"cn\", \"authenticates\": true}}"
#define ANSWER_MS 10000

enum { CONNACK = 0x20, PINGRESP = 0xd0, AUTH = 0xf0 };

/* The type of the next packet; 0: none, -1: the end. Of a CONNACK: its reason code, and whether there was a session. */
static int answer(struct link *link, int *code, bool *present)
{
    unsigned char packet[LINK_PACKET];
    int len = link_packet(link, packet, ANSWER_MS);
    bool connack = len > 3 && packet[0] == CONNACK;
    *code = connack ? packet[3] : -1;
    *present = connack && packet[2] == 1;
    return len > 0 ? packet[0] : len;
}

static bool open_as(struct link *link, const struct world *w, const char *certificate,
                    const struct link_connect *connect)
{
    const struct cg_client_spec spec = {
        .port = certificate ? cg_broker_port(w->broker) : cg_broker_plain_port(w->broker),
        .leaf = certificate ? cg_pki_cert(w->pki, certificate) : NULL,
        .key = certificate ? cg_pki_key(w->pki, certificate) : NULL,
    };
    unsigned char packet[256];
    return link_open(link, certificate ? LINK_TLS : LINK_PLAIN, &spec) &&
           link_send(link, packet, link_connect_packet(connect, packet));
}

static bool begin(struct link *link, const struct world *w, const char *certificate, const char *client_id)
{
    const struct link_connect connect = {
        .client_id = client_id, .mqtt5 = true, .persistent = true, .keep_alive = 60, .method = "WAIT"};
    int code;
    bool present;
    return open_as(link, w, certificate, &connect) && answer(link, &code, &present) == AUTH;
}

/* The code of the CONNACK, or of none: the type of what came. */
static int go_on(struct link *link, const char *data)
{
    unsigned char packet[256];
    int code = -1;
    bool present;
    if (!link_send(link, packet, link_auth_packet("WAIT", data, packet)))
        return -1;
    int type = answer(link, &code, &present);
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
    cg_tap(begun && other.accepted, "who only began holds no id");
    int code = begun ? go_on(&link, "in") : -1;
    cg_tap(code == 0x87, "and is denied when it goes on after its id became another's (%d)", code);
    cg_tap(other.accepted && !cg_client_ended(&other, 500), "which stays");
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
    cg_tap(begun && !other.accepted, "who goes on may be let in at any time, and holds its id");
    int code = begun ? go_on(&link, "in") : -1;
    cg_tap(code == 0, "and is let in (%d)", code);
    cg_client_close(&other);
    come_in_as(w, "two", "held", &other);
    cg_tap(!other.accepted, "and holds it then too");
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
    cg_broker_skip_events(w->broker);
    snprintf(policy, sizeof policy, POLICY, "deny");
    write_whole_policy(w, policy);
    free(cg_broker_event(w->broker, NULL, "snapshot_loaded", ANSWER_MS));
    code = begun ? go_on(&late, "in") : -1;
    cg_tap(code != 0, "and not after the policy denies it (%d)", code);
    link_close(&in_time);
    link_close(&late);
}

static void hang_up(const struct world *w)
{
    cg_broker_skip_events(w->broker);
    kill(cg_broker_pid(w->broker), SIGHUP);
    pause_ms(500);
}

static bool is_alive(struct link *link)
{
    unsigned char packet[LINK_PACKET];
    return link_send(link, "\xc0", 2) && link_packet(link, packet, ANSWER_MS) > 0 && packet[0] == PINGRESP;
}

/* SIGHUP makes the broker ask about all sessions as if they came with user name and password. */
static void who_is_in_stays_over_sighup(const struct world *w)
{
    struct link link, plain;
    bool begun = begin(&link, w, "one", "stays") && go_on(&link, "in") == 0;
    bool begun_plain = begin(&plain, w, NULL, "stays-too") && go_on(&plain, "in") == 0;
    hang_up(w);
    cg_tap(begun && is_alive(&link), "who came in stays at SIGHUP");
    cg_tap(begun_plain && is_alive(&plain), "without TLS too");
    link_close(&link);
    link_close(&plain);
}

/* Lines of the broker's log with these words. */
static int said(const struct world *w, const char *words)
{
    int count = 0;
    char *log = cg_broker_read(w->broker, CG_BROKER_LOG);
    for (const char *at = log; (at = strstr(at, words)); at++)
        count++;
    free(log);
    return count;
}

/* Mosquitto 2.0 keeps a session that it ends while it is offline, and breaks over it much later. */
static void who_waits_ends_nobodys_session(const struct world *w)
{
    const struct link_connect connect = {.client_id = "offline", .mqtt5 = true, .persistent = true, .keep_alive = 60};
    struct link owner, waiting;
    int code = -1;
    bool present = false;
    bool came = open_as(&owner, w, "one", &connect) && answer(&owner, &code, &present) == CONNACK && code == 0;
    link_close(&owner);
    bool waits = begin(&waiting, w, "one", "offline");
    int before = said(w, "Client offline");
    hang_up(w);
    came = came && said(w, "Client offline") == before;
    came = came && open_as(&owner, w, "one", &connect) && answer(&owner, &code, &present) == CONNACK;
    cg_tap(waits && came && present, "an offline session stays at SIGHUP while another connection of its owner waits");
    link_close(&owner);
    link_close(&waiting);
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
        who_is_in_stays_over_sighup(&w);
        who_waits_ends_nobodys_session(&w);
        who_came_without_tls_is_asked_for_that_again(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    int status = cg_tap_done();
    cg_broker_free(w.broker, status != 0);
    cg_pki_free(w.pki);
    return status;
}
