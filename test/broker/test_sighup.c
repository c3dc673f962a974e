/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker reads its own files again at SIGHUP, good or bad: the listener goes on serving what certguard gives it, and
 * certguard goes on judging, also where `crlfile` makes the broker build its SSL_CTX anew. */
#include "rotation.h"

#include "lib/crowd.h"
#include "lib/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALS 200

/* Sends SIGHUP, and waits until the broker has taken it: one that comes while it reloads is lost in it. */
static void hang_up(const struct world *w)
{
    char *log = cg_broker_read(w->broker, CG_BROKER_LOG);
    size_t before = strlen(log);
    bool taken = false;
    free(log);
    for (int waited = 0; !taken && waited < 5000; waited += 20) {
        if (waited % 500 == 0)
            kill(cg_broker_pid(w->broker), SIGHUP);
        pause_ms(20);
        log = cg_broker_read(w->broker, CG_BROKER_LOG);
        taken = strlen(log) > before && strstr(log + before, "Reloading config");
        free(log);
    }
    cg_tap(taken, "the broker takes the SIGHUP");
}

static void still_serves(const struct world *w, const char *what)
{
    hang_up(w);
    cg_tap(serves(w, "server1"), "SIGHUP over %s leaves the listener serving", what);
    cg_tap(!let_in(w, "stranger"), "and refusing strangers");
}

static void the_brokers_files(const struct world *w)
{
    char path[700];
    cg_pki_write_key(w->pki, w->folder, "key.pem", "other");
    still_serves(w, "a pair that does not fit");
    cg_broker_write(w->broker, "chain.pem", "-----BEGIN garbage");
    still_serves(w, "a garbage certificate");
    in_folder(w, "chain.pem", path);
    unlink(path);
    still_serves(w, "a missing file");
}

static void our_files(const struct world *w)
{
    char folder[700];
    snprintf(folder, sizeof folder, "%s/v1", w->folder);
    cg_pki_write_key(w->pki, folder, "key.pem", "other");
    still_serves(w, "a pair of the policy that does not fit");
    cg_broker_write(w->broker, "live/chain.pem", "-----BEGIN garbage");
    still_serves(w, "a garbage certificate of the policy");
    write_pair(w, "v1", "server1");
    cg_broker_write(w->broker, "crl.pem", "-----BEGIN garbage");
    still_serves(w, "a garbage CRL");
    cg_tap(!let_in(w, "victim"), "and the revoked out");
    move(w, "crl.pem", "crl.away");
    still_serves(w, "a missing CRL");
    cg_tap(!let_in(w, "victim"), "and the revoked out");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl2");
}

/* Signals from another process, while clients come, go and stay. */
static void storm(const struct world *w)
{
    const struct cg_client_spec spec = {
        .port = cg_broker_port(w->broker), .leaf = cg_pki_cert(w->pki, "good"), .key = cg_pki_key(w->pki, "good")};
    struct cg_crowd *crowd = cg_crowd_new(50);
    bool all = cg_crowd_add(crowd, &spec, 0, "stays", 50);
    int came = 0, refused = 0;
    fflush(NULL);
    pid_t sender = fork();
    if (sender == 0) {
        for (int i = 0; i < SIGNALS; i++) {
            kill(cg_broker_pid(w->broker), SIGHUP);
            pause_ms(5);
        }
        _exit(0);
    }
    for (; waitpid(sender, NULL, WNOHANG) == 0; came++)
        refused += !let_in(w, "good");
    cg_tap(all && came > 0 && refused == 0, "during %d SIGHUPs each of %d clients is let in", SIGNALS, came);
    cg_tap(cg_crowd_wait(crowd, 0, 0, 200) < 0 && cg_crowd_live(crowd, 0) == 50, "and sessions live on");
    cg_crowd_free(crowd);
    still_serves(w, "all that");
}

static void start_files(struct world *w, const char *label)
{
    rotation_start(w, label);
    cg_pki_make(w->pki, "ca2: ca\nstranger: issuer=ca2\nother: server issuer=root\n"
                        "crl2: crl issuer=root number=2 revoke=victim");
    cg_pki_write(w->pki, w->folder, "crl.pem", "crl2");
}

static void bad_files(void)
{
    struct world w;
    start_files(&w, "sighup");
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    if (cg_broker_start(w.broker, &spec)) {
        the_brokers_files(&w);
        our_files(&w);
        storm(&w);
    }
    bool well = cg_broker_stop(w.broker);
    cg_tap(well, "the broker ends well");
    rotation_free(&w, !well);
}

static int with_crlfile(void)
{
    struct world w;
    char line[800];
    start_files(&w, "sighup-crlfile");
    cg_pki_write(w.pki, w.folder, "brokers-crl.pem", "crl1"); /* the victim is revoked in ours alone */
    snprintf(line, sizeof line, "crlfile %s/brokers-crl.pem\n", w.folder);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json", .listener = line};
    if (cg_broker_start(w.broker, &spec)) {
        cg_tap(event_comes(&w, "configuration_warning", 1) && events_hold(&w, "crlfile"),
               "crlfile in mosquitto.conf is warned of at start");
        for (int i = 0; i < 3; i++) {
            still_serves(&w, "a crlfile, which makes the broker's SSL_CTX anew,");
            cg_tap(!let_in(&w, "victim"), "and the revoked out");
        }
        cg_tap(events_hold(&w, "\"event\":\"handshake_rejected\",\"reason\":\"revoked\""), "by certguard's own CRL");
        cg_tap(count_events(&w, "configuration_warning") == 1, "and the warning came once");
    }
    cg_tap(cg_broker_stop(w.broker), "the broker ends well");
    return rotation_end(&w);
}

int main(void)
{
    bad_files();
    return with_crlfile();
}
