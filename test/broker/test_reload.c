/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files change under a running broker: what is good is taken within a second, what is bad changes nothing, and
 * sessions end with their certificates. One broker lives through all steps. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WITHIN_MS 1000 /* from the last write to the new state in force */

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    const char *folder;
    int64_t pki_start; /* the clock of the recipes */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static const char *const
    policy = "{\"trust\": {\"anchors\": \"anchors.pem\", \"crls\": \"crl.pem\"}, \"log\": {\"file\": \"events.jsonl\"},"
             " \"credential\": {\"chain\": \"live/chain.pem\", \"key\": \"live/key.pem\"},"
             " \"server\": {\"names\": [\"localhost\"]}";

static void write_policy(const struct world *w, const char *more)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s}", policy, more);
    cg_broker_write(w->broker, "policy.new", text);
    char from[700], to[700];
    snprintf(from, sizeof from, "%s/policy.new", w->folder);
    snprintf(to, sizeof to, "%s/policy.json", w->folder);
    rename(from, to);
}

static void in_folder(const struct world *w, const char *name, char path[700])
{
    snprintf(path, 700, "%s/%s", w->folder, name);
}

/* Writes the pair NAME into a folder of its own. */
static void write_pair(const struct world *w, const char *folder, const char *name)
{
    char path[700];
    in_folder(w, folder, path);
    mkdir(path, 0700);
    cg_pki_write(w->pki, path, "chain.pem", name);
    cg_pki_write_key(w->pki, path, "key.pem", name);
}

static void move(const struct world *w, const char *from, const char *to)
{
    char a[700], b[700];
    in_folder(w, from, a);
    in_folder(w, to, b);
    if (rename(a, b) != 0)
        perror(b);
}

static void link_live(const struct world *w, const char *target)
{
    char path[700], other[700];
    in_folder(w, "live.new", other);
    in_folder(w, "live", path);
    unlink(other);
    if (symlink(target, other) != 0 || rename(other, path) != 0)
        perror(path);
}

/* with its name as client id, or another one: the same client id takes over the session */
static void connect_with_id(const struct world *w, const char *name, const char *id, struct cg_client_result *result)
{
    struct cg_client_spec spec = {.port = cg_broker_port(w->broker), .client_id = id, .mqtt5 = true};
    if (name) {
        spec.leaf = cg_pki_cert(w->pki, name);
        spec.key = cg_pki_key(w->pki, name);
    }
    cg_client_connect(&spec, result);
}

static void connect_as(const struct world *w, const char *name, struct cg_client_result *result)
{
    connect_with_id(w, name, name, result);
}

static bool let_in(const struct world *w, const char *name)
{
    struct cg_client_result result;
    connect_with_id(w, name, "probe", &result);
    bool in = result.let_in;
    cg_client_close(&result);
    return in;
}

static bool serves(const struct world *w, const char *name)
{
    struct cg_client_result result;
    connect_as(w, "good", &result);
    X509 *served = result.let_in ? SSL_get0_peer_certificate(result.ssl) : NULL;
    bool same = served && X509_cmp(served, cg_pki_cert(w->pki, name)) == 0;
    cg_client_close(&result);
    return same;
}

/* ms until the broker serves it, or -1 */
static int64_t served_after(const struct world *w, const char *name)
{
    int64_t start = now_ms();
    while (now_ms() - start < 5 * WITHIN_MS) {
        if (serves(w, name))
            return now_ms() - start;
        pause_ms(20);
    }
    return -1;
}

static int64_t client_after(const struct world *w, const char *name, bool in)
{
    int64_t start = now_ms();
    while (now_ms() - start < 5 * WITHIN_MS) {
        if (let_in(w, name) == in)
            return now_ms() - start;
        pause_ms(20);
    }
    return -1;
}

static size_t count_events(const struct world *w, const char *event)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_EVENTS), needle[100];
    size_t count = 0;
    snprintf(needle, sizeof needle, "\"event\":\"%s\"", event);
    for (const char *at = text; (at = strstr(at, needle)); at++)
        count++;
    free(text);
    return count;
}

static bool events_hold(const struct world *w, const char *words)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_EVENTS);
    bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

static bool in_time(int64_t ms)
{
    return ms >= 0 && ms <= WITHIN_MS;
}

/* ---- steps */

static void renamed_over(struct world *w)
{
    cg_pki_make(w->pki, "server2: server issuer=root");
    write_pair(w, "spare", "server2");
    move(w, "spare/key.pem", "v1/key.pem");
    move(w, "spare/chain.pem", "v1/chain.pem");
    int64_t ms = served_after(w, "server2");
    cg_tap(in_time(ms), "a pair renamed over the old one is served within 1 s (%lld ms)", (long long)ms);
}

static void link_swapped(struct world *w)
{
    cg_pki_make(w->pki, "server3: server issuer=root");
    write_pair(w, "v3", "server3");
    link_live(w, "v3");
    int64_t ms = served_after(w, "server3");
    cg_tap(in_time(ms), "a symbolic link swapped to a new folder is followed within 1 s (%lld ms)", (long long)ms);
}

static void half_written(struct world *w)
{
    cg_pki_make(w->pki, "server4: server issuer=root");
    char path[700];
    in_folder(w, "v3/chain.pem", path);
    char *pem = cg_pki_pem(w->pki, "server4");
    FILE *file = fopen(path, "we");
    fwrite(pem, 1, strlen(pem) / 2, file);
    fflush(file);
    size_t before = count_events(w, "snapshot_rejected");
    pause_ms(2500);
    cg_tap(serves(w, "server3"), "while a certificate is half written the old one is served");
    cg_tap(count_events(w, "snapshot_rejected") == before + 1, "and one event says that the file is no good");
    cg_tap(events_hold(w, "chain.pem"), "by its name");
    fputs(pem + strlen(pem) / 2, file);
    fclose(file);
    free(pem);
    char folder[700];
    in_folder(w, "v3", folder);
    cg_pki_write_key(w->pki, folder, "key.pem", "server4");
    int64_t ms = served_after(w, "server4");
    cg_tap(in_time(ms), "once both files are whole they are served within 1 s (%lld ms)", (long long)ms);
}

static void key_then_chain(struct world *w)
{
    char folder[700];
    cg_pki_make(w->pki, "server5: server issuer=root key=p384");
    in_folder(w, "v3", folder);
    size_t before = count_events(w, "snapshot_rejected");
    cg_pki_write_key(w->pki, folder, "key.pem", "server5");
    pause_ms(500);
    cg_tap(serves(w, "server4"), "a key that waits for its certificate changes nothing");
    cg_pki_write(w->pki, folder, "chain.pem", "server5");
    int64_t ms = served_after(w, "server5");
    cg_tap(in_time(ms), "key and chain one after the other are served within 1 s (%lld ms)", (long long)ms);
    cg_tap(count_events(w, "snapshot_rejected") == before, "and half a second between them is no news");
}

static void bad_credentials(struct world *w)
{
    static const struct {
        const char *what, *recipe, *words;
    } rows[] = {
        {"of another CA", "bad: server issuer=stranger", "untrusted"},
        {"that expired", "bad: server issuer=root days=-9..-1", "expired"},
        {"for clients", "bad: issuer=root san=dns:localhost", "wrong_purpose"},
        {"that was revoked", "bad: server issuer=root serial=4711", "revoked"},
        {"without the names that the policy wants", "bad: server issuer=root san=dns:elsewhere", "localhost"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cg_pki_make(w->pki, rows[i].recipe);
        write_pair(w, "bad", "bad");
        link_live(w, "bad");
        pause_ms(2000);
        cg_tap(serves(w, "server5"), "a certificate %s is not served", rows[i].what);
        cg_tap(events_hold(w, rows[i].words), "and an event says why (%s)", rows[i].words);
        link_live(w, "v3");
        pause_ms(500);
    }
}

static void signals_over_bad_files(struct world *w)
{
    /* the broker reads its own files again at SIGHUP: a pair that does not fit, then garbage, then nothing */
    char folder[700], path[700];
    snprintf(folder, sizeof folder, "%s", w->folder);
    cg_pki_write_key(w->pki, folder, "key.pem", "server5");
    kill(cg_broker_pid(w->broker), SIGHUP);
    pause_ms(400);
    cg_tap(serves(w, "server5"), "SIGHUP over a mismatched pair of the broker's own leaves the listener serving");
    cg_broker_write(w->broker, "chain.pem", "-----BEGIN garbage");
    kill(cg_broker_pid(w->broker), SIGHUP);
    pause_ms(400);
    cg_tap(serves(w, "server5"), "SIGHUP over garbage leaves the listener serving");
    in_folder(w, "chain.pem", path);
    unlink(path);
    kill(cg_broker_pid(w->broker), SIGHUP);
    pause_ms(400);
    cg_tap(serves(w, "server5"), "SIGHUP over a missing file leaves the listener serving");
    for (int i = 0; i < 200; i++) {
        kill(cg_broker_pid(w->broker), SIGHUP);
        if (i % 20 == 0 && !let_in(w, "good"))
            cg_tap(false, "a client is let in during a storm of signals");
    }
    cg_tap(serves(w, "server5"), "200 SIGHUPs in a row leave the listener serving");
}

static void new_anchor(struct world *w)
{
    cg_tap(!let_in(w, "newcomer"), "a client of another CA is refused");
    cg_pki_write(w->pki, w->folder, "anchors.new", "root next");
    cg_pki_write(w->pki, w->folder, "crl.new", "crl1 next-crl");
    move(w, "crl.new", "crl.pem");
    move(w, "anchors.new", "anchors.pem");
    int64_t ms = client_after(w, "newcomer", true);
    cg_tap(in_time(ms), "a CA added to the anchors is trusted within 1 s (%lld ms)", (long long)ms);
    cg_tap(let_in(w, "good"), "and the old CA's clients are let in as before");
}

static void bad_anchors(struct world *w)
{
    cg_broker_write(w->broker, "anchors.pem", "nonsense\n");
    pause_ms(2000);
    cg_tap(let_in(w, "good") && let_in(w, "newcomer"), "garbage in the anchors file changes nothing");
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root next");
    pause_ms(600);
}

static void revoked_live(struct world *w)
{
    struct cg_client_result victim, other;
    connect_as(w, "victim", &victim);
    connect_as(w, "good", &other);
    cg_tap(victim.let_in && other.let_in, "two clients are connected");
    cg_pki_make(w->pki, "crl2: crl issuer=root number=2 revoke=0x1267,victim");
    cg_pki_write(w->pki, w->folder, "crl.new", "crl2 next-crl");
    int64_t start = now_ms();
    move(w, "crl.new", "crl.pem");
    bool ended = cg_client_ended(&victim, 5000);
    int64_t ms = now_ms() - start;
    cg_tap(ended && in_time(ms), "revocation ends the session of the revoked within 1 s (%lld ms)", (long long)ms);
    cg_tap(!cg_client_ended(&other, 300), "and no other one");
    cg_tap(!let_in(w, "victim"), "and the revoked is not let in again");
    cg_tap(events_hold(w, "\"event\":\"session_ended\",\"reason\":\"revoked\""), "with an event that gives the reason");
    cg_client_close(&victim);
    cg_client_close(&other);
}

static void older_crl(struct world *w)
{
    size_t before = count_events(w, "snapshot_rejected");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl1 next-crl");
    pause_ms(2000);
    cg_tap(!let_in(w, "victim"), "an older CRL put in place does not bring the revoked back");
    cg_tap(count_events(w, "snapshot_rejected") == before + 1, "and one event says so");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl2 next-crl");
    pause_ms(600);
}

static void expiry_live(struct world *w)
{
    struct cg_client_result brief;
    char recipe[120];
    snprintf(recipe, sizeof recipe, "brief: issuer=root secs=-60..%lld", (long long)(time(NULL) - w->pki_start + 3));
    cg_pki_make(w->pki, recipe);
    connect_as(w, "brief", &brief);
    cg_tap(brief.let_in, "a client whose certificate has 3 s to live is let in");
    int64_t start = now_ms();
    bool ended = cg_client_ended(&brief, 8000);
    int64_t ms = now_ms() - start;
    cg_tap(ended && ms >= 2000 && ms <= 5000, "and its session ends with the certificate (%lld ms)", (long long)ms);
    cg_client_close(&brief);
}

static void warnings(struct world *w)
{
    size_t before = count_events(w, "expiry_warning");
    cg_pki_make(w->pki, "soon: issuer=root days=-1..5");
    cg_tap(let_in(w, "soon") && let_in(w, "soon"), "a client whose certificate expires in 5 days connects twice");
    pause_ms(300);
    cg_tap(count_events(w, "expiry_warning") == before + 1, "and is warned of once");
    cg_tap(events_hold(w, "the certificate of this client expires in 4 days"), "with the time that is left");
    cg_tap(count_events(w, "crl_stale") == 0, "a fresh CRL is not warned of");
    cg_pki_make(w->pki, "crl3: crl issuer=root number=3 days=-8..2 revoke=0x1267,victim");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl3 next-crl");
    pause_ms(1500);
    cg_tap(count_events(w, "crl_stale") == 1, "a CRL past half of its life is, once");
}

static void policy_changes(struct world *w)
{
    write_policy(w, ", \"client\": {\"rsa_min_bitz\": 4096}");
    pause_ms(2000);
    cg_tap(events_hold(w, "rsa_min_bitz") && let_in(w, "good"),
           "a policy with a mistake changes nothing, and is named");
    struct cg_client_result good;
    connect_as(w, "good", &good);
    write_policy(w, ", \"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2a\"}], \"sessions\": \"report\"");
    int64_t ms = client_after(w, "good", false);
    cg_tap(in_time(ms), "a certificate put on the deny list is refused within 1 s (%lld ms)", (long long)ms);
    cg_tap(!cg_client_ended(&good, 800), "its live session goes on where the policy only reports");
    cg_tap(events_hold(w, "\"event\":\"session_audited\""), "and is reported");
    write_policy(w, ", \"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2a\"}]");
    cg_tap(cg_client_ended(&good, 2000), "and is ended where the policy ends it");
    cg_client_close(&good);
    write_policy(w, "");
    cg_tap(in_time(client_after(w, "good", true)), "taken off the list it is let in again");
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* sessions that the broker ended are closed once more */
    struct world w = {.pki_start = time(NULL)};
    w.pki = cg_pki_new(w.pki_start);
    cg_pki_make(w.pki, "root: ca cn=root\nstranger: ca\nnext: ca\nserver1: server issuer=root\n"
                       "good: issuer=root serial=42\nvictim: issuer=root\nnewcomer: issuer=next\n"
                       "crl1: crl issuer=root number=1 revoke=0x1267\nnext-crl: crl issuer=next number=1");
    w.broker = cg_broker_new("reload");
    w.folder = cg_broker_folder(w.broker);
    cg_pki_write_folder(w.pki, w.folder, "root", "server1", "");
    cg_pki_write(w.pki, w.folder, "anchors.pem", "root");
    cg_pki_write(w.pki, w.folder, "crl.pem", "crl1");
    write_pair(&w, "v1", "server1");
    link_live(&w, "v1");
    write_policy(&w, "");
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(w.broker, &spec);
    cg_tap(started, "the broker starts");
    if (started) {
        cg_tap(serves(&w, "server1"), "the policy's credential is served");
        renamed_over(&w);
        link_swapped(&w);
        half_written(&w);
        key_then_chain(&w);
        bad_credentials(&w);
        signals_over_bad_files(&w);
        new_anchor(&w);
        bad_anchors(&w);
        revoked_live(&w);
        older_crl(&w);
        expiry_live(&w);
        warnings(&w);
        policy_changes(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    int status = cg_tap_done();
    cg_broker_free(w.broker, status != 0);
    cg_pki_free(w.pki);
    return status;
}
