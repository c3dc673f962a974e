/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Prints the manual page or the completions of a shell, made from the tables of verbs and options:
 * certguard_pages man|bash|zsh|fish. It runs at build time; its output is installed. */
#include "core/base/reason.h"
#include "verb_table.h"

#include <stdio.h>
#include <string.h>

/* Calls print for each option of the verb (NULL: the global ones) from set number first up to last. */
static void each_option(const struct cg_verb *verb, size_t first, size_t last, void (*print)(const struct cg_option *))
{
    struct cg_option_set sets[CG_SETS];
    cg_option_sets(verb, sets);
    for (size_t s = first; s <= last; s++)
        for (size_t i = 0; i < sets[s].count; i++)
            print(&sets[s].option[i]);
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

static void print_words(const char *words)
{
    for (; words; words = after_bar(words))
        printf("%.*s ", (int)strcspn(words, "|"), words);
}

static void print_verbs(void)
{
    for (size_t i = 0; cg_verbs[i]; i++)
        printf("%s ", cg_verbs[i]->name);
}

static bool has_words(const struct cg_option *o)
{
    return o->type == CG_OPT_CHOICE || o->type == CG_OPT_REASONS;
}

/* The words that such an option accepts. */
static void print_option_words(const struct cg_option *o)
{
    if (o->type == CG_OPT_CHOICE)
        print_words(o->argument);
    for (int i = 0; o->type == CG_OPT_REASONS && i < CG_REASON_COUNT; i++)
        printf("%s ", cg_reason_row((enum cg_reason)i)->code);
}

static enum cg_word word_of(const struct cg_option *o)
{
    return is_file(o) ? CG_WORD_FILE : o->type == CG_OPT_FOLDER ? CG_WORD_FOLDER : CG_WORD_OTHER;
}

/* The keys of cg_setting_rows (ca/settings.h), which the test of this program compares. */
#define SETTINGS                                                                                                       \
    "passphrase_file organization key_type lifetime.broker lifetime.bridge lifetime.client crl_lifetime "              \
    "root_crl_lifetime reuse_key"

/* ---- manual ---- */

/* Escapes what roff interprets: backslash, hyphen, and a dot or quote at the start of a line. An empty line starts a
 * paragraph. */
static void roff(const char *text)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (text[0] == '\n' && text[1] == '\n') {
            fputs("\n.PP", stdout);
            text++;
        }
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        at_start = *text == '\n';
    }
}

static void man_option(const struct cg_option *o)
{
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

static void man_verb(const struct cg_verb *verb)
{
    printf(".SS \"certguard %s ", verb->name);
    roff(verb->arguments);
    printf("\"\n");
    roff(verb->summary);
    printf(".\n.PP\n");
    roff(verb->description);
    putchar('\n');
    each_option(verb, CG_SET_OWN, CG_SET_KEY, man_option);
    if (verb->exits) {
        printf(".PP\nExit codes: ");
        roff(verb->exits);
        printf("\n");
    }
    printf(".PP\n.nf\n.RS\n");
    roff(verb->examples);
    printf("\n.RE\n.fi\n");
}

static void man_terms(const char *const (*rows)[2], size_t count, char font)
{
    for (size_t i = 0; i < count; i++) {
        printf(".TP\n.%c ", font);
        roff(rows[i][0]);
        putchar('\n');
        roff(rows[i][1]);
        putchar('\n');
    }
}

static void man_environment(void)
{
    static const char *const ours[][2] = {
        {"CERTGUARD_DIR", "folder of the CA if -C is not given"},
        {"CERTGUARD_PASSPHRASE_FILE", "file with the passphrase of the CA key if neither --passphrase-file nor "
                                      "--passphrase-fd is given; it takes precedence over certguard.json"},
        {"NO_COLOR", "if set, no color on terminals"},
    };
    static const char *const hooks[][2] = {
        {"CERTGUARD_NAME", "the name that is deployed"},
        {"CERTGUARD_FOLDER", "the folder whose files changed"},
        {"CERTGUARD_CHANGED", "what changed since the hook last succeeded, one or more of the words certificate (with "
                              "its key and chain), ca "
                              "and crl, separated by blanks"},
        {"CERTGUARD_VERB",
         "the verb that runs the hook. certguard does not run hooks if it is set, so a hook may call it. If the hook "
         "itself changes files of the folder, for example by crl, it has to run again after each run"},
        {"CERTGUARD_SERIAL", "serial number of the live certificate, hexadecimal"},
        {"CERTGUARD_CONNECT", "HOST:PORT of --connect, if it is recorded"},
        {"CERTGUARD_DIR", "the folder of the CA"},
    };
    printf(".SH ENVIRONMENT\n");
    man_terms(ours, CG_COUNT(ours), 'B');
    printf(".PP\nA hook (option \\-\\-hook of deploy) gets these variables. Other variables of certguard are removed. "
           "If root works "
           "on the CA of another user, the hook gets that user's rights, and of root's variables only LANG and TZ.\n");
    man_terms(hooks, CG_COUNT(hooks), 'B');
}

static void man(void)
{
    printf(
        ".TH CERTGUARD 1 \"\" \"certguard %s\" \"User Commands\"\n.SH NAME\ncertguard \\- private CA for MQTT brokers, "
        "and the certificate checks of mosquitto_certguard\n.SH SYNOPSIS\n.B certguard\n[\\fIOPTIONS\\fR] \\fIVERB\\fR "
        "[\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n",
        CG_VERSION);
    roff("certguard runs a small certification authority (CA) for an MQTT broker and its clients. It also checks\n"
         "certificates exactly as the broker plugin mosquitto_certguard does. Messages go to standard error, results "
         "to\n"
         "standard output. With --json, standard output contains only JSON.\n");
    printf(".SH OPTIONS\n");
    each_option(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, man_option);
    printf(".SH VERBS\n");
    for (size_t i = 0; cg_verbs[i]; i++)
        man_verb(cg_verbs[i]);
    printf(".SH EXIT STATUS\n0 success; 1 failure; 3 findings (a rejected certificate, lint or doctor findings); "
           "64 wrong usage; 75 another run holds the lock (try again later);\n"
           "130 interrupted at a prompt.\n");
    printf(".SH FILES\n");
    static const char *const files[][2] = {
        {"ca.pem", "the trust anchor, for brokers and devices"},
        {"crl.pem, crl.der", "the certificate revocation lists"},
        {"live/NAME/", "privkey.pem, cert.pem, chain.pem, fullchain.pem: a link to the current generation in archive/"},
        {"index.txt, crlnumber", "the database, in the format of openssl ca"},
        {"certguard.json", "the settings of the CA: see certguard config"},
        {"deploy/NAME.json", "the folders where NAME is deployed, their hooks, and whether a hook has to run"},
        {"rotate/NAME.json", "the unfinished rotation of NAME, if there is one"},
        {"journal.jsonl", "every certificate issued or revoked, as one JSON object per line"},
        {"ca/key.pem", "the key of the CA; with an intermediate, the root's key is in root/key.pem"},
    };
    man_terms(files, CG_COUNT(files), 'I');
    man_environment();
    printf(".SH SEE ALSO\n.BR mosquitto_certguard (8),\n.BR certguard\\-policy (5),\n"
           ".BR certguard\\-events (5),\n.BR certguard\\-reasons (5),\n.BR certguard\\-control (5),\n.BR mosquitto "
           "(8),\n.BR mosquitto.conf (5),\n.BR openssl (1)\n");
}

/* ---- bash ---- */

/* The folder of -C may be written --directory=DIR: the shell splits that at the equals sign. Its words are as typed: only
 * quotes are removed, nothing is expanded. */
static const char bash_functions[] = "_certguard_names()\n{\n"
                                     "    local dir=${CERTGUARD_DIR:-certguard-ca} i\n"
                                     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                                     "        case ${COMP_WORDS[i]} in\n"
                                     "        -C | --directory)\n"
                                     "            [[ ${COMP_WORDS[i + 1]} != = ]] || i=$((i + 1))\n"
                                     "            dir=${COMP_WORDS[i + 1]} ;;\n"
                                     "        -C*) dir=${COMP_WORDS[i]#-C} ;;\n"
                                     "        esac\n"
                                     "    done\n"
                                     "    dir=${dir//[\\\"\\'\\\\]/}\n"
                                     "    [[ $dir != '~/'* ]] || dir=$HOME/${dir:2}\n"
                                     "    (CDPATH= cd -- \"$dir/live\" 2>/dev/null && compgen -f -- \"$cur\")\n"
                                     "}\n"
                                     "_certguard_types()\n{\n"
                                     "    case \" ${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n"
                                     "    *' broker '* | *' bridge '* | *' client '*) ;;\n"
                                     "    *) compgen -W 'broker bridge client' -- \"$cur\" ;;\n"
                                     "    esac\n"
                                     "}\n";

static const char *const bash_actions[] = {
    [CG_WORD_OTHER] = ":",
    [CG_WORD_FILE] = "compgen -f -- \"$cur\"",
    [CG_WORD_FOLDER] = "compgen -d -- \"$cur\"",
    [CG_WORD_NAME] = "_certguard_names",
    [CG_WORD_NAME_OR_FILE] = "_certguard_names; compgen -f -- \"$cur\"",
    [CG_WORD_TYPE] = "_certguard_types",
    [CG_WORD_VERB] = "compgen -W \"$verbs\" -- \"$cur\"",
    [CG_WORD_SETTING] = ("compgen -W '" SETTINGS "' -- \"$cur\""),
};

static void bash_value(const struct cg_option *o)
{
    if (!o->argument)
        return;
    printf("        --%s", o->name);
    if (o->letter)
        printf("|-%c", o->letter);
    printf(") mapfile -t COMPREPLY < <(");
    if (has_words(o)) {
        printf("compgen -W '");
        print_option_words(o);
        printf("' -- \"$cur\"");
    } else {
        printf("%s", bash_actions[word_of(o)]);
    }
    printf("); return ;;\n");
}

static void bash_name(const struct cg_option *o)
{
    printf("--%s ", o->name);
}

static void bash(void)
{
    printf("# completion of certguard for bash; generated from the option tables\n%s_certguard()\n{\n    local "
           "cur=${COMP_WORDS[COMP_CWORD]} "
           "prev=${COMP_WORDS[COMP_CWORD-1]} verb= word\n    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case $word in\n        ",
           bash_functions);
    for (size_t i = 0; cg_verbs[i]; i++)
        printf("%s%s", i ? "|" : "", cg_verbs[i]->name);
    printf(") verb=$word; break ;;\n        esac\n    done\n"
           "    [[ $cur != = ]] || cur=\n    [[ $prev != = ]] || prev=${COMP_WORDS[COMP_CWORD-2]}\n    local verbs='");
    print_verbs();
    printf("'\n    case $verb in\n");
    for (size_t i = 0; cg_verbs[i]; i++) {
        printf("    %s)\n        case $prev in\n", cg_verbs[i]->name);
        each_option(cg_verbs[i], CG_SET_OWN, CG_SET_GLOBAL, bash_value);
        printf("        esac\n        if [[ $cur == -* ]]; then\n            mapfile -t COMPREPLY < <(compgen -W '");
        each_option(cg_verbs[i], CG_SET_OWN, CG_SET_GLOBAL, bash_name);
        printf("' -- \"$cur\")\n        else\n            ");
        printf("mapfile -t COMPREPLY < <(%s)\n        fi ;;\n", bash_actions[cg_verbs[i]->completes]);
    }
    printf("    *)\n        case $prev in\n");
    each_option(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, bash_value);
    printf("        esac\n        mapfile -t COMPREPLY < <(compgen -W '");
    print_verbs();
    each_option(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, bash_name);
    printf("' -- \"$cur\") ;;\n    esac\n}\ncomplete -o filenames -F _certguard certguard\n");
}

/* ---- zsh ---- */

/* Escapes brackets and colons, which separate the fields of _arguments, and quotes. */
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

static const char zsh_functions[] = "_certguard_names()\n{\n    compadd -- ${~certguard_dir}/live/*(N:t)\n}\n"
                                    "_certguard_names_or_files()\n{\n    _certguard_names\n    _files\n}\n"
                                    "_certguard_verbs()\n{\n    compadd -- ${${verbs%%:*}}\n}\n";

static const char *const zsh_actions[] = {
    [CG_WORD_OTHER] = " ",
    [CG_WORD_FILE] = "_files",
    [CG_WORD_FOLDER] = "_files -/",
    [CG_WORD_NAME] = "_certguard_names",
    [CG_WORD_NAME_OR_FILE] = "_certguard_names_or_files",
    [CG_WORD_TYPE] = "(broker bridge client)",
    [CG_WORD_VERB] = "_certguard_verbs",
    [CG_WORD_SETTING] = ("(" SETTINGS ")"),
};

static void zsh_option(const struct cg_option *o)
{
    bool many = o->type == CG_OPT_LIST || o->type == CG_OPT_FILES || o->type == CG_OPT_REASONS;
    printf(" \\\n            '%s--%s[", many ? "*" : "", o->name);
    zsh_text(o->help);
    printf("]");
    if (o->argument) {
        printf(":");
        zsh_text(o->type == CG_OPT_CHOICE ? o->name : o->argument);
        printf(":%s", has_words(o) ? "(" : zsh_actions[word_of(o)]);
        if (has_words(o))
            print_option_words(o);
        printf("%s", has_words(o) ? ")" : "");
    }
    printf("'");
}

static void zsh_verb(const struct cg_verb *verb)
{
    printf("        %s) _arguments", verb->name);
    each_option(verb, CG_SET_OWN, CG_SET_GLOBAL, zsh_option);
    printf(" \\\n            '%s:", verb->completes == CG_WORD_TYPE ? "1" : "*");
    zsh_text(*verb->arguments ? verb->arguments : "none");
    printf(":%s' ;;\n", zsh_actions[verb->completes]);
}

static void zsh(void)
{
    printf("#compdef certguard\n# generated from the option tables\n%s_certguard()\n{\n    local context state line "
           "certguard_dir\n    typeset -A opt_args\n    local -a verbs=(",
           zsh_functions);
    for (size_t i = 0; cg_verbs[i]; i++) {
        printf("\n        '%s:", cg_verbs[i]->name);
        zsh_text(cg_verbs[i]->summary);
        printf("'");
    }
    printf(")\n    _arguments -C");
    each_option(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, zsh_option);
    printf(
        " \\\n            '-C[folder of the CA]:DIR:_files -/' \\\n            '1:verb:->verb' '*::argument:->rest'\n"
        "    certguard_dir=${opt_args[-C]:-${opt_args[--directory]:-${CERTGUARD_DIR:-certguard-ca}}}\n"
        "    case $state in\n    verb) _describe verb verbs ;;\n    rest)\n        case $line[1] in\n");
    for (size_t i = 0; cg_verbs[i]; i++)
        zsh_verb(cg_verbs[i]);
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

static const char fish_functions[] = "function __certguard_names\n"
                                     "    set -l dir certguard-ca\n"
                                     "    set -q CERTGUARD_DIR; and set dir $CERTGUARD_DIR\n"
                                     "    set -l words (commandline -opc)\n"
                                     "    for i in (seq (count $words))\n"
                                     "        switch $words[$i]\n"
                                     "            case -C --directory\n"
                                     "                set -q words[(math $i + 1)]; and set dir $words[(math $i + 1)]\n"
                                     "            case '--directory=*'\n"
                                     "                set dir (string replace -- --directory= '' $words[$i])\n"
                                     "            case '-C*'\n"
                                     "                set dir (string sub -s 3 -- $words[$i])\n"
                                     "        end\n"
                                     "    end\n"
                                     "    set dir (string replace -r '^~' $HOME -- $dir)\n"
                                     "    for name in $dir/live/*\n"
                                     "        string replace -r '.*/' '' -- $name\n"
                                     "    end\n"
                                     "end\n";

/* Without -f, fish adds files. */
static const char *const fish_actions[] = {
    [CG_WORD_OTHER] = "-f",
    [CG_WORD_FILE] = "-F",
    [CG_WORD_FOLDER] = "-f -a '(__fish_complete_directories)'",
    [CG_WORD_NAME] = "-f -a '(__certguard_names)'",
    [CG_WORD_NAME_OR_FILE] = "-F -a '(__certguard_names)'",
    [CG_WORD_TYPE] = "-f -a 'broker bridge client'",
    [CG_WORD_VERB] = "-f -a \"$certguard_verbs\"",
    [CG_WORD_SETTING] = ("-f -a '" SETTINGS "'"),
};

static const char *fish_verb; /* of the options that are printed; NULL: of every verb */

static void fish_option(const struct cg_option *o)
{
    printf("complete -c certguard");
    if (fish_verb)
        printf(" -n '__fish_seen_subcommand_from %s'", fish_verb);
    printf(" -l %s", o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    if (has_words(o)) {
        printf(" -x -a '");
        print_option_words(o);
        printf("'");
    } else if (o->argument) {
        printf(word_of(o) == CG_WORD_OTHER ? " -x" : " -r -F");
    }
    printf(" -d '");
    fish_text(o->help);
    printf("'\n");
}

static void fish(void)
{
    printf("# completion of certguard for fish; generated from the option tables\n%sset -l certguard_verbs '",
           fish_functions);
    print_verbs();
    printf("'\n");
    each_option(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, fish_option);
    for (size_t i = 0; cg_verbs[i]; i++) {
        fish_verb = cg_verbs[i]->name;
        printf("complete -c certguard -n __fish_use_subcommand -f -a %s -d '", fish_verb);
        fish_text(cg_verbs[i]->summary);
        printf("'\ncomplete -c certguard -n '__fish_seen_subcommand_from %s' %s\n", fish_verb,
               fish_actions[cg_verbs[i]->completes]);
        each_option(cg_verbs[i], CG_SET_OWN, CG_SET_KEY, fish_option);
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
