/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "target_options.h"
#include "base/array.h"
#include "base/failure.h"
#include "target_path.h"

#include <stdlib.h>
#include <string.h>

static bool parse_mode(const char *text, int *mode, struct cg_error *err)
{
    static const int modes[] = {0600, 0640, 0440, 0400};
    char *end = NULL;
    long value = strtol(text, &end, 8);
    for (size_t i = 0; !*end && i < CG_COUNT(modes); i++)
        if (value == modes[i]) {
            *mode = modes[i];
            return true;
        }
    return cg_fail_text(
        err,
        "invalid --mode %s: expected 0600, 0640, 0440 or 0400. Only the owner may write a private key, and "
        "others must not read it",
        text);
}

static bool parse_timeout(const char *text, int *seconds, struct cg_error *err)
{
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    if (end == text || *end || value < 1 || value > CG_HOOK_TIMEOUT_MAX)
        return cg_fail_text(err, "invalid --hook-timeout %s: expected 1 to %d seconds", text, CG_HOOK_TIMEOUT_MAX);
    *seconds = (int)value;
    return true;
}

bool cg_deploy_options_ok(const struct cg_deploy_options *o, struct cg_error *err)
{
    int value = 0;
    return (!o->mode || parse_mode(o->mode, &value, err)) &&
           (!o->hook_timeout || parse_timeout(o->hook_timeout, &value, err));
}

/* A hook that is given runs in any case: the files may have been there before it. */
static bool set_hook(struct cg_target *target, const char *hook, struct cg_error *err)
{
    if (!hook)
        return true;
    free(target->hook);
    target->hook = hook[0] ? strdup(hook) : NULL;
    if (hook[0] && !target->hook)
        return cg_fail_memory(err);
    target->pending = hook[0] ? CG_PARTS_ALL : 0;
    target->change++;
    return true;
}

static bool change_one(struct cg_target *target, const struct cg_deploy_options *o, struct cg_error *err)
{
    struct cg_owner owner;
    return (!o->mode || parse_mode(o->mode, &target->mode, err)) &&
           (!o->hook_timeout || parse_timeout(o->hook_timeout, &target->hook_timeout, err)) &&
           set_hook(target, o->hook, err) && cg_target_set(&target->owner, o->owner) &&
           cg_target_set(&target->group, o->group) && cg_target_set(&target->connect, o->connect) &&
           cg_target_owner(target, 0, &owner, err);
}

const char *cg_deploy_option_given(const struct cg_deploy_options *o)
{
    const struct {
        const char *name, *value;
    } rows[] = {{"to", o->to},
                {"owner", o->owner},
                {"group", o->group},
                {"mode", o->mode},
                {"connect", o->connect},
                {"hook", o->hook},
                {"hook-timeout", o->hook_timeout}};
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (rows[i].value)
            return rows[i].name;
    return NULL;
}

/* One more folder, with the options of the previous one. */
static struct cg_target *add_folder(struct cg_targets *targets, const char *name, const char *folder,
                                    struct cg_error *err)
{
    struct cg_target *target = cg_targets_add(targets, name);
    const struct cg_target *previous = target && targets->count > 1 ? target - 1 : NULL;
    bool ok = target && (!previous || cg_target_copy(target, previous)) && cg_target_set(&target->to, folder);
    if (ok && target->hook)
        target->pending = CG_PARTS_ALL;
    if (ok)
        return target;
    cg_fail_memory(err);
    return NULL;
}

bool cg_targets_merge(const struct cg_ca *ca, const char *name, struct cg_targets *targets,
                      const struct cg_deploy_options *o, struct cg_error *err)
{
    char folder[PATH_MAX];
    bool ok = true;
    if (o->to) {
        if (!cg_path_absolute(o->to, folder, err))
            return false;
        struct cg_target *target = cg_targets_find(targets, folder);
        const bool is_new = !target;
        if (is_new && !(target = add_folder(targets, name, folder, err)))
            return false;
        target->is_typed = true;
        return change_one(target, o, err) && (!is_new || cg_target_is_own(ca, target, err));
    }
    for (size_t i = 0; ok && i < targets->count; i++)
        ok = change_one(&targets->item[i], o, err);
    return ok;
}

bool cg_targets_forget(const struct cg_ca *ca, const char *name, struct cg_targets *targets, const char *folder,
                       struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_target *target = cg_path_absolute(folder, path, err) ? cg_targets_find(targets, path) : NULL;
    if (!target)
        return cg_fail_text(err, "\"%s\" is not deployed to %s. Its folders are listed in %s/deploy/%s.json", name,
                            path, ca->dir, name);
    cg_target_clear(target);
    *target = targets->item[--targets->count];
    return true;
}
