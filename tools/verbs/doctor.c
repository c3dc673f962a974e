/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "doctor/doctor.h"
#include "broker/tls_probe.h"
#include "cli/findings.h"
#include "cli/print.h"
#include "doctor/fix.h"
#include "units/units.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/mosquitto/mosquitto.conf"

struct options {
    struct cg_doctor_request request;
    bool fix, yes, rules;
};

static const struct cg_option options[] = {
    {"config", "FILE", "configuration of the broker (default " DEFAULT_CONFIG ")", CG_OPT_FILE, 0, AT(request.config)},
    {"connect", "HOST:PORT", "also check the running broker: its certificate, and a client without a certificate",
     CG_OPT_STRING, 0, AT(request.connect)},
    {"user", "USER", "user that runs the broker (default: from its unit or the configuration)", CG_OPT_STRING, 0,
     AT(request.user)},
    {"units", "DIR", "folder of the units (default " CG_UNITS_FOLDER ")", CG_OPT_FOLDER, 0, AT(request.units)},
    {"scripts", "DIR", "also search scripts in DIR for clients that do not verify the broker (repeatable)", CG_OPT_LIST,
     0, AT(request.scripts)},
    {"fix", NULL, "fix what can be fixed safely; shows the changes and asks first (with -n: only shows them)",
     CG_OPT_FLAG, 0, AT(fix)},
    {"yes", NULL, "with --fix: do not ask", CG_OPT_FLAG, 0, AT(yes)},
    {"rules", NULL, "list the rules and check nothing", CG_OPT_FLAG, 0, AT(rules)},
};

/* All findings of one rule under its name, with its reason and fix once. */
static void show_rule(const struct cg_doctor *d, size_t first)
{
    const struct cg_rule_row *row = d->finding[first].row;
    cg_severity_print(row->severity);
    cg_print_in(stdout, CG_BOLD, " %s", row->id);
    cg_print(stdout, ": %s\n", row->why);
    for (size_t i = first; i < d->count; i++)
        if (strcmp(d->finding[i].row->id, row->id) == 0)
            cg_print(stdout, "  found: %s\n", d->finding[i].detail);
    cg_print(stdout, "  fix:  %s\n\n", row->fix);
}

static bool is_first(const struct cg_doctor *d, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(d->finding[i].row->id, d->finding[index].row->id) == 0)
            return false;
    return true;
}

static cJSON *found_json(const struct cg_doctor_finding *f)
{
    struct cg_found found = f->lint ? cg_lint_found(f->lint) : (struct cg_found){.row = f->row};
    found.detail = f->detail;
    if (f->line) {
        found.file = f->line->file;
        found.line = f->line->line;
    }
    return cg_found_json(&found);
}

/* Errors first. Notices are shown with -v and do not count. */
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
            cJSON_AddItemToArray(list, found_json(f));
            if (!cli->json && is_first(d, i))
                show_rule(d, i);
        }
    cg_result(cli, result);
    size_t all = counted[CG_LINT_ERROR] + counted[CG_LINT_WARNING];
    if (all)
        cg_say(cli, "%zu finding%s: %zu error%s, %zu warning%s", all, cg_plural(all), counted[CG_LINT_ERROR],
               cg_plural(counted[CG_LINT_ERROR]), counted[CG_LINT_WARNING], cg_plural(counted[CG_LINT_WARNING]));
    else
        cg_say(cli, "No problems found (0 findings).");
    return all;
}

static bool fix(const struct cg_cli *cli, const struct cg_doctor *d, bool yes, struct cg_error *err)
{
    struct cg_fix plan;
    bool ok = cg_fix_plan(&plan, d, err);
    size_t changes = ok ? plan.nfiles + plan.nmodes : 0;
    if (changes)
        ok = cg_fix_show(cli, &plan, err);
    else if (ok)
        cg_say(cli, "Nothing can be fixed automatically.");
    if (ok && plan.user_unknown)
        cg_say(cli, "Modes of keys were not changed: no unit shows which user runs the broker. Name it with --user.");
    if (ok && changes && !cli->dry_run) {
        ok = yes || cg_ask_yes("Make these changes?", &yes, err);
        if (ok && yes)
            ok = cg_fix_apply(cli, &plan, err);
        else if (ok)
            cg_say(cli, "Nothing was changed.");
        if (ok && yes && plan.nfiles)
            cg_say(cli, "To apply the changes, restart the broker: systemctl restart mosquitto");
    }
    cg_fix_clear(&plan);
    return ok;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    (void)cli;
    return cg_host_port_ok(((const struct options *)values)->request.connect, "--connect", err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_doctor_request request = o->request;
    struct cg_doctor d = {.now = cli->now, .clock = cli->clock};
    struct cg_error err = {""};
    int code = CG_EXIT_FAILED;
    if (o->rules) {
        cg_rules_print(cli, cg_doctor_row);
        cg_say(cli, "For the rules for certificates, CRLs and keys, see: certguard lint --rules");
        return CG_EXIT_OK;
    }
    if (o->yes && !o->fix)
        return cg_usage(cli, "--yes needs --fix");
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
    .group = CG_GROUP_CHECK,
    .arguments = "",
    .summary = "find problems in a broker's configuration and files",
    .description =
        "Checks mosquitto.conf with include_dir, the policy, certificates, CRLs and keys, their permissions,\n"
        "units, scripts, and the end of the event log. As root, it checks permissions for the broker's user. It\n"
        "reports what stops clients or is insecure, with the reason and the fix. --connect also tests the\n"
        "running broker, as a client without a certificate. Notices, the least severe findings, are shown with\n"
        "-v.\n\n"
        "--fix changes lines of the configuration and modes of the broker's keys. It makes no change that would\n"
        "lock out a client that can connect now. It keeps the old contents of each file beside it.",
    .examples = "certguard doctor\n"
                "certguard doctor --config /etc/mosquitto/mosquitto.conf --connect localhost:8883\n"
                "certguard doctor --fix --dry-run\n"
                "certguard --json doctor --scripts /home/pi/bin\n"
                "certguard doctor --rules",
    .exits = "0 no findings, 1 the configuration cannot be read, 3 findings",
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
