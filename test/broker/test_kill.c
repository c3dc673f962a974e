/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker is killed under load, again and again, at any moment, and started anew: what was revoked or taken from the policy
 * before stays out from the first handshake on, good clients come back, and the event log holds whole lines only.
 * CG_KILLS (4): how often. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NCLIENTS  3
#define WITHIN_MS 2000 /* a second where the kernel reports nothing, and as much on a busy machine */
#define WAIT_MS   20000

static atomic_bool stop;
static atomic_int port; /* 0: no broker */

struct client {
    pthread_t thread;
    X509 *good, *outcast;
    EVP_PKEY *good_key, *outcast_key;
    int number;
    size_t in, outcast_in;
};

static bool visit(X509 *leaf, EVP_PKEY *key, uint16_t to, const char *id)
{
    const struct cg_client_spec spec = {.port = to, .leaf = leaf, .key = key, .client_id = id, .wait_ms = WAIT_MS};
    struct cg_client_result result;
    cg_client_connect(&spec, &result);
    bool in = result.accepted;
    cg_client_close(&result);
    return in;
}

static void *press(void *argument)
{
    struct client *client = argument;
    char id[20];
    snprintf(id, sizeof id, "c%d", client->number);
    while (!atomic_load(&stop)) {
        int to = atomic_load(&port);
        if (!to) {
            cg_pause_ms(5);
            continue;
        }
        client->in += visit(client->good, client->good_key, (uint16_t)to, id);
        client->outcast_in += visit(client->outcast, client->outcast_key, (uint16_t)to, id);
    }
    return NULL;
}

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    const char *folder;
};

static void place_crl(const struct world *w, unsigned number, const char *names)
{
    char recipe[200], from[700], to[700];
    snprintf(recipe, sizeof recipe, "crl: crl issuer=root number=%u revoke=%s", number, names);
    cg_pki_make(w->pki, recipe);
    cg_pki_write(w->pki, w->folder, "crl.new", "crl");
    snprintf(from, sizeof from, "%s/crl.new", w->folder);
    snprintf(to, sizeof to, "%s/crl.pem", w->folder);
    if (rename(from, to) != 0)
        perror(to);
}

static bool start(const struct world *w)
{
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(w->broker, &spec);
    atomic_store(&port, started ? cg_broker_port(w->broker) : 0);
    return started;
}

/* A moment that differs: in a handshake, in the write of an event, in the load of a file. */
static void kill_it(const struct world *w, unsigned turn)
{
    cg_pause_ms((int)(100 + turn * 137 % 400));
    kill(cg_broker_pid(w->broker), SIGKILL);
    atomic_store(&port, 0);
    cg_broker_ended(w->broker, WAIT_MS);
}

static bool whole_lines(const struct world *w, size_t *count)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_EVENTS), *rest = text;
    bool whole = true;
    *count = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        cJSON *event = *line ? cJSON_Parse(line) : NULL;
        whole = whole && (event || !*line);
        *count += event != NULL;
        cJSON_Delete(event);
    }
    free(text);
    return whole;
}

static void one_life(const struct world *w, unsigned turn)
{
    char name[20], recipe[60], revoked[60];
    snprintf(name, sizeof name, "victim%u", turn);
    snprintf(recipe, sizeof recipe, "%s: issuer=root", name);
    snprintf(revoked, sizeof revoked, "outcast,%s", name);
    cg_pki_make(w->pki, recipe);
    X509 *leaf = cg_pki_cert(w->pki, name);
    EVP_PKEY *key = cg_pki_key(w->pki, name);
    cg_tap(visit(leaf, key, cg_broker_port(w->broker), "victim"), "life %u: a client is let in", turn);
    place_crl(w, turn + 2, revoked);
    if (turn & 1) /* else it is killed before it could read the file */
        cg_pause_ms(WITHIN_MS);
    kill_it(w, turn);
    cg_tap(start(w), "life %u: killed, the broker starts again", turn);
    cg_tap(!visit(leaf, key, cg_broker_port(w->broker), "victim"), "life %u: what was revoked before is refused", turn);
}

static void lives(const struct world *w, unsigned kills)
{
    struct client clients[NCLIENTS] = {{0}};
    size_t in = 0, outcast_in = 0, events = 0;
    for (int i = 0; i < NCLIENTS; i++) {
        clients[i] = (struct client){.good = cg_pki_cert(w->pki, "good"),
                                     .outcast = cg_pki_cert(w->pki, "outcast"),
                                     .good_key = cg_pki_key(w->pki, "good"),
                                     .outcast_key = cg_pki_key(w->pki, "outcast"),
                                     .number = i};
        pthread_create(&clients[i].thread, NULL, press, &clients[i]);
    }
    for (unsigned turn = 0; turn < kills; turn++)
        one_life(w, turn);
    cg_tap(visit(clients[0].good, clients[0].good_key, cg_broker_port(w->broker), "last"), "good clients are let in");
    atomic_store(&stop, true);
    for (int i = 0; i < NCLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        in += clients[i].in;
        outcast_in += clients[i].outcast_in;
    }
    cg_tap(in > 0 && outcast_in == 0, "under load %zu visits of good clients, and the outcast never got in", in);
    cg_tap(cg_broker_stop(w->broker), "the last one ends well");
    bool whole = whole_lines(w, &events);
    cg_tap(whole && events > 0, "the event log holds %zu whole lines and nothing else", events);
}

int main(void)
{
    const char *given = getenv("CG_KILLS");
    signal(SIGPIPE, SIG_IGN);
    struct world w = {.pki = cg_pki_new(time(NULL))};
    cg_pki_make(w.pki, "root: ca cn=root\nserver: server issuer=root\ngood: issuer=root\noutcast: issuer=root\n"
                       "crl: crl issuer=root number=1 revoke=outcast");
    w.broker = cg_broker_new("kill");
    w.folder = cg_broker_folder(w.broker);
    cg_pki_write_folder(w.pki, w.folder, "root", "server", "crl");
    cg_broker_write(w.broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, \"log\": {\"file\": "
                    "\"events.jsonl\", \"accepted\": true, \"burst\": 1000000}}");
    bool started = start(&w);
    cg_tap(started, "the broker starts");
    if (started)
        lives(&w, given ? (unsigned)strtoul(given, NULL, 10) : 4);
    int status = cg_tap_done();
    cg_broker_free(w.broker, status != 0);
    cg_pki_free(w.pki);
    return status;
}
