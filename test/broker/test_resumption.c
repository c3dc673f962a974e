/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Session tickets with a real broker, in TLS 1.2 and 1.3: taken as long as everything that let the client in still holds,
 * and never after expiry, revocation, a change of the policy, a restart, on another listener, or with a wrong bit. A client
 * whose ticket is not taken is asked for its certificate: a good one is let in all the same. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/ports.h"
#include "lib/process.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    const char *folder;
    int64_t pki_start;
    uint16_t other_port; /* a second listener */
    int version;         /* of the step under way */
    const char *tls;     /* its name */
    unsigned crl;        /* number of the last one */
};

#define NVERSIONS 2
#define BRIEF_S   6 /* life of a certificate that is going to expire */

static struct world *with_version(struct world *w, int i)
{
    w->version = i ? TLS1_3_VERSION : TLS1_2_VERSION;
    w->tls = i ? "1.3" : "1.2";
    return w;
}

enum outcome { REFUSED, FULL, RESUMED };

#define POLICY                                                                                                         \
    "{\"trust\": {\"anchors\": \"anchors.pem\", \"intermediates\": \"sub.pem\", \"crls\": \"crl.pem\"},"               \
    " \"log\": {\"file\": \"events.jsonl\", \"accepted\": true, \"burst\": 1000000},"                                  \
    " \"identity\": {\"username\": \"san.uri\", \"client_id\": \"equal\", \"authenticates\": true},"                   \
    " \"tls\": {\"resumption\": \"%s\"}%s}"

static void replace(const struct world *w, const char *from, const char *to)
{
    char a[700], b[700];
    snprintf(a, sizeof a, "%s/%s", w->folder, from);
    snprintf(b, sizeof b, "%s/%s", w->folder, to);
    if (rename(a, b) != 0)
        perror(b);
}

static void write_policy(const struct world *w, const char *resumption, const char *more)
{
    char text[1024];
    snprintf(text, sizeof text, POLICY, resumption, more);
    cg_broker_write(w->broker, "policy.new", text);
    replace(w, "policy.new", "policy.json");
}

static size_t snapshots(const struct world *w)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_EVENTS);
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "\"event\":\"snapshot_loaded\"")); at++)
        count++;
    free(text);
    return count;
}

static void wait_for_snapshot(const struct world *w, size_t before)
{
    for (int i = 0; i < 500 && snapshots(w) <= before; i++)
        cg_pause_ms(20);
}

static bool has_words(const struct world *w, const char *file, const char *words)
{
    bool found = false;
    for (int i = 0; i < 250 && !found; i++) {
        char *text = cg_broker_read(w->broker, file);
        found = strstr(text, words) != NULL;
        free(text);
        if (!found)
            cg_pause_ms(20);
    }
    return found;
}

static void visit(const struct world *w, uint16_t port, const char *name, const SSL_SESSION *session,
                  struct cg_client_result *result)
{
    char id[80];
    snprintf(id, sizeof id, "urn:dev:%s", name);
    STACK_OF(X509) *chain = cg_pki_stack(w->pki, strcmp(name, "below") == 0 ? "sub" : "");
    const struct cg_client_spec spec = {.port = port,
                                        .leaf = cg_pki_cert(w->pki, name),
                                        .key = cg_pki_key(w->pki, name),
                                        .chain = chain,
                                        .version = w->version,
                                        .session = session,
                                        .mqtt5 = true,
                                        .client_id = id};
    cg_client_connect(&spec, result);
    sk_X509_pop_free(chain, X509_free);
}

static enum outcome comes_back(const struct world *w, uint16_t port, const char *name, const SSL_SESSION *session)
{
    struct cg_client_result result;
    visit(w, port, name, session, &result);
    enum outcome outcome = !result.accepted ? REFUSED : result.resumed ? RESUMED : FULL;
    cg_client_close(&result);
    return outcome;
}

/* The session of a full handshake, the caller's; NULL when the client is not let in. */
static SSL_SESSION *session_of(const struct world *w, const char *name)
{
    struct cg_client_result result;
    visit(w, cg_broker_port(w->broker), name, NULL, &result);
    SSL_SESSION *session = result.accepted ? SSL_SESSION_dup(SSL_get0_session(result.ssl)) : NULL;
    cg_client_close(&result);
    return session;
}

static bool again(const struct world *w, const char *name, const SSL_SESSION *session, enum outcome expected)
{
    return session && comes_back(w, cg_broker_port(w->broker), name, session) == expected;
}

/* ---- steps */

static void off(struct world *w)
{
    SSL_SESSION *session = session_of(w, "good");
    cg_tap(session && !SSL_SESSION_has_ticket(session), "TLS %s: no ticket where resumption is off", w->tls);
    cg_tap(again(w, "good", session, FULL), "TLS %s: and no session by its id", w->tls);
    SSL_SESSION_free(session);
}

static void taken(struct world *w)
{
    struct cg_client_result result;
    SSL_SESSION *session = session_of(w, "good");
    cg_tap(session && SSL_SESSION_has_ticket(session), "TLS %s: a ticket where it is bound", w->tls);
    cg_broker_skip_events(w->broker);
    visit(w, cg_broker_port(w->broker), "good", session, &result);
    cg_tap(result.accepted && result.resumed, "TLS %s: which is taken, with the identity of its certificate", w->tls);
    char peer[40], found[200];
    snprintf(peer, sizeof peer, "127.0.0.1:%u", result.local_port);
    char *event = cg_broker_event(w->broker, peer, "handshake_accepted", 5000);
    cg_tap(event && strstr(event, "\"resumed\":true") && strstr(event, "uri:urn:dev:good"),
           "TLS %s: the event says so, and names the certificate", w->tls);
    free(event);
    /* the username comes from the record of the resumed handshake */
    snprintf(found, sizeof found, "as urn:dev:good (p5, c1, k60, u'urn:dev:good')");
    cg_tap(has_words(w, CG_BROKER_LOG, found), "TLS %s: and the username is the certificate's", w->tls);
    cg_client_close(&result);
    SSL_SESSION_free(session);
}

/* TLS 1.2 only: the id of a session without its ticket. */
static void session_id(struct world *w)
{
    const unsigned char *id;
    unsigned len = 0;
    SSL_SESSION *session = session_of(w, "good"), *bare = SSL_SESSION_new();
    if (!session)
        exit(1);
    id = SSL_SESSION_get_id(session, &len);
    unsigned char key[64];
    size_t key_len = SSL_SESSION_get_master_key(session, key, sizeof key);
    bool made = SSL_SESSION_set1_id(bare, id, len) && SSL_SESSION_set1_master_key(bare, key, key_len) &&
                SSL_SESSION_set_cipher(bare, SSL_SESSION_get0_cipher(session)) &&
                SSL_SESSION_set_protocol_version(bare, TLS1_2_VERSION);
    cg_tap(made && len > 0 && !SSL_SESSION_has_ticket(bare) && again(w, "good", bare, FULL),
           "TLS %s: the id of a session without its ticket is worth nothing", w->tls);
    SSL_SESSION_free(session);
    SSL_SESSION_free(bare);
}

static SSL_SESSION *flipped(const SSL_SESSION *session, size_t at)
{
    const unsigned char *bytes;
    size_t len;
    unsigned char *der = NULL;
    SSL_SESSION_get0_ticket(session, &bytes, &len);
    int der_len = i2d_SSL_SESSION(session, &der);
    unsigned char *place = at < len ? memmem(der, (size_t)der_len, bytes, len) : NULL;
    const unsigned char *p = der;
    if (place)
        place[at] ^= 0x10;
    SSL_SESSION *copy = place ? d2i_SSL_SESSION(NULL, &p, der_len) : NULL;
    OPENSSL_free(der);
    return copy;
}

static void forged(struct world *w)
{
    SSL_SESSION *session = session_of(w, "good"), *bad;
    size_t tried = 0, full = 0;
    for (size_t at = 0; session && (bad = flipped(session, at)); at += at < 32 ? 3 : 16) {
        tried++;
        full += again(w, "good", bad, FULL);
        SSL_SESSION_free(bad);
    }
    cg_tap(tried > 20 && full == tried, "TLS %s: a wrong bit in any of %zu places makes a full handshake", w->tls,
           tried);
    bad = session ? flipped(session, 3) : NULL;
    cg_tap(again(w, "stranger", bad, REFUSED), "TLS %s: in which a bad client is refused", w->tls);
    cg_tap(again(w, "good", session, RESUMED), "TLS %s: the ticket itself is still good", w->tls);
    SSL_SESSION_free(session);
    SSL_SESSION_free(bad);
}

static void another_listener(struct world *w)
{
    SSL_SESSION *session = session_of(w, "good");
    cg_tap(session && comes_back(w, w->other_port, "good", session) == FULL,
           "TLS %s: a ticket of another listener is not taken", w->tls);
    cg_tap(again(w, "good", session, RESUMED), "TLS %s: on its own it is", w->tls);
    SSL_SESSION_free(session);
}

/* Certificates of a few seconds: a leaf, a leaf below such a CA, and one whose resumed session goes on living. */
struct brief {
    SSL_SESSION *leaf, *below;
    struct cg_client_result live;
};

static void make_brief(struct world *w, long end)
{
    char recipe[300];
    snprintf(recipe, sizeof recipe,
             "brief: issuer=root secs=-60..%ld\nsub: ca issuer=root secs=-60..%ld\nbelow: issuer=sub\n"
             "fading: issuer=root secs=-60..%ld\nsub-crl: crl issuer=sub number=1\n"
             "crl2: crl issuer=root number=2 revoke=0x1267",
             end, end, end);
    cg_pki_make(w->pki, recipe);
    size_t before = snapshots(w);
    cg_pki_write(w->pki, w->folder, "sub.new", "sub");
    cg_pki_write(w->pki, w->folder, "crl.new", "crl2 sub-crl");
    replace(w, "sub.new", "sub.pem");
    replace(w, "crl.new", "crl.pem");
    wait_for_snapshot(w, before);
    cg_pause_ms(300); /* two files: perhaps two snapshots */
}

static void before_expiry(struct world *w, struct brief *brief)
{
    SSL_SESSION *fading = session_of(w, "fading");
    brief->leaf = session_of(w, "brief");
    brief->below = session_of(w, "below");
    cg_tap(brief->leaf && brief->below && fading, "TLS %s: clients of brief certificates are let in", w->tls);
    if (!brief->leaf || !brief->below)
        return;
    cg_tap(SSL_SESSION_get_ticket_lifetime_hint(brief->leaf) <= BRIEF_S &&
               SSL_SESSION_get_ticket_lifetime_hint(brief->below) <= BRIEF_S,
           "TLS %s: and their tickets are not promised for longer", w->tls);
    visit(w, cg_broker_port(w->broker), "fading", fading, &brief->live);
    cg_tap(brief->live.resumed && brief->live.accepted, "TLS %s: one of them is resumed", w->tls);
    SSL_SESSION_free(fading);
}

static void after_expiry(struct world *w, struct brief *brief)
{
    cg_tap(again(w, "brief", brief->leaf, REFUSED), "TLS %s: a ticket is not taken after the end of its leaf", w->tls);
    cg_tap(again(w, "below", brief->below, REFUSED), "TLS %s: nor after the end of a CA above it", w->tls);
    cg_tap(cg_client_ended(&brief->live, 15000), "TLS %s: a resumed session ends with its certificate", w->tls);
    cg_client_close(&brief->live);
    SSL_SESSION_free(brief->leaf);
    SSL_SESSION_free(brief->below);
}

static void expiry(struct world *w)
{
    struct brief brief[NVERSIONS] = {{0}};
    long end = (long)(time(NULL) - w->pki_start) + BRIEF_S;
    make_brief(w, end);
    for (int i = 0; i < NVERSIONS; i++)
        before_expiry(with_version(w, i), &brief[i]);
    while (time(NULL) - w->pki_start <= end + 1)
        cg_pause_ms(100);
    for (int i = 0; i < NVERSIONS; i++)
        after_expiry(with_version(w, i), &brief[i]);
}

static void revoke_one(struct world *w, const char *name)
{
    char recipe[120];
    size_t before = snapshots(w);
    w->crl++;
    snprintf(recipe, sizeof recipe, "crl%u: crl issuer=root number=%u revoke=0x1267,%s", w->crl, w->crl, name);
    cg_pki_make(w->pki, recipe);
    snprintf(recipe, sizeof recipe, "crl%u sub-crl", w->crl);
    cg_pki_write(w->pki, w->folder, "crl.new", recipe);
    replace(w, "crl.new", "crl.pem");
    wait_for_snapshot(w, before);
}

static void revocation(struct world *w)
{
    struct cg_client_result live, other;
    cg_pki_make(w->pki, "victim: issuer=root");
    SSL_SESSION *session = session_of(w, "victim"), *good = session_of(w, "good");
    visit(w, cg_broker_port(w->broker), "victim", session, &live);
    visit(w, cg_broker_port(w->broker), "good", good, &other);
    cg_tap(live.resumed && live.accepted && other.resumed && other.accepted, "TLS %s: two resumed sessions live",
           w->tls);
    revoke_one(w, "victim");
    cg_tap(cg_client_ended(&live, 10000), "TLS %s: revocation ends that of the revoked", w->tls);
    cg_tap(!cg_client_ended(&other, 300), "TLS %s: and no other one", w->tls);
    cg_tap(again(w, "victim", session, REFUSED), "TLS %s: whose ticket is not taken any more", w->tls);
    cg_client_close(&live);
    cg_client_close(&other);
    cg_tap(again(w, "good", good, FULL), "TLS %s: others have to show their certificates once", w->tls);
    SSL_SESSION_free(session);
    SSL_SESSION_free(good);
}

static void policy_change(struct world *w)
{
    SSL_SESSION *session = session_of(w, "good");
    size_t before = snapshots(w);
    write_policy(w, "bound", ", \"client\": {\"max_lifetime\": \"30d\"}");
    wait_for_snapshot(w, before);
    cg_tap(again(w, "good", session, REFUSED), "TLS %s: a ticket does not outlive the policy that gave it", w->tls);
    before = snapshots(w);
    write_policy(w, "bound", "");
    wait_for_snapshot(w, before);
    cg_tap(again(w, "good", session, FULL), "TLS %s: nor comes back with it", w->tls);
    SSL_SESSION_free(session);
}

/* SIGHUP alone changes no file: with crlfile the broker makes its SSL_CTX anew, and nothing else happens to a client. */
static void sighup(struct world *w)
{
    SSL_SESSION *session = session_of(w, "good");
    kill(cg_broker_pid(w->broker), SIGHUP);
    cg_pause_ms(300);
    enum outcome outcome = comes_back(w, cg_broker_port(w->broker), "good", session);
    cg_tap(session && outcome != REFUSED, "TLS %s: after SIGHUP a client with a ticket is let in (%s)", w->tls,
           outcome == RESUMED ? "resumed" : "full handshake");
    SSL_SESSION_free(session);
}

static bool start(struct world *w)
{
    char listener[2100];
    w->other_port = cg_free_port();
    snprintf(listener, sizeof listener,
             "listener %u 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/chain.pem\nkeyfile %s/key.pem\n"
             "require_certificate true\n",
             w->other_port, w->folder, w->folder, w->folder);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json", .listener = listener};
    size_t before = snapshots(w);
    bool started = cg_broker_start(w->broker, &spec);
    cg_tap(started, "the broker starts");
    if (started)
        wait_for_snapshot(w, before); /* its own must not be taken for that of the first change */
    return started;
}

static void restart(struct world *w)
{
    SSL_SESSION *session[NVERSIONS];
    for (int i = 0; i < NVERSIONS; i++)
        session[i] = session_of(with_version(w, i), "good");
    cg_tap(cg_broker_stop(w->broker), "the broker ends well");
    bool started = start(w);
    for (int i = 0; i < NVERSIONS; i++) {
        if (started)
            cg_tap(again(with_version(w, i), "good", session[i], FULL),
                   "TLS %s: a ticket of the broker before is not taken", w->tls);
        SSL_SESSION_free(session[i]);
    }
}

static void with_resumption(struct world *w)
{
    size_t before = snapshots(w);
    write_policy(w, "bound", "");
    wait_for_snapshot(w, before);
    for (int i = 0; i < NVERSIONS; i++) {
        with_version(w, i);
        taken(w);
        forged(w);
        another_listener(w);
        sighup(w);
    }
    session_id(with_version(w, 0));
    expiry(w);
    for (int i = 0; i < NVERSIONS; i++) {
        revocation(with_version(w, i));
        policy_change(w);
    }
    restart(w);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    struct world w = {.pki_start = time(NULL), .crl = 2};
    w.pki = cg_pki_new(w.pki_start);
    cg_pki_make(w.pki, "root: ca cn=root\nother: ca\nserver: server issuer=root\ngood: issuer=root\n"
                       "stranger: issuer=other\nspare: ca issuer=root\n"
                       "crl1: crl issuer=root number=1 revoke=0x1267");
    w.broker = cg_broker_new("resumption");
    w.folder = cg_broker_folder(w.broker);
    cg_pki_write_folder(w.pki, w.folder, "root", "server", "");
    cg_pki_write(w.pki, w.folder, "anchors.pem", "root");
    cg_pki_write(w.pki, w.folder, "crl.pem", "crl1");
    cg_pki_write(w.pki, w.folder, "sub.pem", "spare");
    write_policy(&w, "off", "");
    if (start(&w)) {
        for (int i = 0; i < NVERSIONS; i++)
            off(with_version(&w, i));
        with_resumption(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    int status = cg_tap_done();
    cg_broker_free(w.broker, status != 0);
    cg_pki_free(w.pki);
    return status;
}
