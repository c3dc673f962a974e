/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lint.h"
#include "base/failure.h"

#include "base/array.h"
#include "core/base/text.h"
#include "read.h"
#include "relations.h"
#include "rules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OBJECTS_MAX 10000 /* the rules that compare two objects then take seconds */

static const struct cg_lint_rules *const tables[] = {
    &cg_lint_cert_rules,       &cg_lint_pkey_rules, &cg_lint_name_rules, &cg_lint_san_rules,
    &cg_lint_ext_rules,        &cg_lint_use_rules,  &cg_lint_der_rules,  &cg_lint_cps_rules,
    &cg_lint_constraint_rules, &cg_lint_crl_rules,  &cg_lint_key_rules,
};

struct cg_lint {
    int64_t now;
    struct cg_progress *progress;
    struct cg_lint_objects objects;
    char **files;
    size_t nfiles;
    struct cg_lint_finding *finding;
    size_t count;
    bool memory_short;
};

const struct cg_rule_row *cg_lint_row(size_t index)
{
    for (size_t t = 0; t < CG_COUNT(tables); t++) {
        if (index < tables[t]->count)
            return &tables[t]->rule[index].row;
        index -= tables[t]->count;
    }
    return index < cg_lint_pair_rules_count ? &cg_lint_pair_rules[index].row : NULL;
}

struct cg_lint *cg_lint_new(int64_t now)
{
    struct cg_lint *lint = calloc(1, sizeof *lint);
    if (lint)
        *lint = (struct cg_lint){.now = now, .objects.limit = OBJECTS_MAX};
    return lint;
}

void cg_lint_free(struct cg_lint *lint)
{
    if (!lint)
        return;
    cg_lint_objects_free(&lint->objects);
    for (size_t i = 0; i < lint->nfiles; i++)
        free(lint->files[i]);
    free(lint->files);
    free(lint->finding);
    free(lint);
}

void cg_lint_watch(struct cg_lint *lint, struct cg_progress *progress)
{
    lint->progress = progress;
}

/* Objects and findings borrow the path. */
static const char *store_path(struct cg_lint *lint, const char *folder, const char *name)
{
    char **files = realloc(lint->files, (lint->nfiles + 1) * sizeof *files);
    if (!files)
        return NULL;
    lint->files = files;
    char *path = NULL;
    size_t len = strlen(folder);
    if (asprintf(&path, "%s%s%s", folder, len && folder[len - 1] != '/' ? "/" : "", name) < 0)
        return NULL;
    lint->files[lint->nfiles++] = path;
    return path;
}

/* known: the number of stored paths that may be the same. A file is read once, even if it is named twice. */
static bool add_file(struct cg_lint *lint, const char *folder, const char *name, size_t known, struct cg_error *err)
{
    const char *path = store_path(lint, folder, name);
    if (!path)
        return cg_fail_text(err, "cannot read %s: out of memory", name);
    for (size_t i = 0; i < known; i++)
        if (strcmp(lint->files[i], path) == 0)
            return true;
    return cg_lint_objects_read(&lint->objects, path, lint->now, err);
}

static bool add_folder(struct cg_lint *lint, const char *path, struct cg_error *err)
{
    struct dirent **entries = NULL;
    size_t known = lint->nfiles;
    bool found = false;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        struct cg_error skipped = {""};
        if (entries[i]->d_name[0] != '.' && add_file(lint, path, entries[i]->d_name, known, &skipped))
            found = true;
        free(entries[i]);
    }
    free(entries);
    return found || cg_fail_text(err, "%s: this folder contains no certificate, CRL or private key", path);
}

bool cg_lint_add_path(struct cg_lint *lint, const char *path, struct cg_error *err)
{
    struct stat st;
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    return folder ? add_folder(lint, path, err) : add_file(lint, "", path, lint->nfiles, err);
}

bool cg_lint_add_certificate(struct cg_lint *lint, X509 *cert)
{
    return cg_lint_objects_certificate(&lint->objects, "", lint->now, cert);
}

bool cg_lint_add_crl(struct cg_lint *lint, X509_CRL *crl)
{
    return cg_lint_objects_crl(&lint->objects, "", lint->now, crl);
}

static void report(struct cg_lint *lint, const struct cg_rule_row *row, const struct cg_lint_object *o,
                   const char *detail)
{
    struct cg_lint_finding *finding = realloc(lint->finding, (lint->count + 1) * sizeof *finding);
    if (!finding) {
        lint->memory_short = true;
        return;
    }
    lint->finding = finding;
    finding += lint->count++;
    finding->row = row;
    finding->number = (size_t)(o - lint->objects.item);
    finding->file = o->file;
    cg_lint_object_text(o, finding->object, sizeof finding->object);
    cg_text_escape(detail, strlen(detail), finding->detail, sizeof finding->detail);
}

static bool in_scope(enum cg_lint_scope scope, const struct cg_lint_object *o)
{
    return scope == CG_SCOPE_ALL || (!o->unclear && (scope == CG_SCOPE_CA) == o->ca);
}

static bool applies(const struct cg_lint_rule *rule, const struct cg_lint_object *o, char *detail, size_t size)
{
    if (rule->has)
        return cg_lint_has(o, rule->has);
    if (rule->lacks)
        return !cg_lint_has(o, rule->lacks);
    if (rule->not_critical)
        return cg_lint_has(o, rule->not_critical) && !cg_lint_is_critical(o, rule->not_critical);
    if (rule->attribute)
        return cg_lint_any_attribute(o, rule->attribute, detail, size);
    if (rule->extension)
        return cg_lint_any_extension(o, rule->extension, detail, size);
    if (rule->dns)
        return cg_lint_any_dns(o, rule->dns, detail, size);
    if (rule->qualifier)
        return cg_lint_any_qualifier(o, rule->qualifier, detail, size);
    if (rule->entry)
        return cg_lint_any_entry(o, rule->entry, detail, size);
    return rule->holds ? rule->holds(o) : rule->found(o, detail, size);
}

static void run_rules(struct cg_lint *lint, const struct cg_lint_object *o)
{
    for (size_t t = 0; t < CG_COUNT(tables); t++)
        for (size_t i = 0; tables[t]->kind == o->kind && i < tables[t]->count; i++) {
            const struct cg_lint_rule *rule = &tables[t]->rule[i];
            char detail[192] = "";
            if (in_scope(rule->scope, o) && applies(rule, o, detail, sizeof detail))
                report(lint, &rule->row, o, detail);
        }
}

/* Reports an object once per rule, even if several other objects match. */
static void run_pair_rules(struct cg_lint *lint, const struct cg_lint_object *o)
{
    for (size_t i = 0; i < cg_lint_pair_rules_count; i++) {
        const struct cg_lint_pair_rule *rule = &cg_lint_pair_rules[i];
        char detail[192] = "";
        bool found = false;
        for (size_t j = 0; !found && j < lint->objects.count; j++) {
            const struct cg_lint_object *other = &lint->objects.item[j];
            found = other != o && (rule->holds ? rule->holds(o, other) : rule->found(o, other, detail, sizeof detail));
        }
        if (found)
            report(lint, &rule->row, o, detail);
    }
}

bool cg_lint_run(struct cg_lint *lint)
{
    lint->count = 0;
    lint->memory_short = false;
    cg_lint_relate(&lint->objects);
    for (size_t i = 0; i < lint->objects.count; i++) {
        cg_progress(lint->progress, i, lint->objects.count);
        run_rules(lint, &lint->objects.item[i]);
        run_pair_rules(lint, &lint->objects.item[i]);
    }
    return !lint->memory_short;
}

size_t cg_lint_count(const struct cg_lint *lint)
{
    return lint->count;
}

const struct cg_lint_finding *cg_lint_finding(const struct cg_lint *lint, size_t index)
{
    return index < lint->count ? &lint->finding[index] : NULL;
}

struct cg_found cg_lint_found(const struct cg_lint_finding *finding)
{
    return (struct cg_found){finding->row, finding->detail, finding->file, finding->object, 0};
}

size_t cg_lint_objects(const struct cg_lint *lint)
{
    return lint->objects.count;
}

const struct cg_lint_object *cg_lint_object(const struct cg_lint *lint, size_t number)
{
    return number < lint->objects.count ? &lint->objects.item[number] : NULL;
}
