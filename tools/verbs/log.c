/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "cli/print.h"
#include "log/reader.h"
#include "log/stats.h"
#include "log/view.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_MS 250
#define STATS_TOP 10

struct options {
    struct cg_log_filter filter; /* without the times, which the run adds */
    const char *since, *until;
    bool follow, stats, explain;
};

static const struct cg_option options[] = {
    {"since", "TIME", "show events from TIME: 2h (two hours before now), 1d, 2026-11-23, 2026-11-23T12:00:00Z",
     CG_OPT_STRING, 0, AT(since)},
    {"until", "TIME", "show events before TIME", CG_OPT_STRING, 0, AT(until)},
    {"reason", "CODE", "show events with this reason, such as expired (repeatable)", CG_OPT_REASONS, 0,
     AT(filter.reason)},
    {"peer", "ADDRESS", "show events of this address, with or without port, or prefix: 192.0.2. (repeatable)",
     CG_OPT_LIST, 0, AT(filter.peer)},
    {"client", "ID", "show events of this MQTT client id (repeatable)", CG_OPT_LIST, 0, AT(filter.client)},
    {"cert", "TEXT",
     "show events of a certificate: serial number, first digits of the SHA-256 (at least 6), or part of the subject "
     "(repeatable)",
     CG_OPT_LIST, 0, AT(filter.cert)},
    {"listener", "PORT", "show events of this listener of the broker (repeatable)", CG_OPT_LIST, 0,
     AT(filter.listener)},
    {"event", "KIND", "show events of this kind, such as handshake_rejected (repeatable)", CG_OPT_LIST, 0,
     AT(filter.event)},
    {"follow", NULL, "keep showing new events, also after the log is rotated", CG_OPT_FLAG, 'f', AT(follow)},
    {"stats", NULL, "show counts by reason, peer and certificate instead of events", CG_OPT_FLAG, 0, AT(stats)},
    {"explain", NULL, "add the meaning of each event, and the command that fixes it", CG_OPT_FLAG, 0, AT(explain)},
};

struct log_run {
    const struct cg_cli *cli;
    const struct options *options;
    struct cg_log_filter filter;
    struct cg_counts reasons, peers, certs;
    struct cg_log_walk walk;
};

static void count(struct log_run *run, const struct cg_log_event *event)
{
    char address[128];
    double weight = cg_log_event_weight(event);
    cg_counts_add(&run->reasons, *event->reason ? event->reason : event->event, weight);
    if (*event->peer) {
        cg_log_address(event, address, sizeof address);
        cg_counts_add(&run->peers, address, weight);
    }
    if (*event->subject)
        cg_counts_add(&run->certs, event->subject, weight);
}

static void show_json(const char *line, size_t len)
{
    char *text = cg_json_text(line, len);
    if (text)
        puts(text);
    free(text);
}

static void on_event(void *context, const struct cg_log_event *event, const char *line, size_t len)
{
    struct log_run *run = context;
    if (run->options->stats)
        count(run, event);
    else if (run->cli->json)
        show_json(line, len);
    else if (run->options->explain)
        cg_log_explain(event);
    else
        cg_log_show(event);
}

/* False if the reader of the output has closed its pipe, which is not an error. */
static bool wait_for_more(void)
{
    const struct timespec pause = {0, FOLLOW_MS * 1000000L};
    if (fflush(stdout) != 0)
        return false;
    nanosleep(&pause, NULL);
    return true;
}

static cJSON *counts_json(struct cg_counts *counts)
{
    cJSON *object = cJSON_CreateObject();
    cg_counts_sort(counts);
    for (size_t i = 0; i < counts->used; i++)
        cJSON_AddNumberToObject(object, counts->row[i].name, counts->row[i].count);
    return object;
}

static void print_stats(struct log_run *run)
{
    const struct {
        const char *title, *key;
        struct cg_counts *counts;
    } rows[] = {{"By reason", "reasons", &run->reasons},
                {"By peer", "peers", &run->peers},
                {"By certificate", "certificates", &run->certs}};
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < CG_COUNT(rows); i++) {
        if (run->cli->json)
            cJSON_AddItemToObject(object, rows[i].key, counts_json(rows[i].counts));
        else
            cg_log_bars(rows[i].title, rows[i].counts, STATS_TOP);
    }
    cg_result(run->cli, object);
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct cg_list *ports = &((const struct options *)values)->filter.listener;
    (void)cli;
    for (size_t i = 0; i < ports->count; i++) {
        char *end = NULL;
        const long port = strtol(ports->item[i], &end, 10);
        if (*end || port < 1 || port > 65535)
            return cg_fail_text(err, "--listener: expected a port from 1 to 65535, found \"%s\"", ports->item[i]);
    }
    return true;
}

/* 0, or the exit code of wrong usage. */
static int read_options(struct log_run *run)
{
    const struct options *o = run->options;
    struct cg_error err = {""};
    run->filter = o->filter;
    if (!cg_log_filter_times(&run->filter, o->since, o->until, run->cli->now, &err))
        return cg_usage(run->cli, "%s", err.text);
    return CG_EXIT_OK;
}

static void finish(struct log_run *run)
{
    if (run->options->stats)
        print_stats(run);
    if (!run->walk.fitting)
        cg_say(run->cli, "No matching events.");
    if (run->walk.foreign)
        cg_say(run->cli, "Skipped %zu line%s that %s not a complete event.", run->walk.foreign,
               cg_plural(run->walk.foreign), run->walk.foreign == 1 ? "is" : "are");
    if (run->walk.too_long)
        cg_say(run->cli, "Skipped %zu line%s longer than %d bytes.", run->walk.too_long, cg_plural(run->walk.too_long),
               CG_LOG_LINE_MAX);
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct log_run run = {.cli = cli, .options = values};
    struct cg_progress progress = cg_progress_of(cli, "read");
    if (!cli->nargs && isatty(STDIN_FILENO))
        return cg_usage(cli, "no log given; name the file of log.file in the policy: certguard log "
                             "/var/log/mosquitto/certguard.jsonl");
    if (run.options->follow && (run.options->stats || cli->nargs > 1))
        return cg_usage(cli, "--follow takes a single file and cannot be used with --stats");
    int code = read_options(&run);
    if (code != CG_EXIT_OK)
        return code;
    run.walk = (struct cg_log_walk){
        .filter = &run.filter, .visit = on_event, .wait = run.options->follow ? wait_for_more : NULL, .context = &run};
    if (run.options->stats || !isatty(STDOUT_FILENO)) /* else the events themselves show it */
        run.walk.progress = &progress;
    for (int i = 0; i < (cli->nargs ? cli->nargs : 1); i++) {
        if (!cg_log_walk_file(&run.walk, cli->nargs ? cli->args[i] : "-", &err))
            code = cg_fail(cli, CG_EXIT_FAILED, &err); /* and continue with the next file */
    }
    finish(&run);
    cg_counts_free(&run.reasons);
    cg_counts_free(&run.peers);
    cg_counts_free(&run.certs);
    return code;
}

const struct cg_verb cg_verb_log = {
    .name = "log",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("[FILE...]", 0, -1),
    .completes = CG_WORD_FILE,
    .summary = "show the plugin's events and how to fix problems",
    .description =
        "Shows an event log, one line per event: time (UTC), kind, peer and listener, client id or subject,\n"
        "reason, detail. FILE may be compressed with gzip. Without FILE, standard input is read.\n"
        "An event is shown if it matches all filters. If a filter is repeated, one of its values must match.\n"
        "With --json, the lines of the log are printed unchanged.\n\n"
        "Lines that are not events are skipped and counted. certguard-events(5) lists the fields and kinds,\n"
        "certguard-reasons(5) the reasons.",
    .examples = "certguard log --since 1d --explain /var/log/mosquitto/certguard.jsonl\n"
                "certguard log --follow --reason expired --reason revoked /var/log/mosquitto/certguard.jsonl\n"
                "certguard log --stats /var/log/mosquitto/certguard.jsonl.2.gz /var/log/mosquitto/certguard.jsonl\n"
                "journalctl -u mosquitto -o cat | certguard log --peer 192.0.2.7",
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
