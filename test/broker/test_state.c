/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An older CRL is refused after a restart and after a policy without CRLs, as long as the policy names a folder for the
 * numbers; and what happens when that folder is lost, full, read-only or damaged. */
#include "rotation.h"

#include "lib/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE   ", \"state\": \"state\""
#define NO_CRLS "{\"trust\": {\"anchors\": \"anchors.pem\"}, \"log\": {\"file\": \"events.jsonl\"}" STATE "}"

#define EXTENDED                                                                                                       \
    "{\"trust\": {\"anchors\": \"anchors.pem\", \"crls\": \"crl.pem\", \"crl_extended\": true}, \"log\": {\"file\":"   \
    " \"events.jsonl\"}" STATE "}"

#define TWO_CAS                                                                                                        \
    "{\"trust\": {\"anchors\": \"both.pem\", \"crls\": [\"crl.pem\", \"other.pem\"], \"crl_required\": false},"        \
    " \"log\": {\"file\": \"events.jsonl\"}" STATE "}"

static const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};

static void put_crl(struct world *w, const char *name)
{
    cg_pki_write(w->pki, w->folder, "crl.new", name);
    move(w, "crl.new", "crl.pem");
}

static bool log_holds(const struct world *w, const char *words)
{
    char *text = cg_broker_read(w->broker, CG_BROKER_LOG);
    bool found = strstr(text, words) != NULL;
    if (!found)
        cg_tap_note("no '%s' in: %s", words, text);
    free(text);
    return found;
}

static bool file_holds(const struct world *w, const char *words)
{
    char *text = cg_broker_read(w->broker, "state/crl-numbers");
    bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

static bool file_will_hold(const struct world *w, const char *words)
{
    int64_t start = now_ms();
    while (!file_holds(w, words) && now_ms() - start < 5000)
        pause_ms(20);
    return file_holds(w, words);
}

static void remove_state(const struct world *w)
{
    char command[800];
    snprintf(command, sizeof command, "rm -rf '%s/state'", w->folder);
    if (system(command) != 0) /* NOLINT(cert-env33-c) */
        perror(command);
}

/* What only somebody outside can fix is tried again at once. */
static void ask_to_look(const struct world *w)
{
    if (cg_broker_pid(w->broker) > 0)
        kill(cg_broker_pid(w->broker), SIGHUP);
}

static bool is_refused(struct world *w, const char *words)
{
    bool refused = !cg_broker_start(w->broker, &spec);
    bool said = log_holds(w, words);
    cg_broker_stop(w->broker);
    return refused && said;
}

static void first_start(struct world *w)
{
    char path[700];
    struct stat st = {0};
    write_policy(w, STATE);
    cg_tap(cg_broker_start(w->broker, &spec), "the broker starts with a folder that is not there yet");
    in_folder(w, "state", path);
    cg_tap(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700, "and makes it, for itself alone");
    cg_tap(file_holds(w, " 1 ") && file_holds(w, "CN=root\nend 1\n"), "the number in use is in it");
    cg_tap(count_events(w, "configuration_warning") == 1, "one event says that there was none before");
    cg_tap(let_in(w, "victim") && cg_broker_stop(w->broker), "it works, and ends well");
    cg_tap(cg_broker_start(w->broker, &spec) && let_in(w, "victim"), "the broker starts again");
    cg_tap(count_events(w, "configuration_warning") == 1, "and has nothing to say of it");
}

static void older_after_restart(struct world *w)
{
    put_crl(w, "crl5");
    cg_tap(client_after(w, "victim", false) >= 0, "a new CRL is taken");
    cg_tap(file_holds(w, " 5 "), "and its number was written before");
    cg_broker_stop(w->broker);
    put_crl(w, "crl3");
    cg_tap(is_refused(w, "crl.pem: CRL of CN=root: number 3 of "), "the broker does not start with an older CRL");
    cg_tap(log_holds(w, "is older than number 5 of ") && log_holds(w, "`certguard crl --above 5`"),
           "and says both numbers and the fix");
    write_policy(w, "");
    cg_tap(cg_broker_start(w->broker, &spec) && let_in(w, "victim"), "without the folder it cannot know");
    cg_broker_stop(w->broker);
    write_policy(w, STATE);
    put_crl(w, "crl6");
    cg_tap(cg_broker_start(w->broker, &spec), "with a higher number it starts");
    cg_tap(!let_in(w, "victim") && let_in(w, "good"), "the revoked is out, the good is in");
}

static void policy_without_crls(struct world *w)
{
    write_whole_policy(w, NO_CRLS);
    cg_tap(client_after(w, "victim", true) >= 0, "a policy without CRLs is taken");
    put_crl(w, "crl3");
    size_t before = count_events(w, "snapshot_rejected");
    write_policy(w, STATE);
    cg_tap(event_comes(w, "snapshot_rejected", before + 1) && events_hold(w, "number 3 of "),
           "one that names an older CRL than was in use before it is not");
    put_crl(w, "crl6");
    cg_tap(client_after(w, "victim", false) >= 0, "with the newest CRL it is");
    write_whole_policy(w, NO_CRLS);
    client_after(w, "victim", true);
    cg_broker_stop(w->broker);
    cg_tap(cg_broker_start(w->broker, &spec), "the broker starts without CRLs");
    cg_broker_stop(w->broker);
    write_policy(w, STATE);
    put_crl(w, "crl3");
    cg_tap(is_refused(w, "is older than number 6 of "), "and the number is still known after that");
    put_crl(w, "crl6");
}

static void lost(struct world *w)
{
    cg_broker_start(w->broker, &spec);
    size_t before = count_events(w, "configuration_warning");
    remove_state(w);
    cg_tap(file_will_hold(w, " 6 "), "a folder that is lost while the broker runs is made again");
    cg_tap(event_comes(w, "configuration_warning", before + 1), "with one event");
    cg_broker_stop(w->broker);
    remove_state(w);
    cg_tap(cg_broker_start(w->broker, &spec) && file_holds(w, " 6 "),
           "lost between two starts: it starts from its files");
    cg_tap(count_events(w, "configuration_warning") == before + 2, "with one event");
}

static void damaged(struct world *w)
{
    char path[700], command[1500];
    in_folder(w, "state/crl-numbers", path);
    put_crl(w, "crl16");
    cg_tap(file_will_hold(w, " 10 "), "another number is written");
    size_t before = count_events(w, "snapshot_rejected");
    if (truncate(path, 40) != 0)
        perror(path);
    cg_tap(event_comes(w, "snapshot_rejected", before + 1) && events_hold(w, "\"reason\":\"state_invalid\""),
           "a file that was cut short is told");
    put_crl(w, "crl17");
    cg_tap(client_after(w, "second", false) >= 0, "and holds no new CRL back");
    put_crl(w, "crl6");
    event_comes(w, "snapshot_rejected", before + 2);
    cg_tap(!let_in(w, "second"), "an older one is refused as before");
    cg_tap(count_events(w, "snapshot_rejected") == before + 2, "each is told once");
    cg_broker_stop(w->broker);
    put_crl(w, "crl17");
    cg_tap(is_refused(w, "crl-numbers:2: expected a whole line. The file is incomplete"),
           "the broker does not start with such a file");
    snprintf(command, sizeof command, "cp -p '%s.old' '%s'", path, path);
    cg_tap(system(command) == 0 && cg_broker_start(w->broker, &spec), /* NOLINT(cert-env33-c) */
           "with the one before it in its place it does");
    cg_tap(file_holds(w, " 11 "), "and the file is right again");
    cg_broker_stop(w->broker);
}

static void open_to_others(struct world *w)
{
    char path[700];
    in_folder(w, "state", path);
    chmod(path, 0777);
    cg_tap(is_refused(w, "found mode 0777; fix: chmod go-w "), "a folder that everyone may write: no start");
    chmod(path, 0700);
    put_crl(w, "crl17");
    cg_broker_start(w->broker, &spec);
    size_t before = count_events(w, "snapshot_rejected"), loaded = count_events(w, "snapshot_loaded");
    chmod(path, 0777);
    put_crl(w, "crl18");
    cg_tap(event_comes(w, "snapshot_rejected", before + 1) && client_after(w, "third", false) >= 0,
           "while it runs that is told, and a new CRL is taken");
    chmod(path, 0700);
    ask_to_look(w);
    cg_tap(event_comes(w, "snapshot_loaded", loaded + 2) && file_will_hold(w, " 12 "),
           "once it is fixed it is written");
    cg_broker_stop(w->broker);
}

/* Only root may mount one, and not everywhere. */
static void full_and_read_only(struct world *w)
{
    char path[700], file[760], block[4096] = "";
    in_folder(w, "state", path);
    in_folder(w, "state/filler", file);
    if (mount("tmpfs", path, "tmpfs", 0, "size=16k,mode=0700") != 0) {
        cg_tap_note("no file system of its own can be mounted here: %s", strerror(errno));
        return;
    }
    FILE *filler = fopen(file, "we");
    while (filler && fwrite(block, 1, sizeof block, filler) == sizeof block && fflush(filler) == 0)
        ;
    size_t before = count_events(w, "snapshot_rejected");
    cg_tap(cg_broker_start(w->broker, &spec), "on a full disk the broker starts");
    cg_tap(event_comes(w, "snapshot_rejected", before + 1) &&
               events_hold(w, "No space left on device; free disk space"),
           "and tells it");
    put_crl(w, "crl19");
    cg_tap(client_after(w, "fourth", false) >= 0, "a new CRL is taken");
    if (filler)
        fclose(filler);
    unlink(file);
    ask_to_look(w);
    cg_tap(file_will_hold(w, " 13 "), "once there is room its number is written");
    cg_broker_stop(w->broker);
    mount("tmpfs", path, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=16k");
    cg_tap(is_refused(w, "Read-only file system; name a folder"),
           "on a read-only file system the broker does not start");
    write_policy(w, "");
    cg_tap(cg_broker_start(w->broker, &spec), "without \"state\" it does");
    size_t rejected = count_events(w, "snapshot_rejected");
    write_policy(w, STATE);
    cg_tap(event_comes(w, "snapshot_rejected", rejected + 1) && let_in(w, "good"),
           "a policy that begins with such a folder is not taken");
    cg_broker_stop(w->broker);
    if (umount(path) != 0)
        perror(path);
}

/* Where CRLs are not required, one that is gone would let everybody in. */
static void gone_at_start(struct world *w)
{
    write_whole_policy(w, TWO_CAS);
    cg_pki_write(w->pki, w->folder, "both.pem", "root other");
    cg_pki_write(w->pki, w->folder, "other.pem", "other1");
    put_crl(w, "crl19");
    cg_tap(cg_broker_start(w->broker, &spec) && !let_in(w, "victim") && let_in(w, "good"), "two CAs, each with a CRL");
    cg_broker_stop(w->broker);
    put_crl(w, "other1");
    cg_tap(is_refused(w, "CRL of CN=root: number 13 of ") && log_holds(w, "now no file contains a CRL of that CA"),
           "without the one of the first CA the broker does not start");
    write_whole_policy(w, NO_CRLS);
    cg_tap(cg_broker_start(w->broker, &spec) && let_in(w, "victim"), "a policy without CRLs wants none");
    size_t before = count_events(w, "snapshot_rejected");
    write_whole_policy(w, TWO_CAS);
    cg_tap(event_comes(w, "snapshot_rejected", before + 1) && events_hold(w, "the changed policy is not used"),
           "after it one that names CRLs is not taken without the first CA's");
    cg_broker_stop(w->broker);
    cg_pki_write(w->pki, w->folder, "both.pem", "other");
    cg_tap(cg_broker_start(w->broker, &spec) && !let_in(w, "good"), "with that CA out of the trust too it is");
    cg_broker_stop(w->broker);
}

/* What a delta revoked must not be forgotten with the delta. */
static void lost_delta(struct world *w)
{
    write_whole_policy(w, EXTENDED);
    put_crl(w, "crl32 delta33");
    cg_tap(cg_broker_start(w->broker, &spec) && !let_in(w, "fifth") && let_in(w, "good"),
           "a delta CRL revokes beside its base");
    cg_broker_stop(w->broker);
    put_crl(w, "crl32");
    cg_tap(is_refused(w, "lacks the delta CRL that was in use with it: number 21 of "),
           "without the delta the broker does not start again");
    put_crl(w, "crl34");
    cg_tap(cg_broker_start(w->broker, &spec) && !let_in(w, "fifth") && let_in(w, "good"),
           "with a newer complete CRL it does");
    put_crl(w, "crl34-again");
    cg_tap(client_after(w, "fifth", true) >= 0 && events_hold(w, "number 22, 0 entries (previously 1)"),
           "another CRL under the same number is told, with what it lists");
    cg_broker_stop(w->broker);
}

int main(void)
{
    struct world w;
    rotation_start(&w, "state");
    cg_pki_make(w.pki, "second: issuer=root serial=70\nthird: issuer=root serial=71\nfourth: issuer=root serial=72\n"
                       "crl3: crl issuer=root number=3\n"
                       "crl5: crl issuer=root number=5 revoke=victim\n"
                       "crl6: crl issuer=root number=6 revoke=victim\n"
                       "crl16: crl issuer=root number=16 revoke=victim\n"
                       "crl17: crl issuer=root number=17 revoke=victim,second\n"
                       "crl18: crl issuer=root number=18 revoke=victim,second,third\n"
                       "crl19: crl issuer=root number=19 revoke=victim,second,third,fourth\n"
                       "fifth: issuer=root serial=73\n"
                       "other: ca cn=other\n"
                       "other1: crl issuer=other number=1\n"
                       "crl32: crl issuer=root number=32\n"
                       "delta33: crl issuer=root number=33 delta=32 revoke=fifth\n"
                       "crl34: crl issuer=root number=34 revoke=fifth\n"
                       "crl34-again: crl issuer=root number=34 days=-1..9\n");
    first_start(&w);
    older_after_restart(&w);
    policy_without_crls(&w);
    lost(&w);
    damaged(&w);
    open_to_others(&w);
    full_and_read_only(&w);
    gone_at_start(&w);
    lost_delta(&w);
    return rotation_end(&w);
}
