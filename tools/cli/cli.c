/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cli.h"

#include "core/base/edit_distance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct cg_option cg_global_options[] = {
    {"directory", "DIR", "folder of the CA (default: $CERTGUARD_DIR, else ./certguard-ca)", CG_OPT_FOLDER, 'C',
     offsetof(struct cg_cli, dir)},
    {"dry-run", NULL, "say what would be done, change nothing", CG_OPT_FLAG, 'n', offsetof(struct cg_cli, dry_run)},
    {"json", NULL, "the result as JSON on standard output", CG_OPT_FLAG, 0, offsetof(struct cg_cli, json)},
    {"quiet", NULL, "errors and warnings only", CG_OPT_FLAG, 'q', offsetof(struct cg_cli, quiet)},
    {"verbose", NULL, "say more", CG_OPT_COUNT, 'v', offsetof(struct cg_cli, verbose)},
    {"at", "TIME", "act as if it were TIME (2049-12-31T23:59:59Z, +30d, -1h, seconds since 1970)", CG_OPT_TIME, 0,
     offsetof(struct cg_cli, at)},
    {"wait", "SECONDS", "wait this long for another run to end (default 10)", CG_OPT_NUMBER, 0,
     offsetof(struct cg_cli, wait)},
    {"help", NULL, "show this help", CG_OPT_FLAG, 'h', offsetof(struct cg_cli, help)},
    {"version", NULL, "show the version", CG_OPT_FLAG, 0, offsetof(struct cg_cli, version)},
};
const size_t cg_global_options_count = CG_COUNT(cg_global_options);

const struct cg_option cg_key_options[] = {
    {"passphrase-file", "FILE", "passphrase of the CA key: first line of FILE, which only you can read", CG_OPT_FILE, 0,
     offsetof(struct cg_cli, passphrase_file)},
    {"passphrase-fd", "N", "the same from the open file descriptor N", CG_OPT_NUMBER, 0,
     offsetof(struct cg_cli, passphrase_fd)},
};
const size_t cg_key_options_count = CG_COUNT(cg_key_options);

/* Where an option's value goes: a row of the verb's table or of the global one. */
struct target {
    const struct cg_option *option;
    void *place;
};

struct parser {
    const struct cg_verb *const *verbs;
    struct cg_cli *cli;
    void *options;
    const char **args;
    struct cg_error *err;
};

static const struct cg_option *find(const struct cg_option *table, size_t n, const char *name, size_t len, char letter)
{
    for (size_t i = 0; i < n; i++) {
        if (letter && table[i].letter == letter)
            return &table[i];
        if (!letter && strlen(table[i].name) == len && strncmp(table[i].name, name, len) == 0)
            return &table[i];
    }
    return NULL;
}

static struct target look_up(const struct parser *p, const char *name, size_t len, char letter)
{
    struct target t = {NULL, NULL};
    const struct cg_verb *verb = p->cli->verb;
    if (verb && (t.option = find(verb->options, verb->noptions, name, len, letter)))
        t.place = (char *)p->options + t.option->offset;
    else if (verb && verb->needs_key && (t.option = find(cg_key_options, cg_key_options_count, name, len, letter)))
        t.place = (char *)p->cli + t.option->offset;
    else if ((t.option = find(cg_global_options, cg_global_options_count, name, len, letter)))
        t.place = (char *)p->cli + t.option->offset;
    return t;
}

static void nearer(const char *word, const char *candidate, const char **best, size_t *best_distance)
{
    size_t d = cg_edit_distance(word, candidate);
    if (d < *best_distance) {
        *best_distance = d;
        *best = candidate;
    }
}

static void unknown_option(const struct parser *p, const char *name)
{
    const struct cg_verb *verb = p->cli->verb;
    const char *best = NULL;
    size_t best_distance = 4;
    for (size_t i = 0; verb && i < verb->noptions; i++)
        nearer(name, verb->options[i].name, &best, &best_distance);
    for (size_t i = 0; verb && verb->needs_key && i < cg_key_options_count; i++)
        nearer(name, cg_key_options[i].name, &best, &best_distance);
    for (size_t i = 0; i < cg_global_options_count; i++)
        nearer(name, cg_global_options[i].name, &best, &best_distance);
    if (best)
        cg_error_set(p->err, "no option --%s; did you mean --%s?", name, best);
    else
        cg_error_set(p->err, "no option --%s", name);
}

static void unknown_verb(const struct parser *p, const char *name)
{
    const char *best = NULL;
    size_t best_distance = 4;
    for (size_t i = 0; p->verbs[i]; i++)
        nearer(name, p->verbs[i]->name, &best, &best_distance);
    if (best)
        cg_error_set(p->err, "no verb \"%s\"; did you mean \"%s\"?", name, best);
    else
        cg_error_set(p->err, "no verb \"%s\"", name);
}

static bool list_add(struct cg_list *list, const char *value)
{
    const char **item = realloc(list->item, (list->count + 1) * sizeof *item);
    if (!item)
        return false;
    list->item = item;
    list->item[list->count++] = value;
    return true;
}

static bool is_choice(const char *words, const char *value)
{
    size_t len = strlen(value);
    for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
        if (len && strncmp(w, value, len) == 0 && (w[len] == '|' || w[len] == '\0'))
            return true;
    return false;
}

static bool number_parse(const char *text, int64_t *out)
{
    char *end = NULL;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end || n < 0 || n > INT32_MAX)
        return false;
    *out = n;
    return true;
}

/* Examples of what options of the type take, and the limits; "" where the argument says it. */
static const char *takes(enum cg_option_type type)
{
    static const char *const texts[] = {
        [CG_OPT_NUMBER] = "a whole number, at most 2147483647",
        [CG_OPT_DURATION] = CG_DURATION_WORDS,
        [CG_OPT_LIFETIME] = "90d, 12h or 30m, more than 0 and at most 100y",
        [CG_OPT_TIME] = "2026-12-31T23:59:59Z (up to the year 9999), +30d, -1h or seconds since 1970",
    };
    return texts[type] ? texts[type] : "";
}

static bool store(const struct parser *p, struct target t, const char *value)
{
    if (!t.option || !t.place)
        return false;
    const struct cg_option *o = t.option;
    struct cg_number *number = t.place;
    bool ok = true;
    switch (o->type) {
    case CG_OPT_FLAG:
        *(bool *)t.place = true;
        break;
    case CG_OPT_COUNT:
        ++*(int *)t.place;
        break;
    case CG_OPT_CHOICE:
        ok = is_choice(o->argument, value);
        *(const char **)t.place = value;
        break;
    case CG_OPT_STRING:
    case CG_OPT_FILE:
    case CG_OPT_FOLDER:
        *(const char **)t.place = value;
        break;
    case CG_OPT_LIST:
    case CG_OPT_FILES:
        ok = list_add(t.place, value);
        break;
    case CG_OPT_NUMBER:
        ok = number->given = number_parse(value, &number->value);
        break;
    case CG_OPT_DURATION:
        ok = number->given = cg_duration_parse(value, &number->value);
        break;
    case CG_OPT_LIFETIME:
        ok = number->given = cg_lifetime_parse(value, &number->value);
        break;
    case CG_OPT_TIME:
        ok = number->given = cg_time_parse(value, &number->value);
        break;
    }
    if (!ok)
        cg_error_set(p->err, "--%s: expected %s%s%s, found \"%s\"", o->name, o->argument, *takes(o->type) ? " as " : "",
                     takes(o->type), value);
    return ok;
}

static bool is_flag(const struct cg_option *option)
{
    return option->type == CG_OPT_FLAG || option->type == CG_OPT_COUNT;
}

/* "--name", "--name=value", "--name value"; *i moves on when the next word is taken. */
static bool long_option(const struct parser *p, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *value = strchr(name, '=');
    size_t len = value ? (size_t)(value - name) : strlen(name);
    struct target t = look_up(p, name, len, 0);
    if (!t.option) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)len, name);
        unknown_option(p, word);
        return false;
    }
    if (is_flag(t.option)) {
        if (value)
            cg_error_set(p->err, "--%s takes no value", t.option->name);
        return !value && store(p, t, "");
    }
    if (!(value = value ? value + 1 : argv[*i + 1])) {
        cg_error_set(p->err, "--%s needs %s", t.option->name, t.option->argument);
        return false;
    }
    if (!name[len])
        ++*i;
    return store(p, t, value);
}

/* "-nq", "-C DIR", "-CDIR" */
static bool short_options(const struct parser *p, char **argv, int *i)
{
    for (const char *c = argv[*i] + 1; *c; c++) {
        struct target t = look_up(p, NULL, 0, *c);
        if (!t.option) {
            cg_error_set(p->err, "no option -%c", *c);
            return false;
        }
        if (is_flag(t.option)) {
            if (!store(p, t, ""))
                return false;
            continue;
        }
        const char *value = c[1] ? c + 1 : argv[++*i];
        if (!value)
            cg_error_set(p->err, "-%c needs %s", *c, t.option->argument);
        return value && store(p, t, value);
    }
    return true;
}

static const struct cg_verb *find_verb(const struct cg_verb *const *verbs, const char *name)
{
    for (size_t i = 0; verbs[i]; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static bool take_word(struct parser *p, const char *word)
{
    struct cg_cli *cli = p->cli;
    if (cli->verb) {
        p->args[cli->nargs++] = word;
        return true;
    }
    if (!(cli->verb = find_verb(p->verbs, word))) {
        unknown_verb(p, word);
        return false;
    }
    p->options = calloc(1, cli->verb->options_size + 1);
    return p->options;
}

static bool arguments_fit(const struct cg_cli *cli, struct cg_error *err)
{
    const struct cg_verb *verb = cli->verb;
    if (!verb)
        cg_error_set(err, "which verb?");
    else if (cli->nargs < verb->min_args)
        cg_error_set(err, "expected: certguard %s %s", verb->name, verb->arguments);
    else if (verb->max_args >= 0 && cli->nargs > verb->max_args)
        cg_error_set(err, "\"%s\" is one argument too many; expected: certguard %s %s", cli->args[verb->max_args],
                     verb->name, verb->arguments);
    else
        return true;
    return false;
}

bool cg_cli_parse(struct cg_cli *cli, const struct cg_verb *const *verbs, void **options, int argc, char **argv,
                  struct cg_error *err)
{
    *cli = (struct cg_cli){0};
    *options = NULL;
    const char *dir = getenv("CERTGUARD_DIR");
    cli->dir = dir && *dir ? dir : "certguard-ca";
    cli->now = cli->clock = (int64_t)time(NULL);
    struct parser p = {verbs, cli, NULL, calloc((size_t)argc + 1, sizeof *p.args), err};
    bool ok = p.args, words_only = false;
    cli->args = p.args;
    for (int i = 1; ok && i < argc; i++) {
        const char *word = argv[i];
        if (words_only || word[0] != '-' || !word[1])
            ok = take_word(&p, word);
        else if (strcmp(word, "--") == 0)
            words_only = true;
        else
            ok = word[1] == '-' ? long_option(&p, argv, &i) : short_options(&p, argv, &i);
    }
    *options = p.options;
    ok = (cli->dir_word = cg_shell_word(cli->dir)) && ok;
    if (cli->at.given)
        cli->now = cli->at.value;
    if (!ok)
        return false;
    return cli->help || cli->version || arguments_fit(cli, err);
}

void cg_cli_free(struct cg_cli *cli, void *options)
{
    const struct cg_verb *verb = cli->verb;
    for (size_t i = 0; options && i < verb->noptions; i++)
        if (verb->options[i].type == CG_OPT_LIST || verb->options[i].type == CG_OPT_FILES)
            free(((struct cg_list *)(void *)((char *)options + verb->options[i].offset))->item);
    free(options);
    free(cli->dir_word);
    free((void *)(uintptr_t)cli->args);
}
