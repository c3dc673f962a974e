/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "eventlog.h"

#include "broker/base/clock.h"
#include "broker/base/thread.h"
#include "event_json.h"
#include "logfile.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define CLOSE_WAIT_S 2
#define GATHER_MS    10 /* waking the thread for every line costs more than writing the line */

struct line {
    struct line *next;
    size_t len;
    char text[]; /* with its newline */
};

struct cg_eventlog {
    char *path; /* NULL: no file */
    bool syslog;
    size_t max_bytes;
    cg_lost_line_fn lost_line;
    pthread_t thread;
    struct cg_logfile file; /* used only by the writer once it runs */

    pthread_mutex_t lock; /* guards all members below */
    pthread_cond_t wake, done;
    struct line *first, **last;
    size_t bytes;
    bool reopen, closing, ended;
    bool retired;        /* the writer frees the log */
    uint64_t unreported; /* lines lost since the last report of a loss */
    struct cg_eventlog_status status;
};

static void count_lost(struct cg_eventlog *log, uint64_t lines)
{
    log->unreported += lines;
    log->status.lost += lines;
}

static void note_result(struct cg_eventlog *log, int error)
{
    pthread_mutex_lock(&log->lock);
    if (error)
        count_lost(log, 1);
    log->status.failing = error;
    pthread_mutex_unlock(&log->lock);
}

/* Reports a loss where the lines are missing: before the next line. */
static int write_lost(struct cg_eventlog *log)
{
    char text[CG_EVENT_LINE_MAX];
    pthread_mutex_lock(&log->lock);
    uint64_t unreported = log->unreported;
    pthread_mutex_unlock(&log->lock);
    if (!unreported || !log->lost_line)
        return 0;
    size_t len = log->lost_line(unreported, text, sizeof text - 1);
    text[len++] = '\n';
    int error = cg_logfile_append(&log->file, text, len);
    if (error)
        return error;
    pthread_mutex_lock(&log->lock);
    log->unreported -= unreported;
    pthread_mutex_unlock(&log->lock);
    return 0;
}

static void write_line(struct cg_eventlog *log, const struct line *line)
{
    if (log->syslog)
        syslog(LOG_AUTHPRIV | LOG_NOTICE, "certguard: %.*s", (int)line->len - 1, line->text);
    if (!log->path)
        return;
    int error = cg_logfile_follow(&log->file);
    if (!error)
        error = write_lost(log);
    if (!error)
        error = cg_logfile_append(&log->file, line->text, line->len);
    note_result(log, error);
}

/* Waits for a line, and until until_ms for more of them. A single line after a pause is not delayed. Called with the lock
 * held. */
static void wait_for_lines(struct cg_eventlog *log, int64_t until_ms)
{
    int error = 0;
    while (!log->first && !log->closing && !log->reopen)
        pthread_cond_wait(&log->wake, &log->lock);
    while (!log->closing && !log->reopen && error == 0)
        error = cg_thread_wait(&log->wake, &log->lock, until_ms);
}

static void free_log(struct cg_eventlog *log)
{
    cg_logfile_close(&log->file);
    while (log->first) {
        struct line *line = log->first;
        log->first = line->next;
        free(line);
    }
    pthread_cond_destroy(&log->wake);
    pthread_cond_destroy(&log->done);
    pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log);
}

static void *writer(void *argument)
{
    struct cg_eventlog *log = argument;
    int64_t until_ms = 0;
    pthread_mutex_lock(&log->lock);
    for (;;) {
        wait_for_lines(log, until_ms);
        if (log->reopen && log->path) {
            cg_logfile_close(&log->file);
            log->reopen = false;
        }
        struct line *line = log->first;
        if (!line && log->closing)
            break;
        log->first = NULL;
        log->last = &log->first;
        pthread_mutex_unlock(&log->lock);
        while (line) {
            struct line *next = line->next;
            write_line(log, line);
            pthread_mutex_lock(&log->lock);
            log->bytes -= line->len;
            pthread_mutex_unlock(&log->lock);
            free(line);
            line = next;
        }
        until_ms = cg_clock_monotonic_ms() + GATHER_MS;
        pthread_mutex_lock(&log->lock);
    }
    bool retired = log->retired;
    log->ended = true;
    pthread_cond_signal(&log->done);
    pthread_mutex_unlock(&log->lock);
    if (retired)
        free_log(log);
    return NULL;
}

static void explain_open(const char *path, int error, struct cg_error *err)
{
    struct passwd entry, *found = NULL;
    char buffer[1024];
    bool known = getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found;
    cg_error_set(err,
                 "cannot append to event log %s%s%s: %s. Create its folder and let the broker's user write to it, for "
                 "example: install -d -o %s -m 0750 FOLDER",
                 path, known ? " as user " : "", known ? found->pw_name : "", strerror(error),
                 known ? found->pw_name : "mosquitto");
}

bool cg_eventlog_probe(const char *file, struct cg_error *err)
{
    struct cg_logfile probe = {.fd = -1};
    int error = cg_logfile_open(&probe, file);
    if (error)
        explain_open(file, error, err);
    cg_logfile_close(&probe);
    return error == 0;
}

struct cg_eventlog *cg_eventlog_open(const struct cg_eventlog_options *options, struct cg_error *err)
{
    struct cg_eventlog *log = calloc(1, sizeof *log);
    if (!log) {
        cg_error_set(err, "cannot open the event log: out of memory");
        return NULL;
    }
    log->file.fd = -1;
    log->last = &log->first;
    log->syslog = options->syslog;
    log->max_bytes = options->max_bytes;
    log->lost_line = options->lost_line;
    pthread_mutex_init(&log->lock, NULL);
    cg_thread_wake_init(&log->wake);
    cg_thread_wake_init(&log->done);

    if (options->file) {
        log->path = strdup(options->file);
        int failure = log->path ? cg_logfile_open(&log->file, log->path) : ENOMEM;
        if (failure) {
            explain_open(options->file, failure, err);
            free_log(log);
            return NULL;
        }
    }
    int error = log->path || log->syslog ? cg_thread_start(&log->thread, writer, log) : 0;
    if (error) {
        cg_error_set(err, "cannot start a thread for the event log: %s", strerror(error));
        free_log(log);
        return NULL;
    }
    return log;
}

const char *cg_eventlog_path(const struct cg_eventlog *log)
{
    return log->path;
}

void cg_eventlog_write(struct cg_eventlog *log, const char *text, size_t len)
{
    if (!log->path && !log->syslog)
        return;
    struct line *line = malloc(sizeof *line + len + 1);
    if (line) {
        line->next = NULL;
        line->len = len + 1;
        memcpy(line->text, text, len);
        line->text[len] = '\n';
    }
    pthread_mutex_lock(&log->lock);
    if (line && log->bytes + line->len <= log->max_bytes) {
        if (!log->first)
            pthread_cond_signal(&log->wake);
        *log->last = line;
        log->last = &line->next;
        log->bytes += line->len;
        line = NULL;
    } else {
        count_lost(log, 1);
    }
    pthread_mutex_unlock(&log->lock);
    free(line);
}

void cg_eventlog_reopen(struct cg_eventlog *log)
{
    pthread_mutex_lock(&log->lock);
    log->reopen = log->path != NULL;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
}

void cg_eventlog_status(struct cg_eventlog *log, struct cg_eventlog_status *out)
{
    pthread_mutex_lock(&log->lock);
    *out = log->status;
    pthread_mutex_unlock(&log->lock);
}

void cg_eventlog_close(struct cg_eventlog *log)
{
    if (!log)
        return;
    if (!log->path && !log->syslog) {
        free_log(log);
        return;
    }
    int64_t until_ms = cg_clock_monotonic_ms() + CLOSE_WAIT_S * 1000;
    int error = 0;
    pthread_mutex_lock(&log->lock);
    log->closing = true;
    pthread_cond_signal(&log->wake);
    while (!log->ended && error == 0)
        error = cg_thread_wait(&log->done, &log->lock, until_ms);
    bool ended = log->ended;
    pthread_mutex_unlock(&log->lock);
    if (!ended) {
        /* The disk does not respond. The memory is not freed, since the thread still uses it. */
        pthread_detach(log->thread);
        return;
    }
    pthread_join(log->thread, NULL);
    free_log(log);
}

void cg_eventlog_retire(struct cg_eventlog *log)
{
    if (!log->path && !log->syslog) {
        free_log(log);
        return;
    }
    pthread_t thread = log->thread;
    pthread_mutex_lock(&log->lock);
    log->closing = log->retired = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    pthread_detach(thread);
}
