/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "doctor.h"

#include "core/file.h"

#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct cg_doctor_finding *new_finding(struct cg_doctor *d)
{
    struct cg_doctor_finding *finding = realloc(d->finding, (d->count + 1) * sizeof *finding);
    if (!finding) {
        d->memory_short = true;
        return NULL;
    }
    d->finding = finding;
    return &finding[d->count++];
}

void cg_doctor_report(struct cg_doctor *d, const struct cg_doctor_row *row, const char *format, ...)
{
    struct cg_doctor_finding *finding = new_finding(d);
    struct cg_error clean = {""};
    char text[sizeof clean.text];
    va_list args;
    if (!finding)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cg_error_set(&clean, "%s", text); /* escapes control characters */
    *finding = (struct cg_doctor_finding){row->id, row->why, row->cure, row->severity, ""};
    snprintf(finding->what, sizeof finding->what, "%s", clean.text);
}

static const char *option(const struct cg_doctor *d, const char *name)
{
    const struct cg_conf_line *line = cg_conf_plugin_option(&d->conf, d->plugin, name);
    return line ? line->value : NULL;
}

static void load_snapshot(struct cg_doctor *d)
{
    const struct cg_snapshot_source source = {option(d, "policy"), option(d, "trust_anchors"), option(d, "event_log")};
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

/* Reads as the broker's user from here on, where we may: then every "may not read" is the broker's own. */
static bool become(const struct cg_doctor *d, struct cg_error *err)
{
    const struct passwd *entry = geteuid() == 0 ? getpwnam(d->user) : NULL;
    if (!entry || entry->pw_uid == 0)
        return true;
    if (initgroups(d->user, entry->pw_gid) == 0 && setegid(entry->pw_gid) == 0 && seteuid(entry->pw_uid) == 0)
        return true;
    cg_error_set(err, "can't look as user %s", d->user);
    return false;
}

static void come_back(void)
{
    if (seteuid(getuid()) != 0 || setegid(getgid()) != 0 || (getuid() == 0 && setgroups(0, NULL) != 0))
        abort();
}

static void run_rules(struct cg_doctor *d, const struct cg_doctor_rule *rule, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rule[i].look(d, &rule[i].row);
}

/* The folders of the broker's certificate and key are looked at whole: what else lies there matters. */
static void run_lint(struct cg_doctor *d)
{
    static const char *const keys[] = {"cafile", "certfile", "keyfile"};
    for (size_t i = 0; i < d->conf.count; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            char path[PATH_MAX], first[PATH_MAX] = "";
            if (strcmp(d->conf.item[i].key, keys[k]) != 0)
                continue;
            snprintf(path, sizeof path, "%s", d->conf.item[i].value);
            const struct cg_conf_line *certificate = cg_conf_find(&d->conf, d->conf.item[i].listener, "certfile");
            snprintf(first, sizeof first, "%s", certificate ? certificate->value : "");
            bool same = strcmp(dirname(path), dirname(first)) == 0;
            if (k == 1)
                cg_lint_add_path(d->lint, path, NULL);
            else if (!same)
                cg_lint_add_path(d->lint, d->conf.item[i].value, NULL);
        }
    d->memory_short = !cg_lint_run(d->lint) || d->memory_short;
    for (size_t i = 0; i < cg_lint_count(d->lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(d->lint, i);
        const struct cg_doctor_row row = {f->row->id, f->row->severity, f->row->what, f->row->cure};
        cg_doctor_report(d, &row, "%s: %s%s%s", f->file, f->object, f->detail[0] ? ": " : "", f->detail);
    }
}

bool cg_doctor_run(struct cg_doctor *d, const char *config, const char *user, struct cg_error *err)
{
    if (!cg_conf_load(&d->conf, config, err))
        return false;
    d->user = user ? user : cg_conf_user(&d->conf);
    if (geteuid() != 0 && !user) { /* a broker that an ordinary user starts stays that user */
        const struct passwd *entry = getpwuid(geteuid());
        d->user = entry ? entry->pw_name : d->user;
    }
    d->lint = cg_lint_new(d->now);
    if (!d->lint) {
        cg_error_set(err, "out of memory");
        return false;
    }
    d->plugin = cg_conf_certguard(&d->conf);
    ask_version(d);
    if (!become(d, err))
        return false;
    load_snapshot(d);
    run_rules(d, cg_doctor_conf_rules, cg_doctor_conf_rules_count);
    run_rules(d, cg_doctor_file_rules, cg_doctor_file_rules_count);
    come_back();
    run_lint(d);
    if (d->memory_short)
        cg_error_set(err, "out of memory");
    return !d->memory_short;
}

void cg_doctor_clear(struct cg_doctor *d)
{
    cg_conf_clear(&d->conf);
    cg_snapshot_release(d->snapshot);
    cg_lint_free(d->lint);
    free(d->finding);
    *d = (struct cg_doctor){0};
}
