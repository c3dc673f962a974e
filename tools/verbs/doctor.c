/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "doctor/doctor.h"
#include "cli/print.h"
#include "doctor/fix.h"
#include "units/units.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/mosquitto/mosquitto.conf"

struct doctor_options {
    struct cg_doctor_request request;
    bool fix, yes, rules;
};

#define AT(field) offsetof(struct doctor_options, field)

static const struct cg_option options[] = {
    {"config", "FILE", "the broker's configuration (default " DEFAULT_CONFIG ")", CG_OPT_FILE, 0, AT(request.config)},
    {"connect", "HOST:PORT",
     "look at what the broker serves there, and whether it lets a client without a certificate in", CG_OPT_STRING, 0,
     AT(request.connect)},
    {"user", "USER", "the broker's user (default: as its unit says, or the configuration)", CG_OPT_STRING, 0,
     AT(request.user)},
    {"units", "DIR", "where the units are (default " CG_UNITS_FOLDER ")", CG_OPT_FOLDER, 0, AT(request.units)},
    {"scripts", "DIR", "look at scripts there, too: clients that check nothing (repeatable)", CG_OPT_LIST, 0,
     AT(request.scripts)},
    {"fix", NULL, "mend what is safe to mend; shows the difference and asks (-n: only shows)", CG_OPT_FLAG, 0, AT(fix)},
    {"yes", NULL, "with --fix: do not ask", CG_OPT_FLAG, 0, AT(yes)},
    {"rules", NULL, "list the rules instead of looking at files", CG_OPT_FLAG, 0, AT(rules)},
};

/* All places of one rule below its name; why and fix once. */
static void show_rule(const struct cg_doctor *d, size_t first)
{
    static const enum cg_colour colours[] = {CG_DIM, CG_YELLOW, CG_RED};
    const struct cg_doctor_finding *f = &d->finding[first];
    cg_print_in(stdout, colours[f->row->severity], "%s ", cg_severity_text(f->row->severity));
    cg_print_in(stdout, CG_BOLD, "%s", f->row->id);
    cg_print(stdout, ": %s\n", f->row->why);
    for (size_t i = first; i < d->count; i++)
        if (strcmp(d->finding[i].row->id, f->row->id) == 0)
            cg_print(stdout, "  found: %s\n", d->finding[i].what);
    cg_print(stdout, "  fix:  %s\n\n", f->row->fix);
}

static bool is_first(const struct cg_doctor *d, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(d->finding[i].row->id, d->finding[index].row->id) == 0)
            return false;
    return true;
}

static cJSON *row_json(const struct cg_rule_row *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", row->id);
    cJSON_AddStringToObject(object, "severity", cg_severity_text(row->severity));
    cJSON_AddStringToObject(object, "why", row->why);
    cJSON_AddStringToObject(object, "fix", row->fix);
    return object;
}

/* The worst first. Notices are shown with -v and do not count. */
static size_t print_findings(const struct cg_cli *cli, const struct cg_doctor *d)
{
    cJSON *result = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(result, "findings");
    size_t counted[CG_LINT_ERROR + 1] = {0};
    for (int severity = CG_LINT_ERROR; severity >= CG_LINT_NOTICE; severity--)
        for (size_t i = 0; i < d->count; i++) {
            const struct cg_doctor_finding *f = &d->finding[i];
            if ((int)f->row->severity != severity || (severity == CG_LINT_NOTICE && !cli->verbose))
                continue;
            counted[severity]++;
            cJSON *object = row_json(f->row);
            cJSON_AddStringToObject(object, "what", f->what);
            if (f->line) {
                cJSON_AddStringToObject(object, "file", f->line->file);
                cJSON_AddNumberToObject(object, "line", f->line->line);
            }
            cJSON_AddItemToArray(list, object);
            if (!cli->json && is_first(d, i))
                show_rule(d, i);
        }
    cg_result(cli, result);
    size_t all = counted[CG_LINT_ERROR] + counted[CG_LINT_WARNING];
    if (all)
        cg_say(cli, "%zu findings: %zu errors, %zu warnings", all, counted[CG_LINT_ERROR], counted[CG_LINT_WARNING]);
    else
        cg_say(cli, "Nothing found (0 findings).");
    return all;
}

static int list_rules(const struct cg_cli *cli)
{
    cJSON *list = cJSON_CreateArray();
    const struct cg_rule_row *row;
    for (size_t i = 0; (row = cg_doctor_row(i)); i++) {
        cJSON_AddItemToArray(list, row_json(row));
        if (!cli->json)
            cg_print(stdout, "%-26s %-8s %s\n", row->id, cg_severity_text(row->severity), row->why);
    }
    cg_result(cli, list);
    cg_say(cli, "And those of certificates, CRLs and keys: certguard lint --rules");
    return CG_EXIT_OK;
}

static bool fix(const struct cg_cli *cli, const struct cg_doctor *d, bool yes, struct cg_error *err)
{
    struct cg_fix plan;
    bool ok = cg_fix_plan(&plan, d, err);
    size_t changes = ok ? plan.nfiles + plan.nmodes : 0;
    if (changes)
        ok = cg_fix_show(cli, &plan, err);
    else if (ok)
        cg_say(cli, "Nothing here is safe to mend without you.");
    if (ok && plan.user_unknown)
        cg_say(cli, "Modes of keys stay as they are: no unit shows which user starts the broker. Name it with --user.");
    if (ok && changes && !cli->dry_run) {
        ok = yes || cg_ask_yes("Make these changes?", &yes, err);
        if (ok && yes)
            ok = cg_fix_apply(cli, &plan, err);
        else if (ok)
            cg_say(cli, "Nothing was changed.");
        if (ok && yes && plan.nfiles)
            cg_say(cli, "The broker takes it over when it is restarted: systemctl restart mosquitto");
    }
    cg_fix_clear(&plan);
    return ok;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct doctor_options *o = values;
    struct cg_doctor_request request = o->request;
    struct cg_doctor d = {.now = cli->now, .clock = cli->clock};
    struct cg_error err = {""};
    int code = CG_EXIT_FAILED;
    if (o->rules)
        return list_rules(cli);
    if (o->yes && !o->fix)
        return cg_usage(cli, "--yes belongs to --fix");
    request.config = request.config ? request.config : DEFAULT_CONFIG;
    if (cg_doctor_run(&d, &request, &err)) {
        code = print_findings(cli, &d) ? CG_EXIT_FINDINGS : CG_EXIT_OK;
        if (o->fix && !fix(cli, &d, o->yes, &err))
            code = CG_EXIT_FAILED;
    }
    if (code == CG_EXIT_FAILED)
        code = cg_fail(cli, code, &err);
    cg_doctor_clear(&d);
    return code;
}

const struct cg_verb cg_verb_doctor = {
    .name = "doctor",
    .group = CG_GROUP_LOOK,
    .arguments = "",
    .summary = "find what is wrong with a broker's configuration and files",
    .description =
        "Reads mosquitto.conf with include_dir, the policy, certificates, CRLs and keys, who may read and write them,\n"
        "units, scripts and the end of the event log together, as root with the eyes of the broker's user, and names\n"
        "what stops clients or leaves the door open, why, and the fix. With --connect it also tries the running\n"
        "broker, as a client without a certificate. Notices are shown with -v.\n\n"
        "--fix changes lines of the configuration and modes of the broker's keys, and only where nobody who comes in\n"
        "today is kept out by it. What a file held is kept beside it.",
    .examples = "certguard doctor\n"
                "certguard doctor --config /etc/mosquitto/mosquitto.conf --connect localhost:8883\n"
                "certguard doctor --fix --dry-run\n"
                "certguard --json doctor --scripts /home/pi/bin\n"
                "certguard doctor --rules",
    .exits = "0 nothing found, 1 the configuration could not be read, 3 findings",
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct doctor_options),
    .run = run,
};
