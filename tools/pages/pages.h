/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The manual page and the completions of three shells, made from the tables of verbs and options. Everything is printed to
 * standard output. Called by main; *_man, *_bash, *_zsh and *_fish are in files of these names. */
#ifndef CG_PAGES_H
#define CG_PAGES_H

#include "cli/cli.h"

void cg_page_man(void);
void cg_page_bash(void);
void cg_page_zsh(void);
void cg_page_fish(void);

/* Calls print for each option of the verb (NULL: the global ones) from set number first up to last. */
void cg_page_options(const struct cg_verb *verb, size_t first, size_t last, void (*print)(const struct cg_option *));

/* The names of all verbs, with blanks. */
void cg_page_verbs(void);

/* ---- what a shell offers ---- */

/* In place of an argument or the value of an option that is no list of words. */
struct cg_action {
    const char *bash, *zsh, *fish;
};

extern const struct cg_action cg_actions[];              /* by enum cg_word */
enum cg_word cg_word_of(const struct cg_option *option); /* what its value names */

/* The words that are accepted, with blanks, malloc'ed; NULL: there is no list of them. */
char *cg_words_of_option(const struct cg_option *option);
char *cg_words_of_argument(enum cg_word word);

/* The words, which it frees, between before and after; without words, the action. */
void cg_page_offer(char *words, const char *before, const char *after, const char *action);

#endif
