/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The question of a timer, answered by the exit code in the way that systemd's ExecCondition= wants. */
#include "ca_store.h"
#include "core/name.h"
#include "renewal.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DUE = 0, NOT_DUE = 1, NO_FILE = 2, FAULT = 255 };

/* A name of the CA wins over a file of that name, unless it is written as a path. */
static bool find_file(const struct cg_cli *cli, const char *what, char path[PATH_MAX])
{
    if (!strchr(what, '/')) {
        snprintf(path, PATH_MAX, "%s/live/%s/cert.pem", cli->dir, what);
        if (access(path, F_OK) == 0)
            return true;
    }
    snprintf(path, PATH_MAX, "%s", what);
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int run(const struct cg_cli *cli, const void *options)
{
    (void)options;
    struct cg_error err = {""};
    char path[PATH_MAX], due_text[32], end_text[32];
    int64_t due = 0, end = 0;
    if (!find_file(cli, cli->args[0], path)) {
        cg_error_set(&err, "%s: no such file, and the CA in %s has no such name", cli->args[0], cli->dir);
        return cg_fail(cli, NO_FILE, &err);
    }
    X509 *cert = cg_cert_load(path, &err);
    if (!cert)
        return cg_fail(cli, FAULT, &err);
    bool good = cg_renewal_due(cert, &due) && cg_time_seconds(X509_get0_notAfter(cert), &end);
    X509_free(cert);
    if (!good) {
        cg_error_set(&err, "%s: the dates of the certificate can't be read", path);
        return cg_fail(cli, FAULT, &err);
    }
    cg_time_text(due, due_text, sizeof due_text);
    cg_time_text(end, end_text, sizeof end_text);
    bool is_due = cli->now >= due;
    cg_say(cli, "%s: renewal %s %s; valid until %s", path, is_due ? "due since" : "not due before", due_text, end_text);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", path);
    cJSON_AddBoolToObject(object, "due", is_due);
    cJSON_AddStringToObject(object, "due_at", due_text);
    cJSON_AddStringToObject(object, "not_after", end_text);
    cg_result(cli, object);
    return is_due ? DUE : NOT_DUE;
}

const struct cg_verb cg_verb_needs_renewal = {
    .name = "needs-renewal",
    .group = CG_GROUP_LOOK,
    .arguments = "NAME|FILE",
    .summary = "say by the exit code whether a certificate is due for renewal",
    .description =
        "Due at two thirds of the certificate's life, at half of it where that is 10 days or less, and up to a\n"
        "twentieth later, by serial number, so that many renewals spread. Made for ExecCondition= of systemd.",
    .examples = "certguard needs-renewal broker.lan\n"
                "certguard needs-renewal /etc/mosquitto/certs/broker.crt\n"
                "ExecCondition=certguard needs-renewal broker.lan",
    .exits = "0 due, 1 not due, 2 no such name or file, 255 an error",
    .min_args = 1,
    .max_args = 1,
    .usage_exit = FAULT,
    .run = run,
};
