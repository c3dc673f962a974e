/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/secrets.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/tty.h"
#include "verb_table.h"
#include "verbs/verbs.h"

#include <signal.h>
#include <stdio.h>

static int run(const struct cg_cli *cli, const void *options)
{
    struct cg_error err = {""};
    if (cli->version)
        return cg_verb_version.run(cli, NULL);
    if (cli->help && cli->verb)
        cg_help_verb(cli->verb);
    else if (cli->help)
        cg_help_all(cg_verbs);
    else if (cli->verb->check && !cli->verb->check(cli, options, &err))
        return cg_usage(cli, "%s", err.text);
    else
        return cli->verb->run(cli, options);
    return CG_EXIT_OK;
}

int main(int argc, char **argv)
{
    struct cg_cli cli;
    struct cg_error err = {""};
    void *options = NULL;
    cg_secrets_guard();
    /* a closed pipe fails the write, and does not end the process in the middle of a change */
    signal(SIGPIPE, SIG_IGN);
    int code = cg_cli_parse(&cli, cg_verbs, &options, argc, argv, &err) ? run(&cli, options)
                                                                        : cg_usage(&cli, "%s", err.text);
    cg_progress_clear();
    if (fflush(stdout) != 0 && code == CG_EXIT_OK) {
        perror("certguard: standard output");
        code = CG_EXIT_FAILED;
    }
    cg_cli_free(&cli, options);
    return code;
}
