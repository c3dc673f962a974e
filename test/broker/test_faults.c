/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* System calls fail under a real broker: files that cannot be read, threads that cannot be made, a full disk, no file
 * descriptors left, a clock that jumps. What served before goes on serving, nobody gets in who should not, and once the fault
 * is over everything that was promised happens. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/process.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20000 /* what is due comes within a second; the machine may be busy */
#define DAY     86400L

struct world {
    struct cg_broker *broker;
    struct cg_pki *pki;
    const char *folder;
    unsigned crl; /* number of the last one */
};

static void place(const struct world *w, const char *file, const char *text)
{
    char fresh[40], from[700], to[700];
    snprintf(fresh, sizeof fresh, "%s.new", file);
    cg_broker_write(w->broker, fresh, text);
    snprintf(from, sizeof from, "%s/%s", w->folder, fresh);
    snprintf(to, sizeof to, "%s/%s", w->folder, file);
    if (rename(from, to) != 0)
        perror(to);
}

/* "CALL ERRNO [PART]" lines; NULL: no fault */
static void faults(const struct world *w, const char *lines)
{
    char path[700];
    snprintf(path, sizeof path, "%s/faults", w->folder);
    if (lines)
        place(w, "faults", lines);
    else
        unlink(path);
}

static void visit_as(const struct world *w, const char *name, const char *id, struct cg_client_result *result)
{
    const struct cg_client_spec spec = {.port = cg_broker_port(w->broker),
                                        .leaf = cg_pki_cert(w->pki, name),
                                        .key = cg_pki_key(w->pki, name),
                                        .mqtt5 = true,
                                        .no_keep_alive = true, /* 2.0.21 measures it by the wall clock */
                                        .client_id = id,
                                        .wait_ms = WAIT_MS};
    cg_client_connect(&spec, result);
}

static void visit(const struct world *w, const char *name, struct cg_client_result *result)
{
    visit_as(w, name, name, result);
}

/* With an id of its own: the same one would take a live session over. */
static bool let_in(const struct world *w, const char *name)
{
    struct cg_client_result result;
    visit_as(w, name, "probe", &result);
    bool in = result.accepted;
    cg_client_close(&result);
    return in;
}

static bool becomes(const struct world *w, const char *name, bool in)
{
    for (int64_t end = cg_now_us() + WAIT_MS * 1000LL; cg_now_us() < end; cg_pause_ms(50))
        if (let_in(w, name) == in)
            return true;
    return false;
}

static bool has_words(const struct world *w, const char *file, const char *words)
{
    for (int64_t end = cg_now_us() + WAIT_MS * 1000LL; cg_now_us() < end; cg_pause_ms(50)) {
        char *text = cg_broker_read(w->broker, file);
        bool found = strstr(text, words) != NULL;
        free(text);
        if (found)
            return true;
    }
    return false;
}

/* A new CRL that revokes name beside what was revoked at the start. */
static void revoke_one(struct world *w, const char *name)
{
    char recipe[120];
    snprintf(recipe, sizeof recipe, "crl: crl issuer=root number=%u revoke=outcast,%s", ++w->crl, name);
    cg_pki_make(w->pki, recipe);
    char *pem = cg_pki_pem(w->pki, "crl");
    place(w, "crl.pem", pem);
    free(pem);
}

/* ---- files */

static const struct {
    const char *what, *call, *event;
    int error; /* in the words of this libc */
} file_rows[] = {
    {"opened: no descriptors", "open", "cannot open the file: ", EMFILE},
    {"opened: no memory", "open", "cannot open the file: ", ENOMEM},
    {"read: broken disk", "read", "cannot read the file: ", EIO},
    {"looked at", "fstat", "cannot read the status of the file: ", EIO},
};

static void files(struct world *w)
{
    for (size_t i = 0; i < sizeof file_rows / sizeof *file_rows; i++) {
        char name[40], recipe[60], lines[60], words[120];
        snprintf(name, sizeof name, "file%zu", i);
        snprintf(recipe, sizeof recipe, "%s: issuer=root", name);
        cg_pki_make(w->pki, recipe);
        snprintf(lines, sizeof lines, "%s %d /crl.pem\n", file_rows[i].call, file_rows[i].error);
        faults(w, lines);
        revoke_one(w, name);
        snprintf(words, sizeof words, "%s%s", file_rows[i].event, strerror(file_rows[i].error));
        cg_tap(has_words(w, CG_BROKER_EVENTS, words), "a CRL cannot be %s: an event says so", file_rows[i].what);
        cg_tap(let_in(w, "good") && !let_in(w, "outcast"), "and the one before serves on");
        faults(w, NULL);
        kill(cg_broker_pid(w->broker), SIGHUP); /* else it is tried again after half a minute */
        cg_tap(becomes(w, name, false), "once it can be, it counts");
    }
}

/* The net under everything: a file that cannot even be asked for its date is no longer the one that was loaded. */
static void dates(struct world *w)
{
    faults(w, "stat 5 .pem\n");
    cg_pause_ms(1000);
    cg_tap(let_in(w, "good") && !let_in(w, "outcast"), "files cannot be looked at: what was loaded serves on");
    faults(w, NULL);
    cg_pki_make(w->pki, "dated: issuer=root");
    revoke_one(w, "dated");
    cg_tap(becomes(w, "dated", false), "and changes are seen again afterwards");
}

/* ---- threads */

static void threads(struct world *w)
{
    struct cg_client_result live, other;
    cg_pki_make(w->pki, "threadless: issuer=root");
    visit(w, "threadless", &live);
    visit(w, "good", &other);
    faults(w, "pthread_create 11\n");
    revoke_one(w, "threadless");
    cg_tap(becomes(w, "threadless", false), "no thread for the check of live sessions: the revoked is refused");
    faults(w, NULL);
    cg_tap(cg_client_ended(&live, WAIT_MS), "and its live session ends once there is a thread");
    cg_tap(!cg_client_ended(&other, 200), "no other one does");
    cg_client_close(&live);
    cg_client_close(&other);
}

/* ---- the event log */

static void log_fails(struct world *w)
{
    faults(w, "write 28 events.jsonl\n");
    cg_tap(!let_in(w, "stranger") && let_in(w, "good"), "no space for events: verdicts are what they were");
    cg_tap(has_words(w, CG_BROKER_LOG, "No space left on device"), "the broker's log tells the loss");
    faults(w, NULL);
    cg_tap(!let_in(w, "stranger") && has_words(w, CG_BROKER_EVENTS, "\"event\":\"events_lost\""),
           "and the event log how many, once there is space");
}

/* A file system of 64 KiB. Only root may mount one, and not everywhere. */
static void log_full(struct world *w)
{
    char path[700], file[760], block[4096];
    snprintf(path, sizeof path, "%s/small", w->folder);
    snprintf(file, sizeof file, "%s/filler", path);
    if (mkdir(path, 0700) != 0 || mount("tmpfs", path, "tmpfs", 0, "size=64k") != 0) {
        cg_tap_note("no file system of its own can be mounted here: %s", strerror(errno));
        return;
    }
    place(w, "policy.json",
          "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, \"log\": {\"file\": \"small/events.jsonl\", "
          "\"accepted\": true}}");
    cg_broker_stop(w->broker);
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    cg_tap(cg_broker_start(w->broker, &spec), "the broker starts with its log on a small file system");
    memset(block, 'x', sizeof block);
    FILE *filler = fopen(file, "we");
    while (filler && fwrite(block, 1, sizeof block, filler) == sizeof block && fflush(filler) == 0)
        ;
    bool verdicts = true;
    for (int i = 0; i < 10; i++)
        verdicts = verdicts && !let_in(w, "stranger") && let_in(w, "good");
    cg_tap(verdicts, "which is full: verdicts are what they were");
    cg_tap(has_words(w, CG_BROKER_LOG, "No space left on device"), "the broker's log tells the loss");
    if (filler)
        fclose(filler);
    unlink(file);
    cg_tap(let_in(w, "good") && has_words(w, "small/events.jsonl", "\"event\":\"events_lost\""),
           "and the event log how many, once there is space");
    cg_tap(cg_broker_stop(w->broker), "the broker ends well");
    if (umount(path) != 0)
        perror(path);
}

/* ---- no descriptors left */

#define CROWD 60

static bool limit_files(const struct world *w, long most)
{
    const struct rlimit limit = {(rlim_t)most, (rlim_t)most};
    return prlimit(cg_broker_pid(w->broker), RLIMIT_NOFILE, &limit, NULL) == 0;
}

static void descriptors(struct world *w)
{
    struct cg_client_result live;
    int fd[CROWD];
    uint16_t port;
    struct rlimit before;
    prlimit(cg_broker_pid(w->broker), RLIMIT_NOFILE, NULL, &before);
    cg_pki_make(w->pki, "crowded: issuer=root");
    visit(w, "crowded", &live);
    if (!limit_files(w, cg_process_files(cg_broker_pid(w->broker)) + 20))
        perror("prlimit");
    for (int i = 0; i < CROWD; i++)
        fd[i] = cg_raw_open(cg_broker_port(w->broker), &port);
    cg_pause_ms(500);
    cg_tap(!let_in(w, "outcast") && !let_in(w, "stranger"), "no descriptors left: nobody gets in who should not");
    cg_tap(!cg_client_ended(&live, 200), "who was in stays");
    revoke_one(w, "crowded");
    for (int i = 0; i < CROWD; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    prlimit(cg_broker_pid(w->broker), RLIMIT_NOFILE, &before, NULL);
    cg_pause_ms(500);
    kill(cg_broker_pid(w->broker), SIGHUP);
    cg_tap(cg_client_ended(&live, WAIT_MS), "once there are some, a revocation of meanwhile ends the session");
    cg_tap(becomes(w, "good", true) && !let_in(w, "crowded"), "and the good are let in, the revoked not");
    cg_client_close(&live);
}

/* ---- the clock */

static void clocks(struct world *w)
{
    struct cg_client_result good, brief, second;
    char lines[40];
    cg_pki_make(w->pki, "halfday: issuer=root secs=-172800..43200");
    visit(w, "good", &good);
    visit(w, "halfday", &brief);
    cg_tap(good.accepted && brief.accepted, "two clients are connected, the certificate of one ends in half a day");
    snprintf(lines, sizeof lines, "clock %ld\n", DAY);
    faults(w, lines);
    cg_tap(cg_client_ended(&brief, WAIT_MS), "the clock jumps a day ahead: its session ends");
    cg_tap(!let_in(w, "halfday") && let_in(w, "good"), "and it is refused, the other one let in");
    snprintf(lines, sizeof lines, "clock %ld\n", -DAY);
    faults(w, lines);
    cg_tap(let_in(w, "good") && !let_in(w, "outcast"), "a day back: the good are let in, the revoked not");
    visit(w, "halfday", &second);
    cg_tap(second.accepted, "and whose time has come again, too");
    cg_pki_make(w->pki, "yesterday: issuer=root secs=-172800..7776000");
    revoke_one(w, "yesterday");
    cg_tap(becomes(w, "yesterday", false), "changes of files are seen with this clock");
    faults(w, NULL);
    cg_tap(!cg_client_ended(&second, 500), "the clock is right again: that session goes on");
    for (int i = 0; i < 20; i++) {
        snprintf(lines, sizeof lines, "clock %ld\n", i & 1 ? 3600L : -DAY);
        faults(w, lines);
        cg_pause_ms(20);
    }
    faults(w, NULL);
    cg_tap(!cg_client_ended(&second, 500) && !cg_client_ended(&good, 100), "after many jumps both still live");
    snprintf(lines, sizeof lines, "clock %ld\n", DAY);
    faults(w, lines);
    cg_tap(cg_client_ended(&second, WAIT_MS), "and the end of a certificate still ends its session");
    faults(w, NULL);
    cg_client_close(&good);
    cg_client_close(&brief);
    cg_client_close(&second);
}

/* ---- at the start */

static void no_thread_at_the_start(struct world *w, const struct cg_broker_spec *spec)
{
    faults(w, "pthread_create 11\n");
    cg_tap(!cg_broker_start(w->broker, spec), "no thread at the start: the broker does not start");
    cg_tap(has_words(w, CG_BROKER_LOG, "thread"), "and says why");
    cg_broker_stop(w->broker);
    faults(w, "timer_create 11\n");
    cg_tap(cg_broker_start(w->broker, spec), "no timer: it starts, and is only slower");
    cg_tap(let_in(w, "good") && !let_in(w, "outcast"), "with the same verdicts");
    cg_broker_stop(w->broker);
    faults(w, NULL);
}

static void all_steps(struct world *w)
{
    const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json"};
    no_thread_at_the_start(w, &spec);
    bool started = cg_broker_start(w->broker, &spec);
    cg_tap(started, "the broker starts");
    if (!started)
        return;
    files(w);
    dates(w);
    threads(w);
    log_fails(w);
    descriptors(w);
    clocks(w);
    cg_tap(cg_broker_stop(w->broker), "the broker ends well");
    log_full(w);
}

int main(void)
{
    const char *shim = getenv("CG_FAULT_SHIM");
    char wrapper[1600];
    if (!shim || !*shim) {
        puts("1..0 # SKIP a sanitizer wants to be loaded first");
        return 77;
    }
    signal(SIGPIPE, SIG_IGN);
    struct world w = {.pki = cg_pki_new(time(NULL)), .crl = 1};
    cg_pki_make(w.pki,
                "root: ca cn=root\nother: ca\nserver: server issuer=root\ngood: issuer=root\noutcast: issuer=root\n"
                "stranger: issuer=other\ncrl: crl issuer=root number=1 revoke=outcast");
    w.broker = cg_broker_new("faults");
    w.folder = cg_broker_folder(w.broker);
    cg_pki_write_folder(w.pki, w.folder, "root", "server", "crl");
    cg_broker_write(w.broker, "policy.json",
                    "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, \"log\": {\"file\": "
                    "\"events.jsonl\", \"burst\": 100000}}");
    snprintf(wrapper, sizeof wrapper, "env LD_PRELOAD=%s CG_FAULT_SWITCH=%s/faults", shim, w.folder);
    setenv("CG_MOSQUITTO_WRAPPER", wrapper, 1);
    all_steps(&w);
    int status = cg_tap_done();
    cg_broker_free(w.broker, status != 0);
    cg_pki_free(w.pki);
    return status;
}
