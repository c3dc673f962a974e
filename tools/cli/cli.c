/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cli.h"
#include "base/failure.h"

#include "core/base/edit_distance.h"
#include "core/base/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define AT(field) offsetof(struct cg_cli, field)

static const struct cg_option global_options[] = {
    {"directory", "DIR", "folder of the CA (default: $CERTGUARD_DIR, or ./certguard-ca)", CG_OPT_FOLDER, 'C', AT(dir)},
    {"dry-run", NULL, "show what would be done, change nothing", CG_OPT_FLAG, 'n', AT(dry_run)},
    {"json", NULL, "print the result as JSON on standard output", CG_OPT_FLAG, 0, AT(json)},
    {"quiet", NULL, "print errors and warnings only", CG_OPT_FLAG, 'q', AT(quiet)},
    {"verbose", NULL, "print more details", CG_OPT_FLAG, 'v', AT(verbose)},
    {"at", "TIME", "act as if it were TIME (2049-12-31T23:59:59Z, +30d, -1h, seconds since 1970)", CG_OPT_TIME, 0,
     AT(at)},
    {"wait", "SECONDS", "wait this long for another run of certguard that holds the lock of the CA (default 10)",
     CG_OPT_NUMBER, 0, AT(wait)},
    {"help", NULL, "show this help", CG_OPT_FLAG, 'h', AT(help)},
    {"version", NULL, "show the version", CG_OPT_FLAG, 0, AT(version)},
};

static const struct cg_option key_options[] = {
    {"passphrase-file", "FILE",
     "read the passphrase of the CA key from the first line of FILE, readable only by you (default: "
     "$CERTGUARD_PASSPHRASE_FILE, or the setting passphrase_file, or a prompt)",
     CG_OPT_FILE, 0, AT(passphrase_file)},
    {"passphrase-fd", "N", "read the passphrase from the open file descriptor N", CG_OPT_NUMBER, 0, AT(passphrase_fd)},
};

void cg_option_sets(const struct cg_verb *verb, struct cg_option_set sets[CG_SETS])
{
    sets[CG_SET_OWN] = verb ? verb->options : (struct cg_option_set){NULL, 0};
    sets[CG_SET_KEY] = (struct cg_option_set){key_options, verb && verb->needs_key ? CG_COUNT(key_options) : 0};
    sets[CG_SET_GLOBAL] = (struct cg_option_set){global_options, CG_COUNT(global_options)};
}

/* An option and the place for its value. */
struct target {
    const struct cg_option *option;
    void *place;
};

struct parser {
    struct cg_cli *cli;
    void *options;
    const char **args;
    struct cg_error *err;
};

static bool is_named(const struct cg_option *option, const char *name, size_t len, char letter)
{
    return letter ? option->letter == letter : strlen(option->name) == len && strncmp(option->name, name, len) == 0;
}

/* By letter, or by name if letter is 0. */
static struct target find_option(const struct parser *p, const char *name, size_t len, char letter)
{
    struct cg_option_set sets[CG_SETS];
    cg_option_sets(p->cli->verb, sets);
    for (size_t s = 0; s < CG_SETS; s++)
        for (size_t i = 0; i < sets[s].count; i++) {
            const struct cg_option *option = &sets[s].option[i];
            if (is_named(option, name, len, letter))
                return (struct target){option,
                                       (s == CG_SET_OWN ? (char *)p->options : (char *)p->cli) + option->offset};
        }
    return (struct target){NULL, NULL};
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
    struct cg_option_set sets[CG_SETS];
    const char *best = NULL;
    size_t best_distance = 4;
    cg_option_sets(p->cli->verb, sets);
    for (size_t s = 0; s < CG_SETS; s++)
        for (size_t i = 0; i < sets[s].count; i++)
            nearer(name, sets[s].option[i].name, &best, &best_distance);
    cg_error_set(p->err, "unknown option --%s%s%s%s", name, best ? "; did you mean --" : "", best ? best : "",
                 best ? "?" : "");
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

/* In any case. The value gets the spelling of the word, in its own memory: the command line's. */
static bool is_choice(const char *words, const char *value)
{
    size_t len = strlen(value);
    for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
        if (len && strncasecmp(w, value, len) == 0 && (w[len] == '|' || w[len] == '\0')) {
            if (strncmp(w, value, len) != 0)
                memcpy((char *)(uintptr_t)value, w, len);
            return true;
        }
    return false;
}

static bool is_reason(const char *code)
{
    return strcmp(cg_reason_row(cg_reason_from_code(code))->code, code) == 0;
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

/* Example values of a type, and its limits; "" if the argument's name is enough. */
static const char *takes(enum cg_option_type type)
{
    static const char *const texts[] = {
        [CG_OPT_REASONS] = "certguard-reasons(5) lists them",
        [CG_OPT_NUMBER] = "a whole number, at most 2147483647",
        [CG_OPT_DURATION] = CG_DURATION_WORDS,
        [CG_OPT_LIFETIME] = CG_LIFETIME_WORDS,
        [CG_OPT_TIME] = "2026-12-31T23:59:59Z (up to the year 9999), +30d, -1h or seconds since 1970",
    };
    return texts[type] ? texts[type] : "";
}

static bool store(const struct parser *p, struct target t, const char *value)
{
    const struct cg_option *o = t.option;
    struct cg_number *number = t.place;
    bool ok = true;
    if (!t.place)
        return false;
    switch (o->type) {
    case CG_OPT_FLAG:
        *(bool *)t.place = true;
        break;
    case CG_OPT_CHOICE:
        ok = is_choice(o->argument, value);
        *(const char **)t.place = value;
        break;
    case CG_OPT_FILE:
    case CG_OPT_FOLDER:
        ok = *value; /* of a variable of the shell that is not set */
        *(const char **)t.place = value;
        break;
    case CG_OPT_STRING:
        *(const char **)t.place = value;
        break;
    case CG_OPT_LIST:
    case CG_OPT_FILES:
        ok = (!strchr(o->argument, '|') || is_choice(o->argument, value)) && list_add(t.place, value);
        break;
    case CG_OPT_REASONS:
        ok = is_reason(value) && list_add(t.place, value);
        break;
    case CG_OPT_NUMBER:
        ok = number->given = number_parse(value, &number->value);
        break;
    case CG_OPT_DURATION:
        ok = number->given = cg_duration_parse(value, &number->value);
        break;
    case CG_OPT_LIFETIME:
        ok = cg_lifetime_parse(value, t.place);
        break;
    case CG_OPT_TIME:
        ok = number->given = cg_time_parse(value, &number->value);
        break;
    }
    return ok || cg_fail_text(p->err, "--%s: expected %s%s%s, found \"%s\"", o->name, o->argument,
                              *takes(o->type) ? " as " : "", takes(o->type), value);
}

/* "--name", "--name=value", "--name value"; *i advances if the next word is the value. */
static bool long_option(const struct parser *p, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *value = strchr(name, '=');
    size_t len = value ? (size_t)(value - name) : strlen(name);
    struct target t = find_option(p, name, len, 0);
    if (!t.option) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)len, name);
        unknown_option(p, word);
        return false;
    }
    if (t.option->type == CG_OPT_FLAG) {
        if (value)
            cg_error_set(p->err, "--%s takes no value", t.option->name);
        return !value && store(p, t, "");
    }
    if (!(value = value ? value + 1 : argv[*i + 1]))
        return cg_fail_text(p->err, "--%s needs %s", t.option->name, t.option->argument);
    if (!name[len])
        ++*i;
    return store(p, t, value);
}

/* "-nq", "-C DIR", "-CDIR" */
static bool short_options(const struct parser *p, char **argv, int *i)
{
    for (const char *c = argv[*i] + 1; *c; c++) {
        struct target t = find_option(p, NULL, 0, *c);
        if (!t.option)
            return cg_fail_text(p->err, "unknown option -%c", *c);
        if (t.option->type == CG_OPT_FLAG) {
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

const struct cg_verb *cg_verb_find(const struct cg_verb *const *verbs, const char *name, struct cg_error *err)
{
    const char *best = NULL;
    size_t best_distance = 4;
    for (size_t i = 0; verbs[i]; i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
        nearer(name, verbs[i]->name, &best, &best_distance);
    }
    cg_error_set(err, "unknown verb \"%s\"%s%s%s", name, best ? "; did you mean \"" : "", best ? best : "",
                 best ? "\"?" : "");
    return NULL;
}

static bool take_word(struct parser *p, const char *word)
{
    struct cg_cli *cli = p->cli;
    if (cli->verb) {
        p->args[cli->nargs++] = word;
        return true;
    }
    if (!(cli->verb = cg_verb_find(cli->verbs, word, p->err)))
        return false;
    p->options = calloc(1, cli->verb->options_size + 1);
    return p->options;
}

static bool arguments_fit(const struct cg_cli *cli, struct cg_error *err)
{
    const struct cg_verb *verb = cli->verb;
    if (!verb)
        cg_error_set(err, "no verb given");
    else if (cli->nargs < verb->min_args)
        cg_error_set(err, "expected: certguard %s %s", verb->name, verb->arguments);
    else if (verb->max_args >= 0 && cli->nargs > verb->max_args)
        cg_error_set(err, "unexpected argument \"%s\"; expected: certguard %s %s", cli->args[verb->max_args],
                     verb->name, verb->arguments);
    else
        return true;
    return false;
}

/* environment: $CERTGUARD_DIR, or NULL. */
static bool name_folder(struct cg_cli *cli, const char *environment)
{
    const bool is_set = environment && strcmp(environment, cli->dir) == 0;
    cli->dir_word = cg_shell_word(cli->dir);
    if (!cli->dir_word ||
        asprintf(&cli->prefix, "certguard%s%s", is_set ? "" : " -C ", is_set ? "" : cli->dir_word) < 0)
        cli->prefix = NULL;
    return cli->prefix;
}

bool cg_cli_parse(struct cg_cli *cli, const struct cg_verb *const *verbs, void **options, int argc, char **argv,
                  struct cg_error *err)
{
    *cli = (struct cg_cli){.verbs = verbs};
    *options = NULL;
    const char *dir = getenv("CERTGUARD_DIR");
    const char *passphrase_file = getenv("CERTGUARD_PASSPHRASE_FILE");
    cli->dir = dir && *dir ? dir : "certguard-ca";
    cli->passphrase_file = passphrase_file && *passphrase_file ? passphrase_file : NULL;
    cli->now = cli->clock = (int64_t)time(NULL);
    struct parser p = {cli, NULL, calloc((size_t)argc + 1, sizeof *p.args), err};
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
    ok = name_folder(cli, dir) && ok;
    if (cli->at.given)
        cli->now = cli->at.value;
    if (!ok)
        return false;
    return cli->help || cli->version || arguments_fit(cli, err);
}

void cg_cli_free(struct cg_cli *cli, void *options)
{
    const struct cg_verb *verb = cli->verb;
    for (size_t i = 0; options && i < verb->options.count; i++) {
        const struct cg_option *option = &verb->options.option[i];
        if (option->type == CG_OPT_LIST || option->type == CG_OPT_FILES || option->type == CG_OPT_REASONS)
            free(((struct cg_list *)(void *)((char *)options + option->offset))->item);
    }
    free(options);
    free(cli->dir_word);
    free(cli->prefix);
    free((void *)(uintptr_t)cli->args);
}
