/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker bridges to another one over TLS, under the policy's bridge section: no bridge to a wrong peer, whatever
 * mosquitto.conf says (bridge_insecure), messages once the peer is right, and none any more once it is revoked. The
 * remote broker only audits its own certificate, so it serves the bad ones too, one after the other.
 *
 * Mosquitto 2.0.11 stops answering, without a plugin too, after the handshake of its bridge has failed a few times: there
 * each bad peer gets a broker of its own that tries once, and the good one is played with until it is revoked. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/tap.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENT_MS 40000 /* the remote takes its file within 1 s; Mosquitto takes its time before it tries again */

struct scene {
    const char *address, *other_name; /* the name that the bridge uses, and a SAN without it */
    const char *first;                /* the certificate that the remote broker starts with */
    int pause_s;                      /* between the tries of the bridge */
    struct cg_pki *pki;
    struct cg_broker *local, *remote;
};

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static bool start_remote(const struct scene *scene)
{
    const char *folder = cg_broker_folder(scene->remote);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json", .plain = true};
    cg_pki_write_folder(scene->pki, folder, "remote-ca", scene->first, "");
    cg_broker_write(scene->remote, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\"}, \"mode\": \"audit\", \"plain\": \"allow\", \"server\": "
                    "{\"names\": [\"any\"]}, \"credential\": "
                    "{\"chain\": \"chain.pem\", \"key\": \"key.pem\"}}");
    return cg_broker_start(scene->remote, &spec);
}

static bool start_local(const struct scene *scene)
{
    char listener[1024];
    const char *folder = cg_broker_folder(scene->local);
    cg_pki_write_folder(scene->pki, folder, "root", "server", "");
    cg_pki_write(scene->pki, folder, "remote-ca.pem", "remote-ca");
    cg_pki_write(scene->pki, folder, "crl.pem", "crl1");
    cg_broker_write(
        scene->local, "policy.json",
        "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\"}, \"plain\": \"allow\", "
        "\"bridge\": {\"trust\": {\"anchors\": \"remote-ca.pem\", \"crls\": \"crl.pem\"}}}");
    snprintf(listener, sizeof listener,
             "connection away\naddress %s:%u\ntopic # out 0\nrestart_timeout %d\nbridge_insecure true\n"
             "bridge_cafile %s/remote-ca.pem\nnotifications false\n",
             scene->address, cg_broker_port(scene->remote), scene->pause_s, folder);
    const struct cg_broker_spec spec = {
        .options = "plugin_opt_policy FOLDER/policy.json", .listener = listener, .plain = true};
    return cg_broker_start(scene->local, &spec);
}

static void serve(const struct scene *scene, const char *name)
{
    const char *folder = cg_broker_folder(scene->remote);
    cg_pki_write_key(scene->pki, folder, "key.pem", name);
    cg_pki_write(scene->pki, folder, "chain.pem", name);
}

/* An event of the local broker that has all three. */
static bool told(const struct scene *scene, const char *event, const char *reason)
{
    char name[80], why[80];
    snprintf(name, sizeof name, "\"event\":\"%s\"", event);
    snprintf(why, sizeof why, "\"reason\":\"%s\"", reason);
    for (int waited = 0; waited < EVENT_MS; waited += 50) {
        char *text = cg_broker_read(scene->local, CG_BROKER_EVENTS), *rest = text;
        bool found = false;
        for (char *line; !found && (line = strsep(&rest, "\n"));)
            found = strstr(line, name) && strstr(line, why) && strstr(line, "\"role\":\"bridge\"");
        free(text);
        if (found)
            return true;
        pause_ms(50);
    }
    return false;
}

static bool bridged(const struct scene *scene)
{
    char *log = cg_broker_read(scene->remote, CG_BROKER_LOG);
    bool found = strstr(log, ".away ") != NULL; /* "as HOST.away (p2, ...)" */
    free(log);
    return found;
}

/* True when what is published here arrives there. Says it each half second: the bridge may come up in between. */
static bool flows(const struct scene *scene, int seconds)
{
    char command[512];
    snprintf(command, sizeof command,
             "mosquitto_sub -h 127.0.0.1 -p %u -t hello -C 1 -W %d >/dev/null 2>&1 & sub=$!; n=0; "
             "while kill -0 $sub 2>/dev/null && [ $n -lt %d ]; do sleep 0.5; n=$((n+1)); "
             "mosquitto_pub -h 127.0.0.1 -p %u -t hello -m x >/dev/null 2>&1; done; wait $sub",
             cg_broker_plain_port(scene->remote), seconds, seconds * 2, cg_broker_plain_port(scene->local));
    return system(command) == 0;
}

static const struct bad_peer {
    const char *what, *name, *reason; /* name NULL: the scene's other name */
} bad_peers[] = {
    {"a peer of another CA", "stranger", "untrusted"},
    {"an expired peer", "expired", "expired"},
    {"a peer with another name", NULL, "host_mismatch"},
    {"a peer with a client's certificate", "client", "wrong_purpose"},
    {"a revoked peer", "revoked", "revoked"},
};
#define BAD_PEERS (sizeof bad_peers / sizeof *bad_peers)

static const char *name_of(const struct bad_peer *peer, const struct scene *scene)
{
    return peer->name ? peer->name : scene->other_name;
}

static void refuses(const struct scene *scene, const struct bad_peer *peer)
{
    cg_tap(told(scene, "handshake_rejected", peer->reason) && !bridged(scene), "%s: no bridge to %s, reason %s",
           scene->address, peer->what, peer->reason);
}

static void play_bad(const struct scene *scene)
{
    for (size_t i = 0; i < BAD_PEERS; i++) {
        serve(scene, name_of(&bad_peers[i], scene));
        refuses(scene, &bad_peers[i]);
    }
}

static void play_good(const struct scene *scene)
{
    serve(scene, "good");
    cg_tap(flows(scene, 40), "%s: once the peer serves a good certificate messages flow", scene->address);
    cg_tap(bridged(scene), "%s: and its log knows the bridge", scene->address);
    cg_pki_write(scene->pki, cg_broker_folder(scene->local), "crl.pem", "crl2");
    cg_tap(told(scene, "session_ended", "revoked"), "%s: its revocation ends the live bridge", scene->address);
    cg_tap(!flows(scene, 3), "%s: and nothing flows any more", scene->address);
}

static void play_again(const struct scene *scene)
{
    serve(scene, "good2");
    cg_tap(flows(scene, 40), "%s: until it serves another good one", scene->address);
}

static void open_scene(struct scene *scene)
{
    scene->pki = cg_pki_new(time(NULL));
    cg_pki_make(scene->pki, "root: ca cn=root\nserver: server issuer=root\nremote-ca: ca cn=remote\n"
                            "other: ca cn=other\nstranger: server issuer=other\n"
                            "expired: server issuer=remote-ca days=-9..-1\n"
                            "other-address: server issuer=remote-ca san=dns:localhost,ip:127.0.0.2\n"
                            "other-host: server issuer=remote-ca san=dns:elsewhere.example,ip:127.0.0.1\n"
                            "client: issuer=remote-ca san=dns:localhost,ip:127.0.0.1\n"
                            "revoked: server issuer=remote-ca\ngood: server issuer=remote-ca\n"
                            "good2: server issuer=remote-ca\n"
                            "crl1: crl issuer=remote-ca number=1 revoke=revoked\n"
                            "crl2: crl issuer=remote-ca number=2 revoke=revoked,good\n");
    scene->remote = cg_broker_new("bridge-remote");
    scene->local = cg_broker_new("bridge-local");
}

static void close_scene(const struct scene *scene, bool keep)
{
    cg_broker_free(scene->local, keep);
    cg_broker_free(scene->remote, keep);
    cg_pki_free(scene->pki);
}

static bool run(const char *address, const char *other_name)
{
    struct scene scene = {.address = address, .other_name = other_name, .first = "stranger", .pause_s = 1};
    open_scene(&scene);
    bool started = start_remote(&scene) && start_local(&scene);
    cg_tap(started, "%s: two brokers start", address);
    if (started) {
        play_bad(&scene);
        play_good(&scene);
        play_again(&scene);
    }
    bool local = cg_broker_stop(scene.local), remote = cg_broker_stop(scene.remote);
    cg_tap(local && remote, "%s: both end well", address);
    bool keep = !(started && local && remote);
    close_scene(&scene, keep);
    return !keep;
}

/* peer NULL: the good one */
static void run_once(const char *address, const char *other_name, const struct bad_peer *peer)
{
    struct scene scene = {.address = address, .other_name = other_name, .pause_s = 60};
    scene.first = peer ? name_of(peer, &scene) : "good";
    open_scene(&scene);
    bool started = start_remote(&scene) && start_local(&scene);
    if (started && peer)
        refuses(&scene, peer);
    else if (started)
        play_good(&scene);
    bool ended = cg_broker_stop(scene.local) || peer; /* a bad peer may have stopped it from answering */
    cg_tap(started && cg_broker_stop(scene.remote) && ended, "%s: two brokers start, and end", address);
    close_scene(&scene, !started);
}

/* "mosquitto version 2.0.11" is the first line of its help. */
static bool is_2_0_11(void)
{
    char command[600], line[200] = "";
    const char *program = getenv("CG_MOSQUITTO");
    snprintf(command, sizeof command, "'%s' -h", program && *program ? program : "/usr/sbin/mosquitto");
    FILE *help = popen(command, "re");
    bool read = help && fgets(line, sizeof line, help);
    if (help)
        pclose(help);
    return read && strstr(line, "version 2.0.11");
}

/* The remote broker listens on 127.0.0.1 alone: does a bridge get there by this name? It tries the first address. */
static bool leads_here(const char *name)
{
    const struct addrinfo fixes = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(name, NULL, &fixes, &found) != 0)
        return false;
    const struct sockaddr_in *first = (const void *)found->ai_addr;
    bool here = found->ai_family == AF_INET && first->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    freeaddrinfo(found);
    return here;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    bool by_name = leads_here("localhost");
    if (!by_name)
        cg_tap_note("localhost is not 127.0.0.1 here: a bridge to a name is not tried");
    if (is_2_0_11()) {
        for (size_t i = 0; i < BAD_PEERS; i++)
            run_once("127.0.0.1", "other-address", &bad_peers[i]);
        run_once("127.0.0.1", "other-address", NULL);
        if (by_name)
            run_once("localhost", "other-host", &bad_peers[2]);
        return cg_tap_done();
    }
    if (run("127.0.0.1", "other-address") && by_name)
        run("localhost", "other-host");
    return cg_tap_done();
}
