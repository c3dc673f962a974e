/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store/backup.h"
#include "ca_options/ca_options.h"
#include "cli/tty.h"
#include "cli/values.h"
#include "verbs.h"

#include <stdlib.h>

static void print_backup(const struct cg_cli *cli, const char *target, const struct cg_backup_result *made)
{
    cJSON *result = cg_json_of("file", target);
    cJSON_AddNumberToObject(result, "entries", (double)made->entries);
    if (made->foreign)
        cg_warn(
            cli,
            "%zu link%s out of the folder, so the backup lacks what they name, and restore refuses it. Move the files "
            "into the folder",
            made->foreign, made->foreign == 1 ? " leads" : "s lead");
    if (cli->dry_run)
        cg_say(cli, "Would write a backup of %s to %s.", cli->dir, target);
    cg_result_of_run(cli, result);
    char *word = cg_shell_word(target);
    if (!cli->dry_run)
        cg_say(cli,
               "Wrote %s, %zu entries. It contains private keys: store it where nobody else can read it.\n"
               "To restore it: certguard -C NEW_FOLDER restore %s",
               target, made->entries, word ? word : "FILE");
    free(word);
}

static int run(const struct cg_cli *cli, const void *values)
{
    (void)values;
    struct cg_error err = {""};
    struct cg_ca ca;
    struct cg_backup_result made = {0};
    struct cg_progress progress = cg_progress_of(cli, "saved");
    int code = cg_verb_open_ca(&ca, cli, CG_CA_HOLD, &err);
    if (code == CG_EXIT_OK && !cg_ca_backup(&ca, cli->args[0], &progress, &made, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        print_backup(cli, cli->args[0], &made);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_backup = {
    .name = "backup",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("FILE", 1, 1),
    .completes = CG_WORD_FILE,
    .summary = "write the whole CA to a tar file",
    .description = "Writes the CA's folder, including the keys, to a new tar file that only you can read. Other runs "
                   "of\n"
                   "certguard wait until the backup is complete.",
    .examples = "certguard backup /media/stick/ca-2026-11.tar",
    .run = run,
};
