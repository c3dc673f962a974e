/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "hooks.h"
#include "cli/output.h"

static void say_line(const void *context, const struct cg_target *target, const char *line)
{
    const struct cg_verb_hooks *hooks = context;
    cg_say(hooks->cli, "  hook of %s: %s", target->name, line);
}

static void say_ended(const void *context, const struct cg_hook_result *result)
{
    const struct cg_verb_hooks *hooks = context;
    const struct cg_target *target = result->target;
    char parts[CG_PARTS_MAX];
    if (result->why[0])
        cg_warn(hooks->cli, "%s", result->err->text);
    else
        cg_say(hooks->cli, "The hook of \"%s\" for %s succeeded.", target->name, target->to);
    if (!hooks->list)
        return;
    cJSON *object = cg_json_of("name", target->name, "folder", target->to, "changed",
                               cg_parts_text(target->pending, parts), "output", result->output);
    cJSON_AddBoolToObject(object, "ok", !result->why[0]);
    cg_json_add(object, "error", result->why[0] ? result->why : NULL);
    cJSON_AddItemToArray(hooks->list, object);
}

struct cg_hook_report cg_verb_hook_report(const struct cg_verb_hooks *hooks)
{
    return (struct cg_hook_report){say_line, say_ended, hooks};
}

/* ---- in a dry run */

struct plan {
    const struct cg_cli *cli;
    const struct cg_hook_request *request;
};

static void say_plan(const struct cg_cli *cli, const struct cg_target *target)
{
    if (target->hook)
        cg_say(cli, "Would run the hook of \"%s\" if files in %s change: %s", target->name, target->to, target->hook);
}

static bool visit_plan(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    const struct plan *plan = context;
    (void)ca;
    (void)err;
    if (cg_hook_is_named(plan->request, target->name))
        say_plan(plan->cli, target);
    return true;
}

void cg_say_hooks(const struct cg_cli *cli, const struct cg_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        say_plan(cli, &targets->item[i]);
}

/* ---- the run */

bool cg_verb_hooks(const struct cg_cli *cli, struct cg_ca *ca, const char *const *names, size_t count, cJSON *list)
{
    struct cg_error err = {""};
    const struct cg_verb_hooks hooks = {cli, list};
    const struct cg_hook_request request = {cli->verb->name, names, count, cg_verb_hook_report(&hooks)};
    struct plan plan = {cli, &request};
    if (cli->dry_run)
        cg_target_visit(ca, visit_plan, &plan, NULL, NULL);
    const enum cg_ca_result end = cg_hooks_run(ca, &request, &err);
    if (end == CG_CA_LOCKED)
        cg_warn(cli, "%s", err.text);
    return end == CG_CA_OK;
}
