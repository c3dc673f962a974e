/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_cli.h"
#include "ca_passphrase.h"

static void say_waiting(const void *context, const char *holder, int64_t seconds)
{
    cg_say(context, "Waiting for another run of certguard%s to end, at most %lld s.", holder, (long long)seconds);
}

struct cg_ca_options cg_ca_options_of(const struct cg_cli *cli)
{
    return (struct cg_ca_options){.dir = cli->dir,
                                  .word = cli->dir_word,
                                  .what = cli->verb ? cli->verb->name : NULL,
                                  .now = cli->now,
                                  .now_is_given = cli->at.given,
                                  .dry_run = cli->dry_run,
                                  .wait_is_given = cli->wait.given,
                                  .wait = cli->wait.value,
                                  .waits = say_waiting,
                                  .context = cli,
                                  .passphrase = cg_passphrase_source_of(cli)};
}

int cg_ca_exit_code(enum cg_ca_result result)
{
    return result == CG_CA_OK ? CG_EXIT_OK : result == CG_CA_LOCKED ? CG_EXIT_LOCKED : CG_EXIT_FAILED;
}

int cg_verb_open_ca(struct cg_ca *ca, const struct cg_cli *cli, enum cg_ca_use use, struct cg_error *err)
{
    const struct cg_ca_options options = cg_ca_options_of(cli);
    return cg_ca_exit_code(cg_ca_open(ca, &options, use, err));
}
