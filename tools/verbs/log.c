/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cli/print.h"
#include "core/base/reason.h"
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

struct log_options {
    const char *since, *until;
    struct cg_list reason, peer, client, cert, listener, event;
    bool follow, stats, explain;
};

#define AT(field) offsetof(struct log_options, field)

static const struct cg_option options[] = {
    {"since", "TIME", "from then on: 2h, 1d (back from now), 2026-11-23, 2026-11-23T12:00:00Z", CG_OPT_STRING, 0,
     AT(since)},
    {"until", "TIME", "before that", CG_OPT_STRING, 0, AT(until)},
    {"reason", "CODE", "such as expired (repeatable)", CG_OPT_LIST, 0, AT(reason)},
    {"peer", "ADDRESS", "with or without port; 192.0.2. for all that begin so (repeatable)", CG_OPT_LIST, 0, AT(peer)},
    {"client", "ID", "MQTT client id (repeatable)", CG_OPT_LIST, 0, AT(client)},
    {"cert", "TEXT", "serial number, begin of the SHA-256 (6 digits at least), or text of the subject (repeatable)",
     CG_OPT_LIST, 0, AT(cert)},
    {"listener", "PORT", "of the broker (repeatable)", CG_OPT_LIST, 0, AT(listener)},
    {"event", "KIND", "such as handshake_rejected (repeatable)", CG_OPT_LIST, 0, AT(event)},
    {"follow", NULL, "go on with what is written from now on, through rotation", CG_OPT_FLAG, 'f', AT(follow)},
    {"stats", NULL, "count by reason, peer and certificate instead", CG_OPT_FLAG, 0, AT(stats)},
    {"explain", NULL, "say what each means, and the command that fixes it", CG_OPT_FLAG, 0, AT(explain)},
};

struct log_run {
    const struct cg_cli *cli;
    const struct log_options *options;
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

static void take(void *context, const struct cg_log_event *event, const char *line, size_t len)
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

/* False when nobody reads what is written: a closed pipe is no fault here. */
static bool wait_for_more(void)
{
    const struct timespec pause = {0, FOLLOW_MS * 1000000L};
    if (fflush(stdout) != 0)
        return false;
    nanosleep(&pause, NULL);
    return true;
}

static void print_stats(struct log_run *run)
{
    cg_log_bars("By reason", &run->reasons, STATS_TOP);
    cg_log_bars("By peer", &run->peers, STATS_TOP);
    cg_log_bars("By certificate", &run->certs, STATS_TOP);
}

static cJSON *counts_json(struct cg_counts *counts)
{
    cJSON *object = cJSON_CreateObject();
    cg_counts_sort(counts);
    for (size_t i = 0; i < counts->used; i++)
        cJSON_AddNumberToObject(object, counts->row[i].name, counts->row[i].count);
    return object;
}

static void print_stats_json(struct log_run *run)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, "reasons", counts_json(&run->reasons));
    cJSON_AddItemToObject(object, "peers", counts_json(&run->peers));
    cJSON_AddItemToObject(object, "certificates", counts_json(&run->certs));
    cg_result(run->cli, object);
}

/* 0, or the exit code of wrong usage. */
static int read_options(struct log_run *run)
{
    const struct log_options *o = run->options;
    struct cg_log_filter *f = &run->filter;
    struct cg_error err = {""};
    *f = (struct cg_log_filter){.reason = o->reason,
                                .peer = o->peer,
                                .client = o->client,
                                .cert = o->cert,
                                .listener = o->listener,
                                .event = o->event};
    for (size_t i = 0; i < o->reason.count; i++)
        if (strcmp(cg_reason_row(cg_reason_from_code(o->reason.item[i]))->code, o->reason.item[i]) != 0)
            return cg_usage(run->cli, "--reason %s: there is no such reason; certguard-reasons(5) lists them",
                            o->reason.item[i]);
    if (!cg_log_filter_times(f, o->since, o->until, run->cli->now, &err))
        return cg_usage(run->cli, "%s", err.text);
    return CG_EXIT_OK;
}

static void finish(struct log_run *run)
{
    if (run->options->stats && run->cli->json)
        print_stats_json(run);
    else if (run->options->stats)
        print_stats(run);
    if (!run->walk.fitting)
        cg_say(run->cli, "No event fits.");
    if (run->walk.foreign)
        cg_say(run->cli, "%llu lines are no events, or cut off, and were passed over.",
               (unsigned long long)run->walk.foreign);
    if (run->walk.too_long)
        cg_say(run->cli, "%llu lines are longer than %d bytes and were passed over.",
               (unsigned long long)run->walk.too_long, CG_LOG_LINE_MAX);
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct log_run run = {.cli = cli, .options = values};
    if (!cli->nargs && isatty(STDIN_FILENO))
        return cg_usage(cli, "which log? The policy's log.file names it: certguard log "
                             "/var/log/mosquitto/certguard.jsonl");
    if (run.options->follow && (run.options->stats || cli->nargs > 1))
        return cg_usage(cli, "--follow takes one file, and not --stats");
    int code = read_options(&run);
    if (code != CG_EXIT_OK)
        return code;
    run.walk = (struct cg_log_walk){
        .filter = &run.filter, .visit = take, .wait = run.options->follow ? wait_for_more : NULL, .context = &run};
    for (int i = 0; i < (cli->nargs ? cli->nargs : 1); i++) {
        if (!cg_log_walk_file(&run.walk, cli->nargs ? cli->args[i] : "-", &err))
            code = cg_fail(cli, CG_EXIT_FAILED, &err); /* the other files are read all the same */
    }
    finish(&run);
    cg_counts_free(&run.reasons);
    cg_counts_free(&run.peers);
    cg_counts_free(&run.certs);
    return code;
}

const struct cg_verb cg_verb_log = {
    .name = "log",
    .group = CG_GROUP_LOOK,
    .arguments = "[FILE...]",
    .summary = "show the plugin's events, and how to fix what they tell",
    .description = "Shows event logs, a line an event: time (UTC), kind, peer and listener, client id or subject, "
                   "reason, detail.\n"
                   "FILE may be packed (gzip, xz, zstd, bzip2) and may be an older, rotated one; without FILE standard "
                   "input is "
                   "read. Values of\n"
                   "one filter are alternatives, different filters restrict each other. With --json the lines come as "
                   "they are.\n\n"
                   "Lines that are no events are counted and passed over. Fields and kinds:\n"
                   "certguard-events(5); reasons: certguard-reasons(5).",
    .examples = "certguard log --since 1d --explain /var/log/mosquitto/certguard.jsonl\n"
                "certguard log --follow --reason expired --reason revoked /var/log/mosquitto/certguard.jsonl\n"
                "certguard log --stats /var/log/mosquitto/certguard.jsonl.2.gz /var/log/mosquitto/certguard.jsonl\n"
                "journalctl -u mosquitto -o cat | certguard log --peer 192.0.2.7",
    .min_args = 0,
    .max_args = -1,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct log_options),
    .run = run,
};
