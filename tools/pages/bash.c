/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pages.h"
#include "verb_table.h"

#include <stdio.h>

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

static void bash_offer(char *words, enum cg_word word)
{
    cg_page_offer(words, "compgen -W '", "' -- \"$cur\"", cg_actions[word].bash);
}

static void bash_value(const struct cg_option *o)
{
    if (!o->argument)
        return;
    printf("        --%s", o->name);
    if (o->letter)
        printf("|-%c", o->letter);
    printf(") mapfile -t COMPREPLY < <(");
    bash_offer(cg_words_of_option(o), cg_word_of(o));
    printf("); return ;;\n");
}

static void bash_name(const struct cg_option *o)
{
    printf("--%s ", o->name);
}

void cg_page_bash(void)
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
    cg_page_verbs();
    printf("'\n    case $verb in\n");
    for (size_t i = 0; cg_verbs[i]; i++) {
        printf("    %s)\n        case $prev in\n", cg_verbs[i]->name);
        cg_page_options(cg_verbs[i], CG_SET_OWN, CG_SET_GLOBAL, bash_value);
        printf("        esac\n        if [[ $cur == -* ]]; then\n            mapfile -t COMPREPLY < <(compgen -W '");
        cg_page_options(cg_verbs[i], CG_SET_OWN, CG_SET_GLOBAL, bash_name);
        printf("' -- \"$cur\")\n        else\n            ");
        printf("mapfile -t COMPREPLY < <(");
        bash_offer(cg_words_of_argument(cg_verbs[i]->completes), cg_verbs[i]->completes);
        printf(")\n        fi ;;\n");
    }
    printf("    *)\n        case $prev in\n");
    cg_page_options(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, bash_value);
    printf("        esac\n        mapfile -t COMPREPLY < <(compgen -W '");
    cg_page_verbs();
    cg_page_options(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, bash_name);
    printf("' -- \"$cur\") ;;\n    esac\n}\ncomplete -o filenames -F _certguard certguard\n");
}
