/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "names.h"
#include "cli/output.h"
#include "store/store.h"

#include <fnmatch.h>

bool cg_names_valid(const struct cg_cli *cli, struct cg_error *err)
{
    for (int i = 0; i < cli->nargs; i++)
        if (!cg_ca_name_valid(cli->args[i], err))
            return false;
    return true;
}

bool cg_names_match(const struct cg_cli *cli, const char *name)
{
    bool found = cli->nargs == 0;
    for (int i = 0; !found && i < cli->nargs; i++)
        found = fnmatch(cli->args[i], name, 0) == 0;
    return found;
}

void cg_names_begin(struct cg_names *names, const struct cg_cli *cli)
{
    *names = (struct cg_names){cli, cJSON_CreateArray(), cJSON_CreateArray(), cJSON_CreateArray(), CG_EXIT_OK, {""}};
}

void cg_names_note(struct cg_names *names, const char *name, int code, cJSON *result, const struct cg_error *err)
{
    if (code == CG_EXIT_OK) {
        cJSON_AddItemToArray(names->done, result);
        return;
    }
    cJSON_Delete(result);
    names->err = *err;
    names->code = names->code && names->code != code ? CG_EXIT_FAILED : code;
    if (names->cli->nargs > 1)
        cg_warn(names->cli, "%s: %s", name, err->text);
    cJSON_AddItemToArray(names->failed, cg_json_of("name", name, "error", err->text));
}

int cg_names_end(struct cg_names *names)
{
    const bool is_one = names->cli->nargs == 1;
    cJSON *result = is_one ? cJSON_DetachItemFromArray(names->done, 0) : cJSON_CreateObject();
    if (is_one && !result)
        cg_fail(names->cli, names->code, &names->err);
    cJSON_AddItemToObject(result, "hooks", names->hooks);
    if (is_one) {
        cJSON_Delete(names->done);
        cJSON_Delete(names->failed);
    } else {
        cJSON_AddItemToObject(result, "done", names->done);
        cJSON_AddItemToObject(result, "failed", names->failed);
    }
    if (result)
        cg_result_of_run(names->cli, result);
    else
        cJSON_Delete(names->hooks);
    return names->code;
}
