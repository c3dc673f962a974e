/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes, at build time, the manual page and the shell completions from the tables of verbs and options:
 * certguard_pages man|bash|zsh|fish. What it prints is installed. */
#include "verb_table.h"

#include <stdio.h>
#include <string.h>

struct option_set {
    const struct cg_option *options;
    size_t count;
};

/* What a verb takes: its own, those of the CA's key, those of every verb. */
static size_t sets_of(const struct cg_verb *verb, struct option_set sets[3])
{
    size_t n = 0;
    sets[n++] = (struct option_set){verb->options, verb->noptions};
    if (verb->needs_key)
        sets[n++] = (struct option_set){cg_key_options, cg_key_options_count};
    sets[n++] = (struct option_set){cg_global_options, cg_global_options_count};
    return n;
}

static bool is_file(const struct cg_option *o)
{
    return o->type == CG_OPT_FILE || o->type == CG_OPT_FILES;
}

static const char *after_bar(const char *words)
{
    const char *bar = strchr(words, '|');
    return bar ? bar + 1 : NULL;
}

/* ---- manual ---- */

/* In roff a backslash, a dot or quote at the start of a line, and a hyphen mean something else. */
static void roff(const char *text)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        at_start = *text == '\n';
    }
}

static void man_options(const struct option_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct cg_option *o = &set->options[i];
        printf(".TP\n\\fB");
        if (o->letter)
            printf("\\-%c\\fR, \\fB", o->letter);
        roff("--");
        roff(o->name);
        printf("\\fR");
        if (o->argument) {
            printf(" \\fI");
            roff(o->argument);
            printf("\\fR");
        }
        putchar('\n');
        roff(o->help);
        printf(".\n");
    }
}

static void man_paragraphs(const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        char part[4096];
        snprintf(part, sizeof part, "%.*s", (int)len, text);
        printf(".PP\n");
        roff(part);
        putchar('\n');
        text += len + (end ? 2 : 0);
    }
}

static void man_verb(const struct cg_verb *verb)
{
    const struct option_set own[] = {{verb->options, verb->noptions}, {cg_key_options, cg_key_options_count}};
    printf(".SS \"certguard %s ", verb->name);
    roff(verb->arguments);
    printf("\"\n");
    roff(verb->summary);
    printf(".\n");
    man_paragraphs(verb->description ? verb->description : "");
    man_options(&own[0]);
    if (verb->needs_key)
        man_options(&own[1]);
    if (verb->exits) {
        printf(".PP\nExit codes: ");
        roff(verb->exits);
        printf("\n");
    }
    printf(".PP\n.nf\n.RS\n");
    roff(verb->examples ? verb->examples : "");
    printf("\n.RE\n.fi\n");
}

static void man(void)
{
    const struct option_set global = {cg_global_options, cg_global_options_count};
    printf(
        ".TH CERTGUARD 1 \"\" \"certguard %s\" \"User Commands\"\n.SH NAME\ncertguard \\- private CA for MQTT brokers, "
        "and the checks of mosquitto_certguard\n.SH SYNOPSIS\n.B certguard\n[\\fIOPTIONS\\fR] \\fIVERB\\fR "
        "[\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n",
        CG_VERSION);
    roff(
        "certguard runs a small certification authority for an MQTT broker and its clients, and tells what the broker\n"
        "plugin mosquitto_certguard would say to a certificate. What is printed for people goes to standard error,\n"
        "results go to standard output, with --json as JSON alone.\n");
    printf(".SH OPTIONS\n");
    man_options(&global);
    printf(".SH VERBS\n");
    for (size_t i = 0; cg_verbs[i]; i++)
        man_verb(cg_verbs[i]);
    printf(".SH EXIT STATUS\n0 done or clean; 1 failed; 3 findings (a rejected certificate, lint or doctor findings); "
           "64 wrong usage; 75 another run holds the lock: try again later;\n"
           "130 interrupted at a question.\n");
    printf(".SH FILES\n");
    static const char *const files[][2] = {
        {"ca.pem", "the trust anchor, for brokers and devices"},
        {"crl.pem, crl.der", "the certificate revocation lists"},
        {"live/NAME/", "privkey.pem, cert.pem, chain.pem, fullchain.pem: links to the current generation in archive/"},
        {"index.txt, crlnumber", "the database, as openssl ca reads it"},
        {"deploy/NAME.json", "the folders where NAME is deployed"},
        {"rotate/NAME.json", "the rotation of NAME that waits for its proof, if one does"},
        {"journal.jsonl", "what was issued and revoked, a line of JSON each"},
        {"ca/key.pem", "the key of the CA; with an intermediate, root/key.pem is the root's"},
    };
    for (size_t i = 0; i < CG_COUNT(files); i++) {
        printf(".TP\n.I ");
        roff(files[i][0]);
        putchar('\n');
        roff(files[i][1]);
        putchar('\n');
    }
    printf(".SH ENVIRONMENT\n.TP\n.B CERTGUARD_DIR\nfolder of the CA, where \\-C is not given\n.TP\n.B NO_COLOR\nno "
           "colour on terminals\n.SH SEE ALSO\n.BR mosquitto_certguard (8),\n.BR certguard\\-policy (5),\n"
           ".BR certguard\\-events (5),\n.BR certguard\\-reasons (5),\n.BR certguard\\-control (5),\n.BR mosquitto "
           "(8),\n.BR mosquitto.conf (5),\n.BR openssl (1)\n");
}

/* ---- bash ---- */

static void print_words(const char *words)
{
    for (; words; words = after_bar(words))
        printf("%.*s ", (int)strcspn(words, "|"), words);
}

static void bash_values(const struct option_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct cg_option *o = &set->options[i];
        if (!o->argument)
            continue;
        printf("        --%s", o->name);
        if (o->letter)
            printf("|-%c", o->letter);
        printf(") ");
        if (o->type == CG_OPT_CHOICE) {
            printf("mapfile -t COMPREPLY < <(compgen -W '");
            print_words(o->argument);
            printf("' -- \"$cur\")");
        } else if (is_file(o))
            printf("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
        else if (o->type == CG_OPT_FOLDER)
            printf("mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
        else
            printf("COMPREPLY=()");
        printf("; return ;;\n");
    }
}

static void bash_names(const struct option_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        printf("--%s ", set->options[i].name);
}

static void bash(void)
{
    struct option_set sets[3];
    printf("# completion of certguard for bash; made from the tool's own tables\n_certguard()\n{\n    local "
           "cur=${COMP_WORDS[COMP_CWORD]} "
           "prev=${COMP_WORDS[COMP_CWORD-1]} verb= word\n    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case $word in\n        ");
    for (size_t i = 0; cg_verbs[i]; i++)
        printf("%s%s", i ? "|" : "", cg_verbs[i]->name);
    printf(") verb=$word; break ;;\n        esac\n    done\n    case $verb in\n");
    for (size_t i = 0; cg_verbs[i]; i++) {
        size_t n = sets_of(cg_verbs[i], sets);
        printf("    %s)\n        case $prev in\n", cg_verbs[i]->name);
        for (size_t k = 0; k < n; k++)
            bash_values(&sets[k]);
        printf("        esac\n        if [[ $cur == -* ]]; then\n            mapfile -t COMPREPLY < <(compgen -W '");
        for (size_t k = 0; k < n; k++)
            bash_names(&sets[k]);
        printf("' -- \"$cur\")\n        else\n            mapfile -t COMPREPLY < <(compgen -f -W '");
        if (strchr(cg_verbs[i]->arguments, '|') &&
            strcspn(cg_verbs[i]->arguments, " ") > strcspn(cg_verbs[i]->arguments, "|") &&
            cg_verbs[i]->arguments[0] >= 'a')
            for (const char *w = cg_verbs[i]->arguments; w; w = strcspn(w, "|") < strcspn(w, " ") ? after_bar(w) : NULL)
                printf("%.*s ", (int)strcspn(w, "| "), w);
        printf("' -- \"$cur\")\n        fi ;;\n");
    }
    printf("    *)\n        case $prev in\n");
    const struct option_set global = {cg_global_options, cg_global_options_count};
    bash_values(&global);
    printf("        esac\n        mapfile -t COMPREPLY < <(compgen -W '");
    for (size_t i = 0; cg_verbs[i]; i++)
        printf("%s ", cg_verbs[i]->name);
    bash_names(&global);
    printf("' -- \"$cur\") ;;\n    esac\n}\ncomplete -o filenames -F _certguard certguard\n");
}

/* ---- zsh ---- */

/* Brackets and colons part the fields of _arguments; a quote would end the word. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void zsh_options(const struct option_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct cg_option *o = &set->options[i];
        bool many = o->type == CG_OPT_LIST || o->type == CG_OPT_FILES;
        printf(" \\\n            '%s--%s[", many ? "*" : "", o->name);
        zsh_text(o->help);
        printf("]");
        if (o->argument) {
            printf(":");
            zsh_text(o->type == CG_OPT_CHOICE ? o->name : o->argument);
            printf(":");
            if (o->type == CG_OPT_CHOICE) {
                printf("(");
                print_words(o->argument);
                printf(")");
            } else if (is_file(o))
                printf("_files");
            else if (o->type == CG_OPT_FOLDER)
                printf("_files -/");
        }
        printf("'");
    }
}

static void zsh(void)
{
    struct option_set sets[3];
    const struct option_set global = {cg_global_options, cg_global_options_count};
    printf("#compdef certguard\n# made from the tool's own tables\n_certguard()\n{\n    local context state line\n    "
           "typeset -A opt_args\n    _arguments -C");
    zsh_options(&global);
    printf(" \\\n            '-C[folder of the CA]:DIR:_files -/' \\\n            '1:verb:->verb' "
           "'*::argument:->rest'\n    case $state "
           "in\n    verb)\n        local -a verbs=(");
    for (size_t i = 0; cg_verbs[i]; i++) {
        printf("\n            '%s:", cg_verbs[i]->name);
        zsh_text(cg_verbs[i]->summary);
        printf("'");
    }
    printf(")\n        _describe verb verbs ;;\n    rest)\n        case $line[1] in\n");
    for (size_t i = 0; cg_verbs[i]; i++) {
        size_t n = sets_of(cg_verbs[i], sets);
        printf("        %s) _arguments", cg_verbs[i]->name);
        for (size_t k = 0; k < n; k++)
            zsh_options(&sets[k]);
        printf(" \\\n            '*:");
        zsh_text(*cg_verbs[i]->arguments ? cg_verbs[i]->arguments : "none");
        printf(":_files' ;;\n");
    }
    printf("        esac ;;\n    esac\n}\n_certguard \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static void fish_options(const char *condition, const struct option_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct cg_option *o = &set->options[i];
        printf("complete -c certguard%s -l %s", condition, o->name);
        if (o->letter)
            printf(" -s %c", o->letter);
        if (o->type == CG_OPT_CHOICE) {
            printf(" -x -a '");
            print_words(o->argument);
            printf("'");
        } else if (o->argument)
            printf(is_file(o) || o->type == CG_OPT_FOLDER ? " -r -F" : " -x");
        printf(" -d '");
        fish_text(o->help);
        printf("'\n");
    }
}

static void fish(void)
{
    const struct option_set global = {cg_global_options, cg_global_options_count};
    char condition[160];
    printf("# completion of certguard for fish; made from the tool's own tables\n");
    fish_options("", &global);
    for (size_t i = 0; cg_verbs[i]; i++) {
        const struct option_set own = {cg_verbs[i]->options, cg_verbs[i]->noptions};
        const struct option_set key = {cg_key_options, cg_verbs[i]->needs_key ? cg_key_options_count : 0};
        printf("complete -c certguard -n __fish_use_subcommand -f -a %s -d '", cg_verbs[i]->name);
        fish_text(cg_verbs[i]->summary);
        printf("'\n");
        snprintf(condition, sizeof condition, " -n '__fish_seen_subcommand_from %s'", cg_verbs[i]->name);
        fish_options(condition, &own);
        fish_options(condition, &key);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } pages[] = {{"man", man}, {"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; argc == 2 && i < CG_COUNT(pages); i++)
        if (strcmp(argv[1], pages[i].name) == 0) {
            pages[i].print();
            return fflush(stdout) == 0 ? 0 : 1;
        }
    fprintf(stderr, "certguard_pages man|bash|zsh|fish\n");
    return 64;
}
