/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cli/help.h"
#include "verbs.h"

static int run(const struct cg_cli *cli, const void *options)
{
    (void)options;
    struct cg_error err = {""};
    const struct cg_verb *verb = cli->nargs ? cg_verb_find(cli->verbs, cli->args[0], &err) : NULL;
    if (cli->nargs && !verb)
        return cg_usage(cli, "%s", err.text);
    if (verb)
        cg_help_verb(verb);
    else
        cg_help_all(cli->verbs);
    return CG_EXIT_OK;
}

const struct cg_verb cg_verb_help = {
    .name = "help",
    .group = CG_GROUP_HELP,
    CG_ARGUMENTS("[VERB]", 0, 1),
    .completes = CG_WORD_VERB,
    .summary = "show all verbs, or the options and examples of one",
    .description = "The same as certguard --help, or certguard VERB --help.",
    .examples = "certguard help\ncertguard help issue",
    .run = run,
};
