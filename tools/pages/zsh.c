/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pages.h"
#include "verb_table.h"

#include <stdio.h>
#include <string.h>

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

static void zsh_offer(char *words, enum cg_word word)
{
    cg_page_offer(words, "(", ")", cg_actions[word].zsh);
}

static void zsh_option(const struct cg_option *o)
{
    bool many = o->type == CG_OPT_LIST || o->type == CG_OPT_FILES || o->type == CG_OPT_REASONS;
    printf(" \\\n            '%s--%s[", many ? "*" : "", o->name);
    zsh_text(o->help);
    printf("]");
    if (o->argument) {
        char *words = cg_words_of_option(o);
        putchar(':');
        zsh_text(words ? o->name : o->argument);
        putchar(':');
        zsh_offer(words, cg_word_of(o));
    }
    printf("'");
}

static void zsh_verb(const struct cg_verb *verb)
{
    printf("        %s) _arguments", verb->name);
    cg_page_options(verb, CG_SET_OWN, CG_SET_GLOBAL, zsh_option);
    printf(" \\\n            '%s:", verb->completes == CG_WORD_TYPE ? "1" : "*");
    zsh_text(*verb->arguments ? verb->arguments : "none");
    putchar(':');
    zsh_offer(cg_words_of_argument(verb->completes), verb->completes);
    printf("' ;;\n");
}

void cg_page_zsh(void)
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
    cg_page_options(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, zsh_option);
    printf(
        " \\\n            '-C[folder of the CA]:DIR:_files -/' \\\n            '1:verb:->verb' '*::argument:->rest'\n"
        "    certguard_dir=${opt_args[-C]:-${opt_args[--directory]:-${CERTGUARD_DIR:-certguard-ca}}}\n"
        "    case $state in\n    verb) _describe verb verbs ;;\n    rest)\n        case $line[1] in\n");
    for (size_t i = 0; cg_verbs[i]; i++)
        zsh_verb(cg_verbs[i]);
    printf("        esac ;;\n    esac\n}\n_certguard \"$@\"\n");
}
