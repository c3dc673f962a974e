/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Everything at once for a while ($CG_SOAK seconds, by default 10): clients connect and publish, strangers and revoked
 * ones try to, certificates, CRLs, anchors and policies are replaced by good and by bad ones, signals come. No good client
 * is lost, no bad one gets in, and memory and descriptors stay what they are. */
#include "rotation.h"

#include "lib/crowd.h"
#include "lib/pinger.h"
#include "lib/process.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAY       20   /* sessions that live through all of it */
#define GROWTH_KIB 2048 /* what fragments, not what leaks: some bytes a connect would be more */
#define SERVED_MS  5000

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_TELLS false /* the sanitizer keeps what is freed */
#else
#define MEMORY_TELLS true
#endif

/* what the processes that play the clients count */
struct tally {
    atomic_int stop, connects, lost, publishes, unanswered, tries, intruders;
};

struct soak {
    struct world w;
    struct tally *tally;
    int number; /* of the CRL, and of what was made */
    int rotations, revocations, bad_files, signals, late;
};

/* QoS 1, packet 1, topic "t", MQTT 5: answered by a PUBACK */
static bool published(SSL *ssl)
{
    static const unsigned char publish[] = {0x32, 0x09, 0x00, 0x01, 't', 0x00, 0x01, 0x00, 's', 'o', 'k'};
    unsigned char answer[64];
    return SSL_write(ssl, publish, sizeof publish) == (int)sizeof publish &&
           SSL_read(ssl, answer, sizeof answer) >= 4 && answer[0] == 0x40;
}

static void good_clients(const struct world *w, struct tally *tally)
{
    while (!atomic_load(&tally->stop)) {
        struct cg_client_result result;
        connect_with_id(w, "good", "comes-and-goes", &result);
        atomic_fetch_add(result.accepted ? &tally->connects : &tally->lost, 1);
        if (result.accepted)
            atomic_fetch_add(published(result.ssl) ? &tally->publishes : &tally->unanswered, 1);
        cg_client_close(&result);
        pause_ms(5);
    }
}

static void bad_clients(const struct world *w, struct tally *tally)
{
    static const char *const names[] = {"stranger", "expired", "revoked", "broker", "weak"};
    for (size_t i = 0; !atomic_load(&tally->stop); i++) {
        struct cg_client_result result;
        connect_with_id(w, names[i % 5], "intruder", &result);
        atomic_fetch_add(&tally->tries, 1);
        atomic_fetch_add(&tally->intruders, result.accepted);
        cg_client_close(&result);
        pause_ms(20);
    }
}

static pid_t play(const struct soak *s, void (*part)(const struct world *, struct tally *))
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        part(&s->w, s->tally);
        _exit(0);
    }
    return pid;
}

/* ---- what is done to the files */

static void rotate(struct soak *s)
{
    char recipe[80], name[20];
    snprintf(name, sizeof name, "srv%d", ++s->number);
    snprintf(recipe, sizeof recipe, "%s: server issuer=root", name);
    cg_pki_make(s->w.pki, recipe);
    write_pair(&s->w, s->number % 2 ? "odd" : "even", name);
    link_to(&s->w, "live", s->number % 2 ? "odd" : "even");
    int64_t ms = served_after(&s->w, name);
    s->late += ms < 0 || ms > SERVED_MS;
    s->rotations++;
}

static void put_crl(struct soak *s, const char *also)
{
    char recipe[120];
    snprintf(recipe, sizeof recipe, "now: crl issuer=root number=%d revoke=revoked%s", ++s->number, also);
    cg_pki_make(s->w.pki, recipe);
    cg_pki_write(s->w.pki, s->w.folder, "crl.new", "now");
    move(&s->w, "crl.new", "crl.pem");
}

static void revoke_one(struct soak *s)
{
    struct cg_client_result victim;
    cg_pki_make(s->w.pki, "doomed: issuer=root");
    connect_as(&s->w, "doomed", &victim);
    put_crl(s, ",doomed");
    s->late += !victim.accepted || !cg_client_ended(&victim, SERVED_MS);
    atomic_fetch_add(&s->tally->intruders, let_in(&s->w, "doomed"));
    cg_client_close(&victim);
    s->revocations++;
}

static void spoil(struct soak *s)
{
    static const char *const files[] = {"crl.pem", "anchors.pem", "live/chain.pem", "live/key.pem", "policy.json"};
    static const char *const texts[] = {"", "-----BEGIN garbage", "{\"client\": {\"depth\": -1}}"};
    const char *file = files[s->bad_files % 5];
    move(&s->w, file, "kept");
    if (s->bad_files % 4) /* else it is missing */
        cg_broker_write(s->w.broker, file, texts[s->bad_files % 3]);
    pause_ms(500);
    move(&s->w, "kept", file);
    s->bad_files++;
}

static void signal_it(struct soak *s)
{
    kill(cg_broker_pid(s->w.broker), SIGHUP);
    s->signals++;
}

static void one_round(struct soak *s)
{
    size_t mark = cg_pki_mark(s->w.pki);
    signal_it(s);
    rotate(s);
    spoil(s);
    signal_it(s);
    revoke_one(s);
    put_crl(s, "");
    write_policy(&s->w, s->number % 2 ? ", \"sessions\": \"report\"" : "");
    pause_ms(300);
    write_policy(&s->w, "");
    pause_ms(300);
    signal_it(s);
    cg_pki_rewind(s->w.pki, mark);
}

/* ---- the whole */

struct size {
    long rss_kib, files;
};

static struct size size_of(const struct soak *s)
{
    pause_ms(1000); /* half-open connections end */
    int pid = cg_broker_pid(s->w.broker);
    return (struct size){cg_process_rss_kib(pid), cg_process_files(pid)};
}

static void rounds(struct soak *s, struct cg_crowd *crowd, int64_t seconds)
{
    for (int64_t until = now_ms() + seconds * 1000; now_ms() < until;) {
        one_round(s);
        cg_crowd_ping(crowd);
        cg_crowd_wait(crowd, 0, 0, 1); /* takes up the answers */
    }
}

static void verdict(const struct soak *s, const struct size *before, const struct size *after)
{
    struct tally *t = s->tally;
    printf("# %d connects, %d publishes, %d bad clients, %d rotations, %d revocations, %d bad files, %d SIGHUPs\n",
           t->connects, t->publishes, t->tries, s->rotations, s->revocations, s->bad_files, s->signals);
    cg_tap(t->connects > 0 && t->lost == 0, "each good client was let in (%d were not)", t->lost);
    cg_tap(t->publishes > 0 && t->unanswered == 0, "and its message taken (%d were not)", t->unanswered);
    cg_tap(t->tries > 0 && t->intruders == 0, "no bad client was let in (%d were)", t->intruders);
    cg_tap(s->rotations > 0 && s->late == 0, "each new certificate and each revocation took effect (%d did not)",
           s->late);
    cg_tap(!MEMORY_TELLS || after->rss_kib - before->rss_kib < GROWTH_KIB, "memory stays: %ld KiB, then %ld KiB",
           before->rss_kib, after->rss_kib);
    cg_tap(after->files - before->files <= 4, "descriptors stay: %ld, then %ld", before->files, after->files);
}

static void soak(struct soak *s, int64_t seconds)
{
    const struct cg_client_spec stays = {.port = cg_broker_port(s->w.broker),
                                         .leaf = cg_pki_cert(s->w.pki, "good"),
                                         .key = cg_pki_key(s->w.pki, "good"),
                                         .client_id = "watcher",
                                         .mqtt5 = true};
    struct cg_crowd *crowd = cg_crowd_new(STAY);
    struct cg_pinger *pinger = cg_pinger_start(&stays);
    cg_tap(pinger && cg_crowd_add(crowd, &stays, 0, "stays", STAY), "the clients that stay connect");
    pid_t good = play(s, good_clients), bad = play(s, bad_clients);
    rounds(s, crowd, seconds / 4); /* until caches are full */
    struct size before = size_of(s);
    rounds(s, crowd, seconds - seconds / 4);
    struct size after = size_of(s);
    atomic_store(&s->tally->stop, 1);
    waitpid(good, NULL, 0);
    waitpid(bad, NULL, 0);
    verdict(s, &before, &after);
    cg_tap(cg_crowd_wait(crowd, 0, STAY - 1, 200) < 0, "each of the clients that stay did so");
    cg_crowd_free(crowd);
    size_t pings;
    double worst = cg_pinger_worst_ms(pinger, &pings);
    cg_tap(cg_pinger_stop(pinger), "also the one that asked %zu times (longest answer %.1f ms)", pings, worst);
}

int main(void)
{
    const char *asked = getenv("CG_SOAK");
    struct soak s = {.number = 10};
    s.tally = mmap(NULL, sizeof *s.tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    rotation_start(&s.w, "soak");
    cg_pki_make(s.w.pki, "ca2: ca\nstranger: issuer=ca2\nexpired: issuer=root days=-9..-1\nrevoked: issuer=root\n"
                         "broker: server issuer=root\nweak: issuer=root key=rsa1024\n"
                         "first: crl issuer=root number=2 revoke=revoked");
    cg_pki_write(s.w.pki, s.w.folder, "crl.pem", "first");
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(s.w.broker, &spec);
    cg_tap(started, "the broker starts");
    if (started)
        soak(&s, asked ? strtol(asked, NULL, 10) : 10);
    cg_tap(cg_broker_stop(s.w.broker), "the broker ends well");
    return rotation_end(&s.w);
}
