/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The exit codes are those that systemd's ExecCondition= expects. */
#include "ca/successor.h"
#include "ca_options/ca_options.h"
#include "core/cert/name.h"
#include "deploy/renewal.h"
#include "store/index.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DUE = 0, NOT_DUE = 1, NO_FILE = 2, FAULT = 255 };

struct options {
    bool all;
};

static const struct cg_option options[] = {
    {"all", NULL, "check all names of the CA", CG_OPT_FLAG, 0, AT(all)},
};

/* Without a slash, a name of the CA takes precedence over a file of that name. */
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

struct dates {
    int64_t due, end;
};

static bool read_dates(const char *path, int64_t now, struct dates *dates, struct cg_error *err)
{
    X509 *cert = cg_cert_load(path, err);
    bool ok = cert && cg_renewal_due(cert, now, &dates->due) && cg_time_seconds(X509_get0_notAfter(cert), &dates->end);
    if (cert && !ok)
        cg_error_set(err, "cannot read the dates of the certificate %s", path);
    X509_free(cert);
    return ok;
}

/* Returns an exit code and fills object, which may be NULL. */
static int report(const struct cg_cli *cli, const char *path, const struct dates *dates, bool unfinished, cJSON *object)
{
    char due_text[32], end_text[32];
    const bool is_due = cli->now >= dates->due;
    cg_time_text(dates->due, due_text, sizeof due_text);
    cg_time_text(dates->end, end_text, sizeof end_text);
    cg_say(cli, "%s: renewal %s %s; valid until %s%s", path, is_due ? "due since" : "not due before", due_text,
           end_text,
           unfinished ? "; due because the last renewal was not deployed to all folders, or a hook failed" : "");
    if (object) {
        cJSON_AddStringToObject(object, "file", path);
        cJSON_AddBoolToObject(object, "due", is_due || unfinished);
        cJSON_AddBoolToObject(object, "unfinished", unfinished);
        cg_json_add(object, "due_at", due_text, "not_after", end_text);
    }
    return is_due || unfinished ? DUE : NOT_DUE;
}

/* name: of the CA; NULL for a file, or if the CA cannot be read. */
static int check(const struct cg_cli *cli, const struct cg_ca *ca, const char *name, const char *path, cJSON *object,
                 struct cg_error *err)
{
    struct dates dates;
    if (!read_dates(path, cli->now, &dates, err))
        return FAULT;
    return report(cli, path, &dates, name && cg_renewal_is_unfinished(ca, name), object);
}

static int check_live(const struct cg_cli *quiet, const struct cg_ca *ca, const struct cg_live *live,
                      struct cg_error *err)
{
    char path[PATH_MAX];
    struct dates dates = {.end = live->end};
    cg_ca_path(ca, path, "live/%s/cert.pem", live->name);
    if (!cg_renewal_due_of(live, quiet->now, &dates.due) && !read_dates(path, quiet->now, &dates, err))
        return FAULT;
    const bool unfinished = ca->root && live->has_record && cg_renewal_is_unfinished(ca, live->name);
    if ((unfinished || quiet->now >= dates.due) && ca->root && cg_successor_is_live(ca, live->name))
        return NOT_DUE; /* its device renews it */
    return report(quiet, path, &dates, unfinished, NULL);
}

/* Due if at least one is. If none is due, a certificate that cannot be read is an error. */
static int check_all(const struct cg_cli *cli, struct cg_ca *ca, cJSON *result, struct cg_error *err)
{
    struct cg_cli quiet = *cli;
    struct cg_lives lives = {0};
    struct cg_serials revoked = {0};
    cJSON *due = cJSON_AddArrayToObject(result, "due");
    int code = NO_FILE;
    quiet.quiet = !cli->verbose;
    if (!cg_lives_load(&lives, ca, err))
        return FAULT;
    ca->revoked = cg_index_revoked(ca, &revoked, NULL) ? &revoked : NULL;
    for (size_t i = 0; i < lives.count; i++) {
        const int one = check_live(&quiet, ca, &lives.item[i], err);
        if (one == DUE)
            cJSON_AddItemToArray(due, cJSON_CreateString(lives.item[i].name));
        if (one == DUE || (code != DUE && code != FAULT))
            code = one;
    }
    ca->revoked = NULL;
    cg_serials_free(&revoked);
    cg_lives_free(&lives);
    if (code == NO_FILE)
        cg_error_set(err, "%s/live does not exist, or contains no name", cli->dir);
    else if (code != FAULT)
        cg_say(cli, "%d of the names in %s are due", cJSON_GetArraySize(due), cli->dir);
    return code;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_error err = {""}, ignored = {""};
    struct cg_ca ca;
    char path[PATH_MAX];
    bool is_name = false;
    int code = NO_FILE;
    if (o->all == (cli->nargs > 0))
        return cg_usage(cli, "expected a name of the CA, a file, or --all");
    cJSON *result = cJSON_CreateObject();
    const bool is_open = cg_verb_open_ca(&ca, cli, CG_CA_READ, &ignored) == CG_EXIT_OK;
    if (o->all)
        code = check_all(cli, &ca, result, &err);
    else if (find_file(cli, cli->args[0], path, &is_name))
        code = check(cli, &ca, is_name && is_open ? cli->args[0] : NULL, path, result, &err);
    else
        cg_error_set(&err, "%s is neither a file nor a name of the CA in %s", cli->args[0], cli->dir);
    cg_ca_close(&ca);
    if (code == DUE || code == NOT_DUE) {
        cg_result(cli, result);
        return code;
    }
    cJSON_Delete(result);
    return cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_needs_renewal = {
    .name = "needs-renewal",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("NAME|FILE|--all", 0, 1),
    .completes = CG_WORD_NAME_OR_FILE,
    .summary = "report by exit code whether a certificate is due for renewal",
    .description =
        "A certificate is due after two thirds of its lifetime, or after half of a lifetime of 10 days or less.\n"
        "Its serial number delays this by up to a twentieth of the lifetime, so that renewals spread over time.\n"
        "A name is also due if its last renewal was not deployed to all its folders, or if a hook has to run again.\n"
        "You can use this verb in ExecCondition= of a systemd unit.",
    .examples = "certguard needs-renewal broker.lan\n"
                "certguard -C /var/lib/certguard needs-renewal --all\n"
                "certguard needs-renewal /etc/mosquitto/certs/broker.crt\n"
                "ExecCondition=certguard needs-renewal broker.lan",
    .exits = "0 due (with --all: at least one), 1 not due, 2 no such name or file, 255 error",
    .usage_exit = FAULT,
    CG_OPTIONS(options, struct options),
    .run = run,
};
