/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store/backup.h"
#include "ca_options/ca_options.h"
#include "cli/values.h"
#include "verbs.h"

#include <stdlib.h>

static void print_backup(const struct cg_cli *cli, const char *target, size_t files)
{
    cJSON *result = cg_json_of("file", target);
    cJSON_AddNumberToObject(result, "entries", (double)files);
    if (cli->dry_run)
        cg_say(cli, "Would write a backup of %s to %s.", cli->dir, target);
    cg_result_of_run(cli, result);
    char *word = cg_shell_word(target);
    if (!cli->dry_run)
        cg_say(cli,
               "Wrote %s, %zu entries. It contains private keys: store it where nobody else can read it.\n"
               "To restore it, run tar -xpf %s, and use the folder certguard-ca with -C.",
               target, files, word ? word : "FILE");
    free(word);
}

static int run(const struct cg_cli *cli, const void *values)
{
    (void)values;
    struct cg_error err = {""};
    struct cg_ca ca;
    size_t files = 0;
    int code = cg_verb_open_ca(&ca, cli, CG_CA_HOLD, &err);
    if (code == CG_EXIT_OK && !cg_ca_backup(&ca, cli->args[0], &files, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        print_backup(cli, cli->args[0], files);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_backup = {
    .name = "backup",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("FILE", 1, 1),
    .summary = "write the whole CA to a tar file",
    .description = "Writes the CA's folder, including the keys, to a new tar file that only you can read. Other runs "
                   "of\n"
                   "certguard wait until the backup is complete.",
    .examples = "certguard backup /media/stick/ca-2026-11.tar",
    .run = run,
};
