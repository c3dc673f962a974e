/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/atomic_write.h"
#include "ca_options/ca_options.h"
#include "cli/tty.h"
#include "core/file/file.h"
#include "core/policy/policy_load.h"
#include "log/reader.h"
#include "report/ca.h"
#include "report/page.h"
#include "report/renewal.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLICY_MAX (1 << 20)

struct options {
    const char *output, *since, *until, *policy;
};

static const struct cg_option options[] = {
    {"output", "FILE", "write the page to FILE, atomically (default: standard output)", CG_OPT_FILE, 'o', AT(output)},
    {"since", "TIME", "include events from TIME: 30d (30 days before now), 2026-11-23, 2026-11-23T12:00:00Z",
     CG_OPT_STRING, 0, AT(since)},
    {"until", "TIME", "include events before TIME", CG_OPT_STRING, 0, AT(until)},
    {"policy", "FILE", "include the broker's policy, and check that its files load", CG_OPT_FILE, 0, AT(policy)},
};

struct report_run {
    const struct cg_cli *cli;
    const struct options *options;
    struct cg_report report;
    struct cg_policy *policy;
    struct cg_bytes policy_text;
    struct cg_log_walk walk;
    struct cg_progress progress;
};

static void on_event(void *context, const struct cg_log_event *event, const char *line, size_t len)
{
    (void)line;
    (void)len;
    cg_report_event(context, event);
}

/* The machine of the broker may have no CA. */
static bool read_ca(struct report_run *run, struct cg_error *err)
{
    char path[4200];
    snprintf(path, sizeof path, "%.4000s/index.txt", run->cli->dir);
    if (access(path, F_OK) != 0) {
        cg_say(run->cli, "There is no CA in %s: the report lists no issued certificates.", run->cli->dir);
        return true;
    }
    struct cg_ca ca;
    const bool ok = cg_verb_open_ca(&ca, run->cli, CG_CA_READ, err) == CG_EXIT_OK &&
                    cg_report_ca(&run->report, &ca, err);
    cg_ca_close(&ca);
    return ok;
}

static bool read_policy(struct report_run *run, struct cg_error *err)
{
    if (!run->options->policy)
        return true;
    if (!cg_file_read(run->options->policy, CG_FILE_PUBLIC, POLICY_MAX, &run->policy_text, err))
        return false;
    run->policy = cg_policy_parse(run->options->policy, (const char *)run->policy_text.data, run->policy_text.len, err);
    if (run->policy)
        cg_report_policy_files(&run->report, run->policy);
    return run->policy;
}

static bool read_logs(struct report_run *run, const struct cg_log_filter *filter, struct cg_error *err)
{
    const struct cg_cli *cli = run->cli;
    run->progress = cg_progress_of(cli, "read");
    run->walk = (struct cg_log_walk){
        .filter = filter, .visit = on_event, .context = &run->report, .progress = &run->progress};
    bool from_stdin = !cli->nargs && !isatty(STDIN_FILENO);
    for (int i = 0; i < cli->nargs + from_stdin; i++)
        if (!cg_log_walk_file(&run->walk, from_stdin ? "-" : cli->args[i], err))
            return false;
    cg_report_finish(&run->report);
    cg_report_requests(&run->report);
    return true;
}

static bool write_page(const struct report_run *run, struct cg_error *err)
{
    char *text = NULL;
    size_t len = 0;
    const char *output = run->options->output;
    const struct cg_report_page page = {
        .report = &run->report,
        .policy = run->policy,
        .policy_text = (const char *)run->policy_text.data,
        .foreign = (double)(run->walk.foreign + run->walk.too_long),
    };
    FILE *out = open_memstream(&text, &len);
    if (out)
        cg_report_page(out, &page);
    bool ok = out && fclose(out) == 0;
    if (!ok)
        cg_error_set(err, "out of memory");
    else if (!output || strcmp(output, "-") == 0)
        ok = fwrite(text, 1, len, stdout) == len;
    else if (!run->cli->dry_run)
        ok = cg_write_replace(output, text, len, NULL, err);
    free(text);
    return ok;
}

static void print_result(const struct report_run *run)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "events", run->report.events);
    cJSON_AddNumberToObject(object, "rejected", run->report.rejected);
    cJSON_AddNumberToObject(object, "skipped", (double)(run->walk.foreign + run->walk.too_long));
    if (run->options->output)
        cg_say(run->cli, "%s %s: %.0f events, %.0f rejections.", run->cli->dry_run ? "Would write" : "Wrote",
               run->options->output, run->report.events, run->report.rejected);
    cg_result(run->cli, object);
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct cg_log_filter filter = {.since_ms = CG_LOG_EVER};
    struct report_run run = {.cli = cli, .options = values};
    if (cli->json && !run.options->output)
        return cg_usage(cli, "--json needs --output FILE, because the page itself is HTML");
    if (!cg_log_filter_times(&filter, run.options->since, run.options->until, cli->now, &err))
        return cg_usage(cli, "%s", err.text);
    cg_report_begin(&run.report, cli->now);
    bool ok = read_ca(&run, &err) && read_policy(&run, &err) && read_logs(&run, &filter, &err) &&
              write_page(&run, &err);
    if (ok)
        print_result(&run);
    cg_report_clear(&run.report);
    cg_policy_free(run.policy);
    cg_bytes_free(&run.policy_text);
    return ok ? CG_EXIT_OK : cg_fail(cli, CG_EXIT_FAILED, &err);
}

const struct cg_verb cg_verb_report = {
    .name = "report",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("[LOG...]", 0, -1),
    .completes = CG_WORD_FILE,
    .summary = "write an HTML report: rejections, expiry dates, health, policy",
    .description =
        "Writes one HTML page that needs neither network nor scripts. You can send it, print it, or open it on a\n"
        "phone. LOG may be compressed with gzip; several logs may be given in any order. Without\n"
        "LOG, standard input is read. If the folder of -C contains a CA, the report includes its certificates,\n"
        "and which of them should have been renewed or were fetched by devices over MQTT. On the machine of the "
        "broker,\n"
        "also use --policy.\n\n"
        "Logs of any size are read in constant memory. In each table, the first 16,384 names are counted\n"
        "separately, all others together.",
    .examples = "certguard -C ca report -o report.html /var/log/mosquitto/certguard.jsonl\n"
                "certguard report -o report.html --since 30d --policy /etc/mosquitto/certguard/policy.json "
                "/var/log/mosquitto/certguard.jsonl*",
    CG_OPTIONS(options, struct options),
    .run = run,
};
