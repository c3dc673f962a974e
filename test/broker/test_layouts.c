/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Folders and links as deployments lay them out: Kubernetes' ..data, certbot's live and archive, folders that appear
 * later or are replaced, a folder of CRLs. Each change is in force within a second, and a bad state is told once. */
#include "rotation.h"

#include "lib/tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void served_in_time(const struct world *w, const char *name, const char *what)
{
    int64_t ms = served_after(w, name);
    cg_tap(in_time(ms), "%s is served within 2 s (%lld ms)", what, (long long)ms);
}

static void before_start(const struct world *w)
{
    char path[700];
    in_folder(w, "live", path);
    unlink(path);
    make_folder(w, "live");
    write_pair(w, "live/..2026_01", "server1");
    link_to(w, "live/..data", "..2026_01");
    link_to(w, "live/chain.pem", "..data/chain.pem");
    link_to(w, "live/key.pem", "..data/key.pem");
}

static void kubernetes(const struct world *w)
{
    char path[700];
    cg_pki_make(w->pki, "server2: server issuer=root");
    write_pair(w, "live/..2026_02", "server2");
    link_to(w, "live/..data", "..2026_02");
    for (size_t i = 0; i < 2; i++) {
        in_folder(w, i ? "live/..2026_01/key.pem" : "live/..2026_01/chain.pem", path);
        unlink(path);
    }
    served_in_time(w, "server2", "a pair behind a swapped ..data");
}

static void certbot(const struct world *w)
{
    make_folder(w, "archive");
    make_folder(w, "renewed");
    cg_pki_make(w->pki, "server3: server issuer=root\nserver4: server issuer=root");
    char folder[700];
    in_folder(w, "archive", folder);
    cg_pki_write(w->pki, folder, "chain1.pem", "server3");
    cg_pki_write_key(w->pki, folder, "key1.pem", "server3");
    link_to(w, "renewed/chain.pem", "../archive/chain1.pem");
    link_to(w, "renewed/key.pem", "../archive/key1.pem");
    move(w, "live", "was-live");
    move(w, "renewed", "live");
    served_in_time(w, "server3", "a folder that takes the place of another");

    size_t before = count_events(w, "snapshot_rejected");
    cg_pki_write(w->pki, folder, "chain2.pem", "server4");
    cg_pki_write_key(w->pki, folder, "key2.pem", "server4");
    link_to(w, "live/key.pem", "../archive/key2.pem");
    pause_ms(300);
    link_to(w, "live/chain.pem", "../archive/chain2.pem");
    served_in_time(w, "server4", "a pair whose links change one after the other");
    cg_tap(count_events(w, "snapshot_rejected") == before, "and the time between is no news");
}

static void appears_later(const struct world *w)
{
    size_t before = count_events(w, "snapshot_rejected");
    char folder[700];
    cg_pki_make(w->pki, "server5: server issuer=root\nother: server issuer=root");
    move(w, "live", "gone");
    cg_tap(event_comes(w, "snapshot_rejected", before + 1), "a folder that is gone is told");
    cg_tap(events_hold(w, "live/chain.pem") && events_hold(w, "no such file"), "with the file and the reason");
    cg_tap(serves(w, "server4"), "and what it held is served still");
    write_pair(w, "live", "server5");
    in_folder(w, "live", folder);
    cg_pki_write_key(w->pki, folder, "key.pem", "other");
    cg_tap(event_comes(w, "snapshot_rejected", before + 2), "another reason is told anew");
    pause_ms(2500);
    cg_tap(count_events(w, "snapshot_rejected") == before + 2 && serves(w, "server4"),
           "and once, however long it lasts");
    cg_pki_write_key(w->pki, folder, "key.pem", "server5");
    served_in_time(w, "server5", "what appears in the folder later");
}

static void folder_of_crls(const struct world *w)
{
    char folder[700], path[700];
    make_folder(w, "crls");
    make_folder(w, "crls2");
    in_folder(w, "crls", folder);
    cg_pki_make(w->pki, "ca2: ca\ncrl-a: crl issuer=root number=5\ncrl-b: crl issuer=ca2 number=1\n"
                        "crl-c: crl issuer=root number=6 revoke=victim\ncrl-d: crl issuer=root number=7");
    cg_pki_write(w->pki, w->folder, "anchors.pem", "root ca2");
    cg_pki_write(w->pki, folder, "a.crl", "crl-a");
    write_whole_policy(w, "{\"trust\": {\"anchors\": \"anchors.pem\", \"crls\": \"crls\"},"
                          " \"log\": {\"file\": \"events.jsonl\"},"
                          " \"credential\": {\"chain\": \"live/chain.pem\", \"key\": \"live/key.pem\"},"
                          " \"deny\": [{\"issuer\": \"CN=root\", \"serial\": \"2b\"}]}");
    cg_tap(event_comes(w, "snapshot_loaded", count_events(w, "snapshot_loaded") + 1), "a folder of CRLs is read");
    cg_tap(let_in(w, "victim"), "a client that none of them lists is let in");
    cg_pki_write(w->pki, folder, "b.crl", "crl-b");
    cg_pki_write(w->pki, folder, "a.new", "crl-c"); /* not yet a CRL by its name */
    move(w, "crls/a.new", "crls/a.crl");
    int64_t ms = client_after(w, "victim", false);
    cg_tap(in_time(ms), "one that a new file lists is refused within 2 s (%lld ms)", (long long)ms);
    in_folder(w, "crls2", path);
    cg_pki_write(w->pki, path, "a.crl", "crl-d");
    move(w, "crls", "crls-old");
    move(w, "crls2", "crls");
    ms = client_after(w, "victim", true);
    cg_tap(in_time(ms), "a folder of CRLs that takes the place of another is in force within 2 s (%lld ms)",
           (long long)ms);
}

int main(void)
{
    struct world w;
    rotation_start(&w, "layouts");
    before_start(&w);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    bool started = cg_broker_start(w.broker, &spec);
    cg_tap(started && serves(&w, "server1"), "the broker starts and serves what ..data points to");
    if (started) {
        kubernetes(&w);
        certbot(&w);
        appears_later(&w);
        folder_of_crls(&w);
        cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    }
    return rotation_end(&w);
}
