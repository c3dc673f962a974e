/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "doctor.h"
#include "base/failure.h"
#include "core/snapshot_load.h"

#include "rules.h"

#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *option(const struct cg_doctor *d, const char *name)
{
    const struct cg_conf_line *line = cg_conf_plugin_option(&d->conf, d->plugin, name);
    return line ? line->value : NULL;
}

static void load_snapshot(struct cg_doctor *d)
{
    const struct cg_snapshot_source source = {.policy = option(d, "policy"),
                                              .anchors = option(d, "trust_anchors"),
                                              .event_log = option(d, "event_log"),
                                              .without_state = true};
    struct cg_error err = {""};
    if (!d->plugin || !source.policy == !source.anchors)
        return;
    d->snapshot = cg_snapshot_load(&source, NULL, d->now, NULL, NULL, &err);
    snprintf(d->load_error, sizeof d->load_error, "%s", err.text);
}

static void ask_version(struct cg_doctor *d)
{
    char line[128] = "";
    FILE *pipe = popen("PATH=$PATH:/usr/sbin:/usr/local/sbin mosquitto -h 2>/dev/null", "r");
    if (!pipe)
        return;
    if (!fgets(line, sizeof line, pipe) || sscanf(line, "mosquitto version %31s", d->version) != 1)
        d->version[0] = '\0';
    while (fgets(line, sizeof line, pipe))
        ;
    pclose(pipe);
}

static bool add_groups(const struct cg_doctor *d)
{
    gid_t groups[1024];
    int count = getgroups((int)(CG_COUNT(groups) - CG_COUNT(d->groups)), groups);
    if (count < 0)
        return false;
    memcpy(groups + count, d->groups, d->ngroups * sizeof *groups);
    return setgroups((size_t)count + d->ngroups, groups) == 0;
}

/* As root, takes the rights of the broker's user: what doctor cannot read afterwards, the broker cannot read either. */
static bool become_broker_user(const struct cg_doctor *d, struct cg_error *err)
{
    if (geteuid() != 0 || d->uid == (uid_t)-1 || d->uid == 0)
        return true;
    if (initgroups(d->user, d->gid) == 0 && add_groups(d) && setegid(d->gid) == 0 && seteuid(d->uid) == 0)
        return true;
    return cg_fail_text(err, "cannot read files as user %s: no permission to change the user", d->user);
}

static void become_root(void)
{
    if (seteuid(getuid()) != 0 || setegid(getgid()) != 0 || (getuid() == 0 && setgroups(0, NULL) != 0))
        abort();
}

static const struct cg_doctor_rules *const tables[] = {
    &cg_doctor_conf_rules,    &cg_doctor_deprecated_rules,    &cg_doctor_listener_rules, &cg_doctor_bridge_rules,
    &cg_doctor_access_rules,  &cg_doctor_tls_rules,           &cg_doctor_file_rules,     &cg_doctor_line_rules,
    &cg_doctor_renewal_rules, &cg_doctor_renewal_topic_rules, &cg_doctor_spool_rules,    &cg_doctor_live_rules,
    &cg_doctor_event_rules,   &cg_doctor_unit_rules,
};

const struct cg_rule_row *cg_doctor_row(size_t index)
{
    for (size_t t = 0; t < CG_COUNT(tables); t++) {
        if (index < tables[t]->count)
            return &tables[t]->rule[index].row;
        index -= tables[t]->count;
    }
    return NULL;
}

static void run_rule(struct cg_doctor *d, const struct cg_doctor_rule *rule)
{
    size_t before = d->count;
    if (rule->when && !rule->when(d))
        return;
    if (rule->check)
        rule->check(d, &rule->row);
    for (size_t i = 0; (rule->keys || rule->line) && i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        if ((!rule->keys || cg_doctor_is_one_of(line->key, rule->keys)) &&
            (rule->line ? rule->line(line) : line->value[0] != '\0'))
            cg_doctor_report_line(d, &rule->row, line);
    }
    for (unsigned i = cg_conf_has_default_listener(&d->conf) ? 0 : 1; rule->listener && i <= d->conf.listeners; i++) {
        const char *what = rule->listener(d, i);
        if (what)
            cg_doctor_report_listener(d, &rule->row, i, what);
    }
    for (unsigned i = 1; rule->bridge && i <= d->conf.bridges; i++)
        if (rule->bridge(d, i))
            cg_doctor_report_line(d, &rule->row, cg_conf_bridge(&d->conf, i));
    if (rule->files)
        cg_doctor_each_tls_files(d, rule);
    if (rule->event)
        cg_doctor_report_event(d, &rule->row, rule->event);
    for (size_t i = before; rule->is_safe && i < d->count; i++)
        if (d->finding[i].line && rule->is_safe(d, d->finding[i].line))
            d->finding[i].safe = rule->fix;
}

static void run_rules(struct cg_doctor *d)
{
    for (size_t t = 0; t < CG_COUNT(tables); t++)
        for (size_t i = 0; i < tables[t]->count; i++)
            run_rule(d, &tables[t]->rule[i]);
}

/* Adds a file, or its whole folder. Other files beside the broker's certificate matter too, for example the CA's key. */
static void lint_file(struct cg_doctor *d, const char *file, bool folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", file);
    cg_lint_add_path(d->lint, folder ? dirname(path) : path, NULL);
}

static void lint_files(struct cg_doctor *d)
{
    const struct cg_policy *policy = d->snapshot ? d->snapshot->policy : NULL;
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        bool certificate = strcmp(line->key, "certfile") == 0;
        if (certificate || strcmp(line->key, "cafile") == 0 || strcmp(line->key, "keyfile") == 0)
            lint_file(d, line->value, certificate);
    }
    for (size_t i = 0; policy && i <= policy->nlisteners; i++) {
        const struct cg_listener_policy *section = cg_policy_section(policy, i);
        for (size_t k = 0; k < section->ncredentials; k++)
            lint_file(d, section->credentials[k].chain, true);
    }
}

static void run_lint(struct cg_doctor *d)
{
    lint_files(d);
    d->memory_short = !cg_lint_run(d->lint) || d->memory_short;
    for (size_t i = 0; i < cg_lint_count(d->lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(d->lint, i);
        const size_t before = d->count;
        cg_doctor_report(d, f->row, "%s: %s%s%s", f->file, f->object, f->detail[0] ? ": " : "", f->detail);
        if (d->count > before)
            d->finding[before].lint = f;
    }
}

bool cg_doctor_run(struct cg_doctor *d, const struct cg_doctor_request *request, struct cg_error *err)
{
    d->request = request;
    if (!cg_conf_load(&d->conf, request->config, err))
        return false;
    cg_doctor_read_unit(d);
    if (request->user && d->uid == (uid_t)-1)
        return cg_fail_text(err, "--user %s: there is no such user on this machine", request->user);
    d->lint = cg_lint_new(d->now);
    if (!d->lint)
        return cg_fail_memory(err);
    d->plugin = cg_conf_certguard(&d->conf);
    ask_version(d);
    if (!become_broker_user(d, err))
        return false;
    load_snapshot(d);
    run_rules(d);
    become_root();
    run_lint(d);
    return !d->memory_short || cg_fail_memory(err);
}

void cg_doctor_clear(struct cg_doctor *d)
{
    sk_X509_pop_free(d->live.chain, X509_free);
    cg_conf_clear(&d->conf);
    cg_snapshot_free(d->snapshot);
    cg_lint_free(d->lint);
    free(d->finding);
    *d = (struct cg_doctor){0};
}
