/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The scenario table in the tool: "certguard check --json" must return the plugin's verdict. $CG_TOOL names the tool. */
#include "lib/broker.h"
#include "lib/tap.h"
#include "row.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define NOW INT64_C(1800000000)

#define EXIT_ACCEPT 0
#define EXIT_REJECT 3

/* Returns the JSON object from standard output, or NULL. */
static cJSON *run_tool(const struct cg_scenario *row, const char *folder, int *code)
{
    char command[2048], at[32], output[16384];
    struct tm tm;
    time_t now = (time_t)NOW;
    const char *tool = getenv("CG_TOOL");
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    snprintf(command, sizeof command, "'%s' check --json --at %s --policy '%s/policy.json' --purpose %s %s %s '%s/%s'",
             tool ? tool : "certguard", at, folder, row->purpose == CG_PURPOSE_SERVER ? "server" : "client",
             row->host ? "--host" : "", row->host ? row->host : "", folder, "leaf.pem");
    FILE *pipe = popen(command, "re");
    size_t len = pipe ? fread(output, 1, sizeof output - 1, pipe) : 0;
    int status = pipe ? pclose(pipe) : -1;
    output[len] = '\0';
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return cJSON_Parse(output);
}

static const char *member(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static void run(const struct cg_scenario *row, const struct cg_broker *broker)
{
    const char *folder = cg_broker_folder(broker);
    struct cg_pki *pki = cg_row_pki(row, NOW);
    cg_row_write(row, pki, broker);
    cg_pki_make(pki, cg_row_recipe(row));
    cg_pki_write(pki, folder, "leaf.pem", cg_row_send(row));
    int code;
    cJSON *answer = run_tool(row, folder, &code);
    bool ok = answer && code == (row->expect == CG_REASON_OK ? EXIT_ACCEPT : EXIT_REJECT) &&
              strcmp(member(answer, "reason"), cg_reason_row(row->expect)->code) == 0;
    if (row->expect != CG_REASON_OK && row->words)
        ok = ok && strstr(member(answer, "detail"), row->words);
    cg_tap(ok, "%s", row->sentence);
    if (!ok)
        cg_tap_note("exit code %d, reason '%s', %s", code, member(answer, "reason"), member(answer, "detail"));
    cJSON_Delete(answer);
    cg_pki_free(pki);
}

int main(void)
{
    struct cg_broker *broker = cg_broker_new("tool"); /* not started: only its folder is used */
    for (size_t i = 0; cg_scenario_at(i); i++) {
        const struct cg_scenario *row = cg_scenario_at(i);
        /* the tool checks certificates, so it cannot run a row without one */
        if (!(row->not_in & CG_NOT_CORE) && *cg_row_send(row))
            run(row, broker);
    }
    int failed = cg_tap_done();
    cg_broker_free(broker, failed);
    return failed;
}
