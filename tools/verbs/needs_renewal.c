/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The question of a timer, answered by the exit code in the way that systemd's ExecCondition= wants. */
#include "ca_options/ca_options.h"
#include "core/cert/name.h"
#include "deploy/renewal.h"
#include "verbs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DUE = 0, NOT_DUE = 1, NO_FILE = 2, FAULT = 255 };

struct needs_renewal_options {
    bool all;
};

static const struct cg_option options[] = {
    {"all", NULL, "is any name of the CA due?", CG_OPT_FLAG, 0, offsetof(struct needs_renewal_options, all)},
};

/* A name of the CA wins over a file of that name, unless it is written as a path. */
static bool find_file(const struct cg_cli *cli, const char *what, char path[PATH_MAX], bool *is_name)
{
    *is_name = false;
    if (!strchr(what, '/')) {
        snprintf(path, PATH_MAX, "%s/live/%s/cert.pem", cli->dir, what);
        if ((*is_name = access(path, F_OK) == 0))
            return true;
    }
    snprintf(path, PATH_MAX, "%s", what);
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Is there one that can be read? Else the certificates alone decide. */
static bool open_ca(const struct cg_cli *cli, struct cg_ca *ca)
{
    struct cg_error unheard = {""};
    return cg_verb_open_ca(ca, cli, CG_CA_READ, &unheard) == CG_EXIT_OK;
}

/* One of the exit codes; *object gets what is known. ca: whose name it is, NULL for a file. */
static int ask(const struct cg_cli *cli, const struct cg_ca *ca, const char *name, const char *path, cJSON *object,
               struct cg_error *err)
{
    char due_text[32], end_text[32];
    int64_t due = 0, end = 0;
    X509 *cert = cg_cert_load(path, err);
    if (!cert)
        return FAULT;
    bool ok = cg_renewal_due(cert, cli->now, &due) && cg_time_seconds(X509_get0_notAfter(cert), &end);
    X509_free(cert);
    if (!ok) {
        cg_error_set(err, "%s: the dates of the certificate can't be read", path);
        return FAULT;
    }
    cg_time_text(due, due_text, sizeof due_text);
    cg_time_text(end, end_text, sizeof end_text);
    const bool unfinished = ca && cg_renewal_is_unfinished(ca, name, cli->now), is_due = cli->now >= due;
    cg_say(cli, "%s: renewal %s %s; valid until %s%s", path, is_due ? "due since" : "not due before", due_text,
           end_text, unfinished ? "; the last renewal is not deployed whole: due" : "");
    cJSON_AddStringToObject(object, "file", path);
    cJSON_AddBoolToObject(object, "due", is_due || unfinished);
    cJSON_AddBoolToObject(object, "unfinished", unfinished);
    cJSON_AddStringToObject(object, "due_at", due_text);
    cJSON_AddStringToObject(object, "not_after", end_text);
    return is_due || unfinished ? DUE : NOT_DUE;
}

static int ask_name(const struct cg_cli *cli, const char *name, const char *path, cJSON *object, struct cg_error *err)
{
    struct cg_ca ca;
    const bool known = open_ca(cli, &ca);
    const int code = ask(cli, known ? &ca : NULL, name, path, object, err);
    cg_ca_close(&ca);
    return code;
}

/* Due when one at least is. A certificate that can't be read is told, and decides where none is due. */
static int ask_all(const struct cg_cli *cli, cJSON *result, struct cg_error *err)
{
    struct cg_cli quiet = *cli;
    struct cg_ca ca;
    char folder[PATH_MAX - 512], path[PATH_MAX];
    struct dirent **entries = NULL;
    cJSON *due = cJSON_AddArrayToObject(result, "due");
    int code = NO_FILE, n = 0;
    const bool known = open_ca(cli, &ca);
    quiet.quiet = !cli->verbose;
    snprintf(folder, sizeof folder, "%s/live", cli->dir);
    n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        cJSON *object = cJSON_CreateObject();
        int one = NO_FILE;
        snprintf(path, sizeof path, "%s/%s/cert.pem", folder, name);
        if (name[0] != '.')
            one = ask(&quiet, known ? &ca : NULL, name, path, object, err);
        if (one == DUE)
            cJSON_AddItemToArray(due, cJSON_CreateString(name));
        if (one == DUE || (one != NO_FILE && code != DUE && code != FAULT))
            code = one;
        cJSON_Delete(object);
        free(entries[i]);
    }
    free(entries);
    cg_ca_close(&ca);
    if (code == NO_FILE)
        cg_error_set(err, "%s: no such folder, or no name in it", folder);
    else if (code != FAULT)
        cg_say(cli, "%d of the names in %s are due for renewal", cJSON_GetArraySize(due), cli->dir);
    return code;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct needs_renewal_options *o = values;
    struct cg_error err = {""};
    char path[PATH_MAX];
    bool is_name = false;
    int code = NO_FILE;
    if (o->all == (cli->nargs > 0))
        return cg_usage(cli, "which certificate? expected a name of the CA or a file, or --all");
    cJSON *result = cJSON_CreateObject();
    if (o->all)
        code = ask_all(cli, result, &err);
    else if (find_file(cli, cli->args[0], path, &is_name))
        code = is_name ? ask_name(cli, cli->args[0], path, result, &err) : ask(cli, NULL, NULL, path, result, &err);
    else
        cg_error_set(&err, "%s: no such file, and the CA in %s has no such name", cli->args[0], cli->dir);
    if (code == DUE || code == NOT_DUE) {
        cg_result(cli, result);
        return code;
    }
    cJSON_Delete(result);
    return cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_needs_renewal = {
    .name = "needs-renewal",
    .group = CG_GROUP_LOOK,
    .arguments = "NAME|FILE|--all",
    .summary = "say by the exit code whether a certificate is due for renewal",
    .description =
        "Due at two thirds of the certificate's life, at half of it where that is 10 days or less, and up to a\n"
        "twentieth later, by serial number, so that many renewals spread. A name is due too when its last renewal did\n"
        "not get to all folders that it is deployed to. Made for ExecCondition= of systemd.",
    .examples = "certguard needs-renewal broker.lan\n"
                "certguard -C /var/lib/certguard needs-renewal --all\n"
                "certguard needs-renewal /etc/mosquitto/certs/broker.crt\n"
                "ExecCondition=certguard needs-renewal broker.lan",
    .exits = "0 due (with --all: one at least), 1 not due, 2 no such name or file, 255 an error",
    .min_args = 0,
    .max_args = 1,
    .usage_exit = FAULT,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct needs_renewal_options),
    .run = run,
};
