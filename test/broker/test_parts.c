/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One part of what the policy names is no good or gone, and then a revocation comes: it gets through, the part stays
 * what it was, and one event says so. Each row is a row of the table in docs/plugin.md. */
#include "rotation.h"

#include "lib/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRUST "{\"trust\": {\"anchors\": \"anchors.pem\", \"intermediates\": \"mid.pem\", \"crls\": ["
#define REST                                                                                                           \
    "]}, \"log\": {\"file\": \"events.jsonl\"}, \"credential\": {\"chain\": \"live/chain.pem\","                       \
    " \"key\": \"live/key.pem\"}, \"server\": {\"names\": [\"localhost\"]}"
#define POLICY TRUST "\"crl.pem\", \"other.pem\"" REST "}"

static void garbage(const struct world *w, const char *name)
{
    cg_broker_write(w->broker, name, "garbage\n");
}

static void gone(const struct world *w, const char *name)
{
    char path[700];
    in_folder(w, name, path);
    unlink(path);
}

static void open_to_all(const struct world *w, const char *name)
{
    char path[700];
    in_folder(w, name, path);
    chmod(path, 0644);
}

static void expired(const struct world *w, const char *name)
{
    write_pair(w, name, "expired");
}

static void other_key(const struct world *w, const char *name)
{
    char path[700];
    in_folder(w, name, path);
    cg_pki_write_key(w->pki, path, "key.pem", "expired");
}

static void older(const struct world *w, const char *name)
{
    cg_pki_write(w->pki, w->folder, name, "other1");
}

static void critical_number(const struct world *w, const char *name)
{
    cg_pki_write(w->pki, w->folder, name, "other3");
}

static void wrong_policy(const struct world *w, const char *name)
{
    (void)name;
    write_whole_policy(w, TRUST "\"crl.pem\", \"other.pem\"" REST ", \"plian\": \"allow\"}");
}

static void policy_of_none(const struct world *w, const char *name)
{
    (void)name;
    write_whole_policy(w, TRUST "\"crl.pem\", \"none.pem\"" REST ", \"sessions\": \"report\"}");
}

static const struct row {
    const char *sentence;
    void (*spoil)(const struct world *w, const char *name);
    const char *name, *words;
    bool revokes_broker; /* the CRL that comes revokes the broker's certificate too */
} rows[] = {
    {"the broker's key is open to all", open_to_all, "v1/key.pem", "found mode 0644; fix: chmod", false},
    {"the broker's key is gone", gone, "v1/key.pem", "live/key.pem: no such file", false},
    {"the broker's key is of another certificate", other_key, "v1", "key", false},
    {"the broker's chain is garbage", garbage, "v1/chain.pem", "chain.pem: expected", false},
    {"the broker's new certificate is expired", expired, "v1", "expired", false},
    {"the broker's certificate is revoked", NULL, NULL, "still served: revoked", true},
    {"the anchors are garbage", garbage, "anchors.pem", "anchors.pem: expected", false},
    {"the anchors are gone", gone, "anchors.pem", "anchors.pem: no such file", false},
    {"the intermediates are garbage", garbage, "mid.pem", "mid.pem: expected", false},
    {"the intermediates are gone", gone, "mid.pem", "mid.pem: no such file", false},
    {"the CRL of another CA is garbage", garbage, "other.pem", "other.pem: expected", false},
    {"the CRL of another CA is gone", gone, "other.pem",
     "other.pem: CRL of CN=other: no file contains it now. It stays in use (number 2,", false},
    {"the CRL of another CA is older", older, "other.pem", "is older than", false},
    {"the CRL of another CA has a critical cRLNumber", critical_number, "other.pem",
     "other.pem: CRL of CN=other: crlExtensions: cRLNumber is critical, but must not be", false},
    {"the policy has a mistake", wrong_policy, NULL, "$.plian: unknown key", false},
    {"the policy is gone", gone, "policy.json", "policy.json: no such file", false},
    {"the policy names a CRL that is not there", policy_of_none, NULL, "none.pem: no such file", false},
};

/* A CRL of root with the next number, which revokes the certificate NAME, and the broker's where it says so. */
static void publish(const struct world *w, const char *name, bool broker)
{
    static int number = 1;
    char recipe[160];
    snprintf(recipe, sizeof recipe, "now: crl issuer=root number=%d%s%s%s%s", ++number, name ? " revoke=" : "",
             name ? name : "", broker ? "," : "", broker ? "server1" : "");
    cg_pki_make(w->pki, recipe);
    cg_pki_write(w->pki, w->folder, "crl.new", "now");
    move(w, "crl.new", "crl.pem");
}

static void put_all_right(const struct world *w)
{
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root other");
    cg_pki_write(w->pki, w->folder, "mid.pem", "inter");
    cg_pki_write(w->pki, w->folder, "other.pem", "other2");
    write_pair(w, "v1", "server1");
    write_whole_policy(w, POLICY);
}

static void check_row(const struct world *w, const struct row *row)
{
    char name[40], recipe[80];
    snprintf(name, sizeof name, "client%zu", (size_t)(row - rows));
    snprintf(recipe, sizeof recipe, "%s: issuer=root", name);
    cg_pki_make(w->pki, recipe);
    struct cg_client_result session;
    connect_as(w, name, &session);
    size_t told = count_events(w, "snapshot_rejected");
    if (row->spoil)
        row->spoil(w, row->name);
    publish(w, name, row->revokes_broker);
    bool ended = session.accepted && cg_client_ended(&session, 5000);
    cg_tap(ended && !let_in(w, name), "%s: a revocation gets through", row->sentence);
    bool kept = event_comes(w, "snapshot_rejected", told + 1);
    cg_tap(kept && events_hold(w, row->words), "and an event says what stays, and why (%s)", row->words);
    cg_tap(serves(w, "server1"), "what was in use is served on, and others are let in");
    cg_tap(!let_in(w, "banned"), "and whom the other CA has revoked stays out");
    size_t loaded = count_events(w, "snapshot_loaded");
    put_all_right(w);
    publish(w, NULL, false);
    cg_tap(event_comes(w, "snapshot_loaded", loaded + 1) && client_after(w, name, true) >= 0,
           "once it is right again, all is taken");
    cg_client_close(&session);
}

#define MANY      40
#define CRLS_TOLD 24 /* of one load */

/* A folder full of what is no CRL, and then a revocation of the broker's own certificate: it is not lost among them. */
static void check_crowd(const struct world *w)
{
    char name[40], words[40];
    snprintf(words, sizeof words, "\"%d more faults", MANY - CRLS_TOLD);
    cg_pki_make(w->pki, "crowd: issuer=root");
    make_folder(w, "many");
    write_whole_policy(w, TRUST "\"crl.pem\", \"other.pem\", \"many\"" REST "}");
    pause_ms(1500);
    size_t told = count_events(w, "snapshot_rejected");
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many/%d.crl", i);
        garbage(w, name);
    }
    publish(w, "crowd", true);
    cg_tap(event_comes(w, "snapshot_rejected", told + CRLS_TOLD + 2) && events_hold(w, "still served: revoked"),
           "beside %d bad CRLs it is told that the broker's certificate is revoked", MANY);
    cg_tap(events_hold(w, words), "and how many are not named");
    size_t now = count_events(w, "snapshot_rejected");
    publish(w, "crowd", true);
    pause_ms(2500);
    cg_tap(count_events(w, "snapshot_rejected") == now, "once");
    put_all_right(w);
}

int main(void)
{
    struct world w;
    rotation_start(&w, "parts");
    cg_pki_make(w.pki, "other: ca cn=other\nbanned: issuer=other\nother1: crl issuer=other number=1\n"
                       "other2: crl issuer=other number=2 revoke=banned\n"
                       "other3: crl issuer=other number=none ext=critical,2.5.29.20=020103\n"
                       "expired: server issuer=root days=-9..-1\n");
    put_all_right(&w);
    publish(&w, NULL, false);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(w.broker, &spec);
    cg_tap(started, "the broker starts");
    if (started) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            check_row(&w, &rows[i]);
        check_crowd(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    return rotation_end(&w);
}
