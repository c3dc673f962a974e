/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files change under a running broker: what is good is taken within a second, what is bad changes nothing, and
 * sessions end with their certificates. One broker lives through all steps. */
#include "rotation.h"

#include "lib/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void renamed_over(struct world *w)
{
    cg_pki_make(w->pki, "server2: server issuer=root");
    write_pair(w, "spare", "server2");
    move(w, "spare/key.pem", "v1/key.pem");
    move(w, "spare/chain.pem", "v1/chain.pem");
    int64_t ms = served_after(w, "server2");
    cg_tap(in_time(ms), "a pair renamed over the old one is served within 2 s (%lld ms)", (long long)ms);
}

static void link_swapped(struct world *w)
{
    cg_pki_make(w->pki, "server3: server issuer=root");
    write_pair(w, "v3", "server3");
    link_to(w, "live", "v3");
    int64_t ms = served_after(w, "server3");
    cg_tap(in_time(ms), "a symbolic link swapped to a new folder is followed within 2 s (%lld ms)", (long long)ms);
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
    bool told = event_comes(w, "snapshot_rejected", before + 1);
    cg_tap(serves(w, "server3"), "while a certificate is half written the old one is served");
    pause_ms(700);
    cg_tap(told && count_events(w, "snapshot_rejected") == before + 1, "and one event says that the file is no good");
    cg_tap(events_hold(w, "chain.pem"), "by its name");
    fputs(pem + strlen(pem) / 2, file);
    fclose(file);
    free(pem);
    char folder[700];
    in_folder(w, "v3", folder);
    cg_pki_write_key(w->pki, folder, "key.pem", "server4");
    int64_t ms = served_after(w, "server4");
    cg_tap(in_time(ms), "once both files are whole they are served within 2 s (%lld ms)", (long long)ms);
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
    cg_tap(in_time(ms), "key and chain one after the other are served within 2 s (%lld ms)", (long long)ms);
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
        size_t before = count_events(w, "snapshot_rejected");
        link_to(w, "live", "bad");
        event_comes(w, "snapshot_rejected", before + 1);
        cg_tap(serves(w, "server5"), "a certificate %s is not served", rows[i].what);
        cg_tap(events_hold(w, rows[i].words), "and an event says why (%s)", rows[i].words);
        before = count_events(w, "snapshot_loaded");
        link_to(w, "live", "v3");
        event_comes(w, "snapshot_loaded", before + 1);
    }
}

static void new_anchor(struct world *w)
{
    cg_tap(!let_in(w, "newcomer"), "a client of another CA is refused");
    cg_pki_write(w->pki, w->folder, "anchors.new", "root next");
    cg_pki_write(w->pki, w->folder, "crl.new", "crl1 next-crl");
    move(w, "crl.new", "crl.pem");
    move(w, "anchors.new", "anchors.pem");
    int64_t ms = client_after(w, "newcomer", true);
    cg_tap(in_time(ms), "a CA added to the anchors is trusted within 2 s (%lld ms)", (long long)ms);
    cg_tap(let_in(w, "good"), "and the old CA's clients are let in as before");
}

static void bad_anchors(struct world *w)
{
    size_t before = count_events(w, "snapshot_rejected");
    cg_broker_write(w->broker, "anchors.pem", "nonsense\n");
    cg_tap(event_comes(w, "snapshot_rejected", before + 1), "garbage in the anchors file is told");
    cg_tap(let_in(w, "good") && let_in(w, "newcomer"), "garbage in the anchors file changes nothing");
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root next");
    pause_ms(600);
}

static void revoked_live(struct world *w)
{
    struct cg_client_result victim, other;
    connect_as(w, "victim", &victim);
    connect_as(w, "good", &other);
    cg_tap(victim.accepted && other.accepted, "two clients are connected");
    cg_pki_make(w->pki, "crl2: crl issuer=root number=2 revoke=0x1267,victim");
    cg_pki_write(w->pki, w->folder, "crl.new", "crl2 next-crl");
    int64_t start = now_ms();
    move(w, "crl.new", "crl.pem");
    bool ended = cg_client_ended(&victim, 5000);
    int64_t ms = now_ms() - start;
    cg_tap(ended && in_time(ms), "revocation ends the session of the revoked within 2 s (%lld ms)", (long long)ms);
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
    event_comes(w, "snapshot_rejected", before + 1);
    pause_ms(500);
    cg_tap(!let_in(w, "victim"), "an older CRL put in place does not bring the revoked back");
    cg_tap(count_events(w, "snapshot_rejected") == before + 1, "and one event says so");
    cg_tap(events_hold(w, "revoke again what was revoked since then, and run `certguard crl --above 2`"),
           "with what to do for a CA that was restored from a backup");
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
    cg_tap(brief.accepted, "a client whose certificate has 3 s to live is let in");
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
    event_comes(w, "crl_stale", 1);
    pause_ms(300);
    cg_tap(count_events(w, "crl_stale") == 1, "a CRL past half of its life is, once");
}

static void policy_changes(struct world *w)
{
    size_t before = count_events(w, "snapshot_rejected");
    write_policy(w, ", \"client\": {\"rsa_min_bitz\": 4096}");
    event_comes(w, "snapshot_rejected", before + 1);
    cg_tap(events_hold(w, "rsa_min_bitz") && let_in(w, "good"),
           "a policy with a mistake changes nothing, and is named");
    struct cg_client_result good;
    connect_as(w, "good", &good);
    write_policy(w, ", \"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2a\"}], \"sessions\": \"report\"");
    int64_t ms = client_after(w, "good", false);
    cg_tap(in_time(ms), "a certificate put on the deny list is refused within 2 s (%lld ms)", (long long)ms);
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
    struct world w;
    rotation_start(&w, "reload");
    cg_pki_make(w.pki, "stranger: ca\nnext: ca\nnewcomer: issuer=next\nnext-crl: crl issuer=next number=1");
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
        new_anchor(&w);
        bad_anchors(&w);
        revoked_live(&w);
        older_crl(&w);
        expiry_live(&w);
        warnings(&w);
        policy_changes(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    return rotation_end(&w);
}
