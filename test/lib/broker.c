/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "broker.h"

#include "pki_parts.h"
#include "ports.h"
#include "process.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS     30000 /* memcheck is slow */
#define STOP_MS      30000
#define STOP_SIGNALS 10
#define STEP_MS      5

struct cg_broker {
    char folder[512];
    uint16_t port, plain_port;
    pid_t pid;      /* 0: not running */
    int status;     /* exit status, as from waitpid */
    size_t skipped; /* bytes of the event log that cg_broker_event ignores */
};

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

struct cg_broker *cg_broker_new(const char *label)
{
    struct cg_broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        pki_die(NULL, "no memory", "");
    snprintf(broker->folder, sizeof broker->folder, "%s/%s-XXXXXX", setting("CG_TEST_TMP", "/tmp"), label);
    if (!mkdtemp(broker->folder))
        pki_die(NULL, "cannot make a folder", broker->folder);
    return broker;
}

const char *cg_broker_folder(const struct cg_broker *broker)
{
    return broker->folder;
}

uint16_t cg_broker_port(const struct cg_broker *broker)
{
    return broker->port;
}

uint16_t cg_broker_plain_port(const struct cg_broker *broker)
{
    return broker->plain_port;
}

int cg_broker_pid(const struct cg_broker *broker)
{
    return broker->pid;
}

static void path_of(const struct cg_broker *broker, const char *file, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", broker->folder, file);
}

void cg_broker_write(const struct cg_broker *broker, const char *file, const char *text)
{
    char path[1024];
    path_of(broker, file, path, sizeof path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0)
        pki_die(NULL, "cannot write", path);
}

/* Replaces "FOLDER" by the path. */
static void print_options(FILE *out, const char *text, const char *folder)
{
    for (const char *at; (at = strstr(text, "FOLDER")); text = at + 6)
        fprintf(out, "%.*s%s", (int)(at - text), text, folder);
    fprintf(out, "%s\n", text);
}

static void write_conf(const struct cg_broker *broker, const struct cg_broker_spec *spec)
{
    char path[1024];
    path_of(broker, "mosquitto.conf", path, sizeof path);
    FILE *out = fopen(path, "we");
    if (!out)
        pki_die(NULL, "cannot write", path);
    fprintf(out, "log_dest stderr\nlog_type all\npersistence false\nallow_anonymous true\n");
    if (geteuid() == 0)
        fprintf(out, "user root\n"); /* only root can read the folder */
    fprintf(out, "%s", spec->global ? spec->global : "");
    if (!spec->stock) {
        fprintf(out, "plugin %s\n", setting("CG_PLUGIN", "mosquitto_certguard.so"));
        print_options(out, spec->options, broker->folder);
    }
    fprintf(out, "listener %u 127.0.0.1\ncafile %s/ca.pem\ncertfile %s/chain.pem\nkeyfile %s/key.pem\n", broker->port,
            broker->folder, broker->folder, broker->folder);
    fprintf(out, "require_certificate true\n%s", spec->listener ? spec->listener : "");
    if (spec->plain)
        fprintf(out, "listener %u 127.0.0.1\n", broker->plain_port);
    fclose(out);
}

_Noreturn static void become_mosquitto(const struct cg_broker *broker)
{
    char log[1024], conf[1024], words[1024];
    char *argv[32];
    int argc = 0;
    path_of(broker, CG_BROKER_LOG, log, sizeof log);
    path_of(broker, "mosquitto.conf", conf, sizeof conf);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    snprintf(words, sizeof words, "%s", setting("CG_MOSQUITTO_WRAPPER", ""));
    for (char *word, *rest = words; argc < 24 && (word = strtok_r(rest, " ", &rest));)
        argv[argc++] = word;
    char *tail[] = {(char *)(uintptr_t)setting("CG_MOSQUITTO", "/usr/sbin/mosquitto"), (char[]){"-c"}, conf, NULL};
    memcpy(argv + argc, tail, sizeof tail);
    execvp(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

char *cg_broker_read(const struct cg_broker *broker, const char *file)
{
    char path[1024];
    path_of(broker, file, path, sizeof path);
    FILE *in = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (!in || getdelim(&text, &size, '\0', in) < 0) {
        free(text);
        text = strdup("");
    }
    if (in)
        fclose(in);
    return text;
}

static bool file_has(const struct cg_broker *broker, const char *file, const char *words)
{
    char *text = cg_broker_read(broker, file);
    bool has = strstr(text, words) != NULL;
    free(text);
    return has;
}

/* Reads the log, because a connection would cause an event. */
static bool listens(struct cg_broker *broker)
{
    for (int waited = 0; waited < START_MS; waited += STEP_MS) {
        if (file_has(broker, CG_BROKER_LOG, " running\n"))
            return true;
        if (cg_broker_ended(broker, 0))
            return false;
        cg_pause_ms(STEP_MS);
    }
    return false;
}

bool cg_broker_start(struct cg_broker *broker, const struct cg_broker_spec *spec)
{
    char log[1024];
    broker->port = cg_free_port();
    broker->plain_port = spec->plain ? cg_free_port() : 0;
    write_conf(broker, spec);
    path_of(broker, CG_BROKER_LOG, log, sizeof log);
    unlink(log); /* of an earlier start: listens() reads it */
    fflush(NULL);
    broker->pid = fork();
    if (broker->pid == 0)
        become_mosquitto(broker);
    if (broker->pid < 0)
        pki_die(NULL, "cannot fork", "");
    return listens(broker);
}

static bool has_word(const char *words, const char *word)
{
    size_t len = word ? strlen(word) : 0;
    for (const char *at = words; len && (at = strstr(at, word)); at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static bool matches(const char *line, const char *peer, const char *names)
{
    cJSON *event = cJSON_Parse(line);
    const char *from = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "peer"));
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
    bool match = (!peer || (from && strcmp(from, peer) == 0)) && has_word(names, name);
    cJSON_Delete(event);
    return match;
}

char *cg_broker_event(const struct cg_broker *broker, const char *peer, const char *names, int wait_ms)
{
    char *found = NULL;
    for (int waited = 0; !found; waited += STEP_MS) {
        char *text = cg_broker_read(broker, CG_BROKER_EVENTS), *rest = text;
        rest += strlen(text) >= broker->skipped ? broker->skipped : 0;
        for (char *line; !found && strchr(rest, '\n') && (line = strsep(&rest, "\n"));)
            if ((!peer || strstr(line, peer)) && matches(line, peer, names))
                found = strdup(line);
        free(text);
        if (waited >= wait_ms)
            break;
        if (!found)
            cg_pause_ms(STEP_MS);
    }
    return found;
}

void cg_broker_skip_events(struct cg_broker *broker)
{
    char *text = cg_broker_read(broker, CG_BROKER_EVENTS), *end = strrchr(text, '\n');
    broker->skipped = end ? (size_t)(end + 1 - text) : 0;
    free(text);
}

/* A sanitizer or memcheck has reported an error in the log. */
static bool has_reports(const struct cg_broker *broker)
{
    static const char *const words[] = {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                                        "runtime error:", "== Invalid ", "== Conditional jump"};
    static const char lost[] = "definitely lost: ", none[] = "definitely lost: 0 bytes";
    char *log = cg_broker_read(broker, CG_BROKER_LOG);
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found = found || strstr(log, words[i]);
    for (const char *at = log; !found && (at = strstr(at, lost)); at += strlen(lost))
        found = strncmp(at, none, strlen(none)) != 0;
    free(log);
    return found;
}

bool cg_broker_ended(struct cg_broker *broker, int wait_ms)
{
    for (int waited = 0; broker->pid; waited += STEP_MS) {
        if (waitpid(broker->pid, &broker->status, WNOHANG) == broker->pid)
            broker->pid = 0;
        else if (waited >= wait_ms)
            return false;
        else
            cg_pause_ms(STEP_MS);
    }
    return true;
}

int cg_broker_status(const struct cg_broker *broker)
{
    return broker->status;
}

bool cg_broker_stop(struct cg_broker *broker)
{
    if (!broker->pid)
        return !has_reports(broker);
    /* Mosquitto loses a SIGTERM that arrives between the line "running" in its log and its main loop. */
    for (int sent = 0; sent < STOP_SIGNALS; sent++) {
        kill(broker->pid, SIGTERM);
        if (cg_broker_ended(broker, STOP_MS / STOP_SIGNALS))
            return broker->status == 0 && !has_reports(broker);
    }
    kill(broker->pid, SIGKILL);
    waitpid(broker->pid, &broker->status, 0);
    broker->pid = 0;
    return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void cg_broker_free(struct cg_broker *broker, bool keep_folder)
{
    if (!broker)
        return;
    cg_broker_stop(broker);
    if (keep_folder)
        printf("# the broker's files are kept in %s\n", broker->folder);
    else
        remove_folder(broker->folder);
    free(broker);
}
