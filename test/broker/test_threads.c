/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin's threads against each other, for ThreadSanitizer: the main thread shakes hands, ticks, reloads, answers on
 * the control topic and ends sessions, while files change under the worker, the writer logs and the check of live sessions
 * runs; clients are threads of this process too, so that other users of OpenSSL are among them.
 * CG_THREADS_MS (3000): how long. Called with the preset tsan, and as any other test without it. */
#include "fake_broker.h"

#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/scratch.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NCLIENTS 3
#define HELD     4 /* live sessions of each */

static const char *folder;
static atomic_bool stop;

/* ---- clients */

struct client {
    pthread_t thread;
    X509 *good, *victim, *stranger;
    STACK_OF(X509) *chain; /* the clients' copies of it become one object in the plugin */
    EVP_PKEY *good_key, *victim_key, *stranger_key;
    uint16_t port;
    int number;
    bool admin;
    size_t let_in, good_refused, stranger_in, resumed;
};

static void visit(const struct client *client, X509 *leaf, EVP_PKEY *key, const char *id, int version,
                  const SSL_SESSION *session, struct cg_client_result *result)
{
    const struct cg_client_spec spec = {.port = client->port,
                                        .leaf = leaf,
                                        .chain = client->chain,
                                        .key = key,
                                        .version = version,
                                        .session = session,
                                        .client_id = id,
                                        .wait_ms = 30000};
    cg_client_connect(&spec, result);
}

static void ask(struct cg_client_result *result)
{
    static const char request[] = "\x30{\"commands\": [{\"command\": \"status\"}, {\"command\": \"list_sessions\"},"
                                  " {\"command\": \"reload\"}, {\"command\": \"check_policy\", \"policy\":"
                                  " {\"trust\": {\"anchors\": \"ca.pem\"}}}]}";
    if (result->accepted)
        SSL_write(result->ssl, request, sizeof request - 1);
}

static void *come_and_go(void *argument)
{
    struct client *client = argument;
    struct cg_client_result held[HELD] = {{0}}, victim = {0}, stranger;
    SSL_SESSION *session[2] = {NULL, NULL}; /* by version */
    for (int turn = 0; !atomic_load(&stop); turn++) {
        char id[40], victim_id[40];
        struct cg_client_result *mine = &held[turn % HELD];
        int version = turn & 1 ? TLS1_2_VERSION : TLS1_3_VERSION;
        snprintf(id, sizeof id, "c%d-%d", client->number, turn % HELD);
        snprintf(victim_id, sizeof victim_id, "v%d", client->number);
        cg_client_close(mine);
        visit(client, client->good, client->good_key, id, version, session[turn & 1], mine);
        client->let_in += mine->accepted;
        client->good_refused += !mine->accepted;
        client->resumed += mine->resumed;
        SSL_SESSION_free(session[turn & 1]);
        session[turn & 1] = mine->accepted ? SSL_SESSION_dup(SSL_get0_session(mine->ssl)) : NULL;
        if (client->admin)
            ask(mine);
        if (turn % 3 == 0) {
            visit(client, client->stranger, client->stranger_key, "stranger", version, NULL, &stranger);
            client->stranger_in += stranger.accepted;
            cg_client_close(&stranger);
        }
        if (turn % 16 == 0) { /* lives on, until it is revoked or replaced */
            cg_client_close(&victim);
            visit(client, client->victim, client->victim_key, victim_id, version, NULL, &victim);
        }
    }
    for (int i = 0; i < HELD; i++)
        cg_client_close(&held[i]);
    cg_client_close(&victim);
    SSL_SESSION_free(session[0]);
    SSL_SESSION_free(session[1]);
    return NULL;
}

/* ---- files */

#define POLICY                                                                                                         \
    "{\"trust\": {\"anchors\": \"ca.pem\", \"intermediates\": \"inter.pem\", \"crls\": \"crl.pem\"}, "                 \
    "\"log\": {\"file\": \"events.jsonl\", \"accepted\": true, \"burst\": 100000, \"window\": \"100ms\"}, "            \
    "\"tls\": {\"resumption\": \"bound\"}, \"credential\": {\"chain\": \"live.pem\", \"key\": \"live.key\"}, "         \
    "\"state\": \"state\", \"admin\": [{\"sha256\": \"%s\"}]%s}"

static void place(const char *file, const char *text)
{
    char path[500], fresh[500];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(fresh, sizeof fresh, "%s/%s.new", folder, file);
    FILE *out = fopen(fresh, "we");
    if (!out || fputs(text, out) < 0 || fclose(out) != 0 || rename(fresh, path) != 0)
        perror(path);
}

static void place_certificates(const struct cg_pki *pki, const char *file, const char *names)
{
    char *pem = cg_pki_pem(pki, names);
    place(file, pem);
    free(pem);
}

static void place_pair(const struct cg_pki *pki, const char *name)
{
    char *key = cg_pki_key_pem(pki, name);
    place("live.key", key);
    free(key);
    place_certificates(pki, "live.pem", name);
}

static char admin_sha256[65];

static void place_policy(const char *more)
{
    char text[1024];
    snprintf(text, sizeof text, POLICY, admin_sha256, more);
    place("policy.json", text);
}

static void change_files(struct cg_pki *pki, unsigned turn)
{
    char recipe[120], from[500], to[500];
    switch (turn % 8) {
    case 0:
    case 4:
        snprintf(recipe, sizeof recipe, "crl: crl issuer=inter number=%u revoke=0x1267%s", turn + 2,
                 turn % 8 ? "" : ",victim");
        cg_pki_make(pki, recipe);
        place_certificates(pki, "crl.pem", "crl root-crl");
        break;
    case 1:
        place_policy(", \"client\": {\"max_lifetime\": \"900d\"}");
        break;
    case 2:
        place_policy(", \"no such key\": true");
        break;
    case 3:
        place_policy("");
        break;
    case 5:
        place_pair(pki, turn % 16 == 5 ? "server2" : "server1");
        break;
    case 6:
        place("ca.pem", "nonsense\n");
        cg_pause_ms(50);
        place_certificates(pki, "ca.pem", turn % 16 == 6 ? "root next" : "root");
        break;
    default:
        snprintf(from, sizeof from, "%s/events.jsonl", folder);
        snprintf(to, sizeof to, "%s/events.1", folder);
        rename(from, to);
    }
}

static void *write_files(void *argument)
{
    for (unsigned turn = 0; !atomic_load(&stop); turn++) {
        change_files(argument, turn);
        cg_pause_ms(200); /* longer than the worker waits for a file to rest */
    }
    return NULL;
}

/* ---- the test */

static void prepare(struct cg_pki *pki)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    folder = cg_scratch_open("threads");
    cg_pki_make(pki, "root: ca cn=root\nnext: ca\nother: ca\ninter: ca issuer=root\nserver1: server issuer=root\n"
                     "server2: server issuer=root\ngood: issuer=inter\nvictim: issuer=inter\nstranger: issuer=other\n"
                     "root-crl: crl issuer=root\ncrl: crl issuer=inter number=1 revoke=0x1267");
    cg_pki_write_folder(pki, folder, "root", "server1", "crl root-crl");
    X509_digest(cg_pki_cert(pki, "good"), EVP_sha256(), digest, &len);
    for (unsigned i = 0; i < len; i++)
        snprintf(admin_sha256 + 2 * i, 3, "%02x", digest[i]);
    place_certificates(pki, "inter.pem", "inter");
    place_pair(pki, "server1");
    place_policy("");
}

static void introduce(struct client *clients, const struct cg_pki *pki)
{
    for (int i = 0; i < NCLIENTS; i++)
        clients[i] = (struct client){.good = cg_pki_cert(pki, "good"),
                                     .victim = cg_pki_cert(pki, "victim"),
                                     .stranger = cg_pki_cert(pki, "stranger"),
                                     .chain = cg_pki_stack(pki, "inter"),
                                     .good_key = cg_pki_key(pki, "good"),
                                     .victim_key = cg_pki_key(pki, "victim"),
                                     .stranger_key = cg_pki_key(pki, "stranger"),
                                     .port = fake_port(),
                                     .number = i,
                                     .admin = i == 0};
}

/* The loop goes on while the clients end: they wait for answers. */
static void join(pthread_t thread)
{
    while (pthread_tryjoin_np(thread, NULL) != 0)
        fake_turn(2);
}

/* A busy machine needs longer until everything happened once. */
#define MORE_US 60000000

static bool unfinished(const struct fake_told *told)
{
    return !told->kicked || !told->answers || told->snapshots < 4;
}

static void run(struct cg_pki *pki, int ms)
{
    struct client clients[NCLIENTS], all = {0};
    pthread_t writer;
    introduce(clients, pki);
    pthread_create(&writer, NULL, write_files, pki);
    for (int i = 0; i < NCLIENTS; i++)
        pthread_create(&clients[i].thread, NULL, come_and_go, &clients[i]);
    const struct fake_told *told = fake_told();
    int64_t end = cg_now_us() + (int64_t)ms * 1000;
    for (unsigned turn = 0; cg_now_us() < end || (unfinished(told) && cg_now_us() < end + MORE_US); turn++) {
        fake_turn(2);
        if (turn % 50 == 0)
            fake_reload();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < NCLIENTS; i++) {
        join(clients[i].thread);
        sk_X509_pop_free(clients[i].chain, X509_free);
        all.let_in += clients[i].let_in;
        all.good_refused += clients[i].good_refused;
        all.stranger_in += clients[i].stranger_in;
        all.resumed += clients[i].resumed;
    }
    join(writer);
    cg_tap_note("%zu connects, %zu of them resumed; %zu sessions ended, %zu kicked; %zu answers", told->connects,
                all.resumed, told->ended, told->kicked, told->answers);
    cg_tap(all.let_in > 0 && all.good_refused == 0, "every good client was let in (%zu, %zu refused)", all.let_in,
           all.good_refused);
    cg_tap(all.stranger_in == 0, "and no stranger");
    cg_tap(told->kicked > 0, "sessions of the revoked were ended");
    cg_tap(told->answers > 0, "the administrator got answers");
    cg_tap(told->snapshots > 3, "and snapshots were swapped meanwhile (%zu)", told->snapshots);
}

int main(void)
{
    const char *given = getenv("CG_THREADS_MS"), *plugin = getenv("CG_PLUGIN");
    char policy[500];
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    struct cg_pki *pki = cg_pki_new(time(NULL));
    prepare(pki);
    snprintf(policy, sizeof policy, "%s/policy.json", folder);
    bool open = plugin && fake_open(plugin, folder, policy);
    cg_tap(open, "the plugin loads");
    if (open)
        run(pki, given ? (int)strtol(given, NULL, 10) : 3000);
    fake_close();
    cg_scratch_close();
    cg_pki_free(pki);
    return cg_tap_done();
}
