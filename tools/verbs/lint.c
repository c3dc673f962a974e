/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lint/lint.h"
#include "cli/findings.h"
#include "cli/tty.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

struct options {
    const char *severity;
    bool rules;
};

static const struct cg_option options[] = {
    {"severity", "notice|warning|error", "lowest severity that is shown and causes exit code 3 (default: warning)",
     CG_OPT_CHOICE, 0, AT(severity)},
    {"rules", NULL, "list the rules and check nothing", CG_OPT_FLAG, 0, AT(rules)},
};

static enum cg_severity least(const struct options *o)
{
    for (int s = CG_LINT_NOTICE; o->severity && s <= CG_LINT_ERROR; s++)
        if (strcmp(o->severity, cg_severity_text((enum cg_severity)s)) == 0)
            return (enum cg_severity)s;
    return CG_LINT_WARNING;
}

/* Returns the number of findings at or above the severity. */
static size_t print_findings(const struct cg_cli *cli, const struct cg_lint *lint, enum cg_severity from)
{
    size_t counted[CG_LINT_ERROR + 1] = {0}, shown = 0;
    cJSON *result = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(result, "findings");
    for (size_t i = 0; i < cg_lint_count(lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(lint, i);
        counted[f->row->severity]++;
        if (f->row->severity < from)
            continue;
        const struct cg_found found = cg_lint_found(f);
        shown++;
        cJSON_AddItemToArray(list, cg_found_json(&found));
        if (!cli->json)
            cg_found_print(&found);
    }
    cJSON_AddNumberToObject(result, "objects", (double)cg_lint_objects(lint));
    cg_result(cli, result);
    cg_say(cli, "%zu object%s: %zu error%s, %zu warning%s, %zu notice%s", cg_lint_objects(lint),
           cg_plural(cg_lint_objects(lint)), counted[CG_LINT_ERROR], cg_plural(counted[CG_LINT_ERROR]),
           counted[CG_LINT_WARNING], cg_plural(counted[CG_LINT_WARNING]), counted[CG_LINT_NOTICE],
           cg_plural(counted[CG_LINT_NOTICE]));
    return shown;
}

static int run(const struct cg_cli *cli, const void *options_)
{
    const struct options *o = options_;
    struct cg_error err = {""};
    int code = CG_EXIT_FAILED;
    if (o->rules) {
        cg_rules_print(cli, cg_lint_row);
        return CG_EXIT_OK;
    }
    if (!cli->nargs)
        return cg_usage(cli, "no file given; expected: certguard lint FILE...");
    struct cg_progress progress = cg_progress_of(cli, "checked");
    struct cg_lint *lint = cg_lint_new(cli->now);
    bool ok = lint;
    for (int i = 0; ok && i < cli->nargs; i++)
        ok = cg_lint_add_path(lint, cli->args[i], &err);
    if (lint)
        cg_lint_watch(lint, &progress);
    if (ok && cg_lint_run(lint))
        code = print_findings(cli, lint, least(o)) ? CG_EXIT_FINDINGS : CG_EXIT_OK;
    else
        code = cg_fail(cli, CG_EXIT_FAILED, &err);
    cg_lint_free(lint);
    return code;
}

const struct cg_verb cg_verb_lint = {
    .name = "lint",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("FILE...", 0, -1),
    .completes = CG_WORD_FILE,
    .summary = "find errors in certificates, CRLs and keys",
    .description =
        "Reports violations of RFC 5280 and of good practice. FILE may be a certificate, a bundle, a CRL, a\n"
        "private key, or a folder of them, in PEM or DER. Problems between files, such as a CA key beside the\n"
        "broker's key or sequential serial numbers, are only found if all these files are given in one run.",
    .examples = "certguard lint /etc/mosquitto/certs\n"
                "certguard lint --severity error broker.crt broker.key ca.crt\n"
                "certguard lint --rules",
    .exits = "0 no findings at or above --severity, 1 a file cannot be read, 3 findings",
    CG_OPTIONS(options, struct options),
    .run = run,
};
