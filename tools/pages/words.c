/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/settings.h"
#include "core/base/reason.h"
#include "pages.h"
#include "verb_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cg_page_options(const struct cg_verb *verb, size_t first, size_t last, void (*print)(const struct cg_option *))
{
    struct cg_option_set sets[CG_SETS];
    cg_option_sets(verb, sets);
    for (size_t s = first; s <= last; s++)
        for (size_t i = 0; i < sets[s].count; i++)
            print(&sets[s].option[i]);
}

void cg_page_verbs(void)
{
    for (size_t i = 0; cg_verbs[i]; i++)
        printf("%s ", cg_verbs[i]->name);
}

/* bash: a command. zsh: an action of _arguments. fish: options of complete, which adds files without -f. */
const struct cg_action cg_actions[] = {
    [CG_WORD_OTHER] = {":", " ", "-f"},
    [CG_WORD_FILE] = {"compgen -f -- \"$cur\"", "_files", "-F"},
    [CG_WORD_FOLDER] = {"compgen -d -- \"$cur\"", "_files -/", "-f -a '(__fish_complete_directories)'"},
    [CG_WORD_NAME] = {"_certguard_names", "_certguard_names", "-f -a '(__certguard_names)'"},
    [CG_WORD_NAME_OR_FILE] = {"_certguard_names; compgen -f -- \"$cur\"", "_certguard_names_or_files",
                              "-F -a '(__certguard_names)'"},
    [CG_WORD_TYPE] = {"_certguard_types", "(broker bridge client)", "-f -a 'broker bridge client'"},
    [CG_WORD_VERB] = {"compgen -W \"$verbs\" -- \"$cur\"", "_certguard_verbs", "-f -a \"$certguard_verbs\""},
    [CG_WORD_SETTING] = {":", " ", "-f"}, /* has words */
};

enum cg_word cg_word_of(const struct cg_option *option)
{
    const bool is_file = option->type == CG_OPT_FILE || option->type == CG_OPT_FILES;
    return is_file ? CG_WORD_FILE : option->type == CG_OPT_FOLDER ? CG_WORD_FOLDER : CG_WORD_OTHER;
}

/* ---- lists of words ---- */

static void put_choices(FILE *out, const char *words)
{
    for (; *words; words++)
        fputc(*words == '|' ? ' ' : *words, out);
}

static void put_reasons(FILE *out)
{
    for (int i = 0; i < CG_REASON_COUNT; i++)
        fprintf(out, "%s%s", i ? " " : "", cg_reason_row((enum cg_reason)i)->code);
}

static void put_settings(FILE *out)
{
    for (const struct cg_setting *row = cg_setting_rows; row->key; row++)
        fprintf(out, "%s%s", row == cg_setting_rows ? "" : " ", row->key);
}

char *cg_words_of_option(const struct cg_option *option)
{
    char *text = NULL;
    size_t len = 0;
    const bool is_choice = option->type == CG_OPT_CHOICE ||
                           (option->type == CG_OPT_LIST && strchr(option->argument, '|'));
    FILE *out = is_choice || option->type == CG_OPT_REASONS ? open_memstream(&text, &len) : NULL;
    if (!out)
        return NULL;
    if (is_choice)
        put_choices(out, option->argument);
    else
        put_reasons(out);
    fclose(out);
    return text;
}

char *cg_words_of_argument(enum cg_word word)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = word == CG_WORD_SETTING ? open_memstream(&text, &len) : NULL;
    if (!out)
        return NULL;
    put_settings(out);
    fclose(out);
    return text;
}

void cg_page_offer(char *words, const char *before, const char *after, const char *action)
{
    if (words)
        printf("%s%s%s", before, words, after);
    else
        printf("%s", action);
    free(words);
}
