/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What becomes of live sessions, seen by the clients: the DISCONNECT, the will, the end with an intermediate certificate;
 * who is told to the administrator first when a CA goes; and what a new state of the files is said to change. */
#include "rotation.h"

#include "lib/crowd.h"
#include "lib/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 12000

/* One session of its own crowd. */
static struct cg_crowd *stays_connected(const struct world *w, const char *name, const char *intermediate)
{
    STACK_OF(X509) *chain = cg_pki_stack(w->pki, intermediate);
    const struct cg_client_spec spec = {.port = cg_broker_port(w->broker),
                                        .leaf = cg_pki_cert(w->pki, name),
                                        .key = cg_pki_key(w->pki, name),
                                        .chain = chain,
                                        .mqtt5 = true,
                                        .will = "wills"};
    struct cg_crowd *crowd = cg_crowd_new(1);
    cg_tap(cg_crowd_add(crowd, &spec, 0, name, 1), "%s connects", name);
    sk_X509_pop_free(chain, X509_free);
    return crowd;
}

/* MQTT 5 section 3.14.2.1: administrative action */
static void is_told(struct cg_crowd *crowd, const char *what)
{
    double ms = cg_crowd_wait(crowd, 0, 0, WAIT_MS);
    cg_tap(ms >= 0 && cg_crowd_disconnected(crowd, 0, 0x98) == 1, "%s, and the client sees DISCONNECT 0x98", what);
    cg_crowd_free(crowd);
}

static bool event_says(const struct world *w, const char *words)
{
    for (int64_t start = now_ms(); now_ms() - start < WAIT_MS; pause_ms(50))
        if (events_hold(w, words))
            return true;
    return false;
}

/* ---- wills */

static bool subscribe(const struct cg_client_result *watcher)
{
    static const unsigned char packet[] = {0x82, 0x0b, 0x00, 0x01, 0x00, 0x00, 0x05, 'w', 'i', 'l', 'l', 's', 0x00};
    unsigned char answer[64];
    return SSL_write(watcher->ssl, packet, sizeof packet) == (int)sizeof packet &&
           SSL_read(watcher->ssl, answer, sizeof answer) > 0 && answer[0] == 0x90;
}

/* A PUBLISH with these words; what comes before the client's patience is over. */
static bool will_came(const struct cg_client_result *watcher, const char *words)
{
    char packet[256];
    int len;
    while ((len = SSL_read(watcher->ssl, packet, sizeof packet - 1)) > 0) {
        packet[len] = '\0';
        if ((packet[0] & 0xf0) == 0x30 && memmem(packet, (size_t)len, words, strlen(words)))
            return true;
    }
    return false;
}

static void wills(const struct world *w)
{
    struct cg_client_result watcher;
    const struct cg_client_spec spec = {.port = cg_broker_port(w->broker),
                                        .leaf = cg_pki_cert(w->pki, "good"),
                                        .key = cg_pki_key(w->pki, "good"),
                                        .client_id = "watcher",
                                        .mqtt5 = true,
                                        .wait_ms = 1500};
    cg_client_connect(&spec, &watcher);
    cg_tap(watcher.accepted && subscribe(&watcher), "a client waits for wills");

    struct cg_crowd *crowd = stays_connected(w, "victim", "");
    cg_pki_make(w->pki, "crl2: crl issuer=root number=2 revoke=victim");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl2 inter-crl ca2-crl");
    is_told(crowd, "revoked, its session ends");
    cg_tap(will_came(&watcher, "victim-0"), "its will is sent");
    cg_tap(event_says(w, "CRL of CN=root: number 2 (previously 1), 1 entry"), "snapshot_loaded says which CRL is new");

    write_policy(w, ", \"send_will\": false");
    cg_tap(event_says(w, "policy: $.send_will\""), "a policy without wills is taken, and the key that changed is told");
    crowd = stays_connected(w, "quiet", "");
    cg_pki_make(w->pki, "crl3: crl issuer=root number=3 revoke=victim,quiet");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl3 inter-crl ca2-crl");
    is_told(crowd, "another one's ends");
    cg_tap(!will_came(&watcher, "quiet-0"), "and its will is not sent");
    cg_client_close(&watcher);
}

/* ---- the others */

static void intermediate_expires(const struct world *w)
{
    char recipe[160];
    snprintf(recipe, sizeof recipe,
             "brief: ca issuer=root cn=brief secs=-60..%lld\nbelow: issuer=brief\n"
             "brief-crl: crl issuer=brief number=1",
             (long long)(time(NULL) - w->pki_start + 6));
    cg_pki_make(w->pki, recipe);
    cg_pki_write(w->pki, w->folder, "intermediates.pem", "inter brief");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl3 inter-crl ca2-crl brief-crl");
    cg_tap(event_says(w, "intermediates: 2 (previously 1)"), "a new intermediate is taken, and told");
    is_told(stays_connected(w, "below", "brief"), "its certificate expires, and sessions below it end");
    cg_tap(event_says(w, "\"session_ended\",\"reason\":\"ca_expired\"") && event_says(w, "\"subject\":\"CN=brief\""),
           "with an event that names it");
}

/* The rules on trust only audit it; the one on its dates does not. */
static void stranger_expires(const struct world *w)
{
    char recipe[120];
    write_policy(w, ", \"rules\": {\"untrusted\": \"audit\"}");
    cg_tap(event_says(w, "policy: $.rules"), "a policy that only audits trust is taken");
    snprintf(recipe, sizeof recipe, "odd: ca cn=odd\nstranger: issuer=odd secs=-60..%lld",
             (long long)(time(NULL) - w->pki_start + 6));
    cg_pki_make(w->pki, recipe);
    is_told(stays_connected(w, "stranger", ""), "a stranger's certificate expires, its session ends");
    cg_tap(event_says(w, "\"session_ended\",\"reason\":\"expired\""), "with its event");
    write_policy(w, "");
}

static void anchor_goes(const struct world *w)
{
    struct cg_crowd *leaving = stays_connected(w, "leaving", ""), *staying = stays_connected(w, "good", "");
    write_policy(w, ", \"sessions\": \"report\"");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl3 inter-crl");
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root");
    cg_tap(event_says(w, "1 of 2 live sessions no longer accepted: leaving-0"),
           "an anchor is taken away: how many sessions fail is told, and which");
    cg_tap(event_says(w, "\"event\":\"session_audited\",\"reason\":\"untrusted\""), "and why");
    cg_tap(event_says(w, "trust anchors: 1 (previously 2)"), "and what changed");
    cg_tap(cg_crowd_wait(leaving, 0, 0, 1000) < 0, "where the policy only reports, the session goes on");
    write_policy(w, "");
    is_told(leaving, "where the policy ends sessions, it ends");
    static const char ended[] = "\"session_ended\",\"reason\":\"untrusted\"";
    cg_tap(event_says(w, ended), "with its event");
    char *events = cg_broker_read(w->broker, CG_BROKER_EVENTS);
    const char *first = strstr(events, "sessions_checked"), *end = strstr(events, ended);
    cg_tap(first && end && first < end, "told before it is done");
    free(events);
    cg_tap(cg_crowd_live(staying, 0) == 1 && cg_crowd_wait(staying, 0, 0, 200) < 0, "nobody else's does");
    cg_crowd_free(staying);
}

static void credential_changes(const struct world *w)
{
    cg_pki_make(w->pki, "server2: server issuer=root serial=0xbeef");
    write_pair(w, "v2", "server2");
    link_to(w, "live", "v2");
    cg_tap(event_comes(w, "credential_loaded", 1), "a new certificate of the broker is told");
    cg_tap(events_hold(w, "serial number beef (previously cafe)"), "with both serial numbers");
}

int main(void)
{
    struct world w;
    rotation_start(&w, "sessions");
    cg_pki_make(w.pki, "server1: server issuer=root serial=0xcafe\nquiet: issuer=root\n"
                       "ca2: ca cn=ca2\nleaving: issuer=ca2\nca2-crl: crl issuer=ca2 number=1\n"
                       "inter-crl: crl issuer=inter number=1");
    write_pair(&w, "v1", "server1");
    cg_pki_write(w.pki, w.folder, "anchors.pem", "root ca2");
    cg_pki_write(w.pki, w.folder, "crl.pem", "crl1 inter-crl ca2-crl");
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(w.broker, &spec);
    cg_tap(started, "the broker starts");
    if (started) {
        wills(&w);
        intermediate_expires(&w);
        stranger_expires(&w);
        anchor_goes(&w);
        credential_changes(&w);
    }
    cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    return rotation_end(&w);
}
