/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renew_from.h"
#include "ca_options/passphrase.h"
#include "cli/output.h"
#include "device/steps.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_DEFAULT 20
#define TIMEOUT_MAX     3600

static const struct {
    const char *word; /* of --json */
    const char *text; /* before the folder */
    int exit;
} states[] = {
    [CG_DEVICE_FAILED] = {"failed", "", CG_EXIT_FAILED},
    [CG_DEVICE_LOCKED] = {"locked", "", CG_EXIT_LOCKED},
    [CG_DEVICE_NOT_DUE] = {"not_due", "Not due: the certificate in", CG_EXIT_OK},
    [CG_DEVICE_IS_DUE] = {"due", "Would renew, as it is due: the certificate in", CG_EXIT_OK},
    [CG_DEVICE_WAITING] = {"waiting", "Waiting for the CA: the request for", CG_EXIT_LOCKED},
    [CG_DEVICE_BUSY] = {"busy", "The broker is busy, and did not accept the request for", CG_EXIT_LOCKED},
    [CG_DEVICE_UNUSED] = {"unused", "The broker does not accept the new certificate yet. The current one stays in",
                          CG_EXIT_LOCKED},
    [CG_DEVICE_RENEWED] = {"renewed", "Renewed the certificate in", CG_EXIT_OK},
};

bool cg_renew_from_given(const struct cg_renew_from *from)
{
    return from->host || from->id || from->username || from->password_file || from->hook || from->timeout.given;
}

/* Rounded up: a run that is too early would wait once more. */
static const char *in_words(int64_t seconds, char out[CG_DURATION_TEXT])
{
    const int64_t unit = seconds > 2 * CG_DAY ? CG_DAY : seconds > 2 * 3600 ? 3600 : seconds > 120 ? 60 : 1;
    cg_duration_text((seconds + unit - 1) / unit * unit, out);
    return out;
}

static void say(const struct cg_cli *cli, const struct cg_device_outcome *outcome)
{
    char text[CG_DURATION_TEXT];
    if (outcome->added || outcome->dropped)
        cg_say(cli, "Trust anchors in %s/ca.pem: %u added, %u removed.", cli->args[0], outcome->added,
               outcome->dropped);
    if (outcome->warning.text[0])
        cg_warn(cli, "%s", outcome->warning.text);
    if (*states[outcome->state].text)
        cg_say(cli, "%s %s.%s%s", states[outcome->state].text, cli->args[0],
               outcome->seconds ? " Run the command again in " : "",
               outcome->seconds ? in_words(outcome->seconds, text) : "");
    if (outcome->state == CG_DEVICE_RENEWED)
        cg_say(cli, "  serial %s, valid until %s", outcome->serial, outcome->not_after);
}

static void report(const struct cg_cli *cli, const struct cg_device_outcome *outcome)
{
    cJSON *result = cg_json_of("folder", cli->args[0], "state", states[outcome->state].word, "serial", outcome->serial,
                               "not_after", outcome->not_after, "request",
                               outcome->request[0] ? outcome->request : NULL, "warning",
                               outcome->warning.text[0] ? outcome->warning.text : NULL, "hook_error",
                               outcome->hook.text[0] ? outcome->hook.text : NULL);
    cJSON_AddNumberToObject(result, "seconds", (double)outcome->seconds);
    cJSON_AddNumberToObject(result, "anchors_added", outcome->added);
    cJSON_AddNumberToObject(result, "anchors_removed", outcome->dropped);
    cg_result_of_run(cli, result);
}

static int renew(const struct cg_cli *cli, const struct cg_device_order *order)
{
    struct cg_device_outcome outcome;
    struct cg_error err = {""};
    cg_device_renew(order, &outcome, &err);
    say(cli, &outcome);
    if (outcome.hook.text[0])
        cg_warn(cli, "%s", outcome.hook.text);
    if (outcome.state == CG_DEVICE_FAILED || outcome.state == CG_DEVICE_LOCKED)
        return cg_fail(cli, states[outcome.state].exit, &err);
    report(cli, &outcome);
    return outcome.hook.text[0] ? CG_EXIT_FAILED : states[outcome.state].exit;
}

int cg_renew_from_run(const struct cg_cli *cli, const struct cg_renew_from *from, bool only_due)
{
    struct cg_error err = {""};
    char password[CG_PASSPHRASE_MAX] = "";
    const int64_t timeout = from->timeout.given ? from->timeout.value : TIMEOUT_DEFAULT;
    if (timeout < 1 || timeout > TIMEOUT_MAX)
        return cg_usage(cli, "--timeout: expected 1s to 1h");
    if (from->password_file && !cg_passphrase_of_file(from->password_file, "Password", password, &err))
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    const struct cg_device_order order = {
        .folder = cli->args[0],
        .target = {.host_port = from->host,
                   .id = from->id,
                   .username = from->username,
                   .password = from->password_file ? password : NULL,
                   .timeout_ms = timeout * 1000},
        .now = cli->now,
        .only_due = only_due,
        .dry_run = cli->dry_run,
        .hook = from->hook,
    };
    const int code = renew(cli, &order);
    OPENSSL_cleanse(password, sizeof password);
    return code;
}
