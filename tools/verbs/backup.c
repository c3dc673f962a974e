/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "store/backup.h"
#include "ca_options/ca_options.h"
#include "verbs.h"

static void tell(const struct cg_cli *cli, const char *target, size_t files)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "file", target);
    cJSON_AddNumberToObject(result, "entries", (double)files);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    if (cli->dry_run)
        cg_say(cli, "Would write a backup of %s to %s.", cli->dir, target);
    cg_result(cli, result);
    if (!cli->dry_run)
        cg_say(cli,
               "Wrote %s, %zu entries. It holds private keys: keep it where nobody else reads.\n"
               "To restore: tar -xpf %s, then use certguard -C certguard-ca.",
               target, files, target);
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
        tell(cli, cli->args[0], files);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_backup = {
    .name = "backup",
    .group = CG_GROUP_CA,
    .arguments = "FILE",
    .summary = "write the whole CA to one tar file",
    .description = "Writes everything in the CA's folder, keys included, to a new tar file that only you can read. No "
                   "other run\n"
                   "changes the CA meanwhile.",
    .examples = "certguard backup /media/stick/ca-2026-11.tar",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
