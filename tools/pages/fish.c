/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pages.h"
#include "verb_table.h"

#include <stdio.h>
#include <stdlib.h>

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

static void fish_offer(char *words, enum cg_word word)
{
    cg_page_offer(words, "-f -a '", "'", cg_actions[word].fish);
}

static const char *fish_verb; /* of the options that are printed; NULL: of every verb */

static void fish_option(const struct cg_option *o)
{
    printf("complete -c certguard");
    if (fish_verb)
        printf(" -n '__fish_seen_subcommand_from %s'", fish_verb);
    printf(" -l %s", o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    char *words = cg_words_of_option(o);
    if (words)
        printf(" -x -a '%s'", words);
    else if (o->argument)
        printf(cg_word_of(o) == CG_WORD_OTHER ? " -x" : " -r -F");
    free(words);
    printf(" -d '");
    fish_text(o->help);
    printf("'\n");
}

void cg_page_fish(void)
{
    printf("# completion of certguard for fish; generated from the option tables\n%sset -l certguard_verbs '",
           fish_functions);
    cg_page_verbs();
    printf("'\n");
    cg_page_options(NULL, CG_SET_GLOBAL, CG_SET_GLOBAL, fish_option);
    for (size_t i = 0; cg_verbs[i]; i++) {
        fish_verb = cg_verbs[i]->name;
        printf("complete -c certguard -n __fish_use_subcommand -f -a %s -d '", fish_verb);
        fish_text(cg_verbs[i]->summary);
        printf("'\ncomplete -c certguard -n '__fish_seen_subcommand_from %s' ", fish_verb);
        fish_offer(cg_words_of_argument(cg_verbs[i]->completes), cg_verbs[i]->completes);
        putchar('\n');
        cg_page_options(cg_verbs[i], CG_SET_OWN, CG_SET_KEY, fish_option);
    }
}
