/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_options/ca_options.h"
#include "cli/print.h"
#include "core/cert/name.h"
#include "store/revoked.h"
#include "store/unpack.h"
#include "verbs.h"

#include <stdio.h>

struct run {
    const struct cg_cli *cli;
    struct cg_unpack_request request;
    struct cg_progress progress;
    size_t entries;
};

static void list_entry(const void *context, const char *name)
{
    (void)context;
    cg_print(stdout, "%s\n", name);
}

/* Opens the folder as init does. A dry run only checks. */
static int unpack(struct run *run, struct cg_ca *ca, bool dry_run, struct cg_error *err)
{
    struct cg_cli cli = *run->cli;
    cli.dry_run = dry_run;
    run->progress = cg_progress_of(run->cli, dry_run ? "checked" : "restored");
    run->request.progress = &run->progress;
    run->request.entry = run->cli->dry_run && !run->cli->json ? list_entry : NULL;
    const int code = cg_verb_open_ca(ca, &cli, CG_CA_CREATE, err);
    if (code != CG_EXIT_OK)
        return code;
    return cg_ca_unpack(ca, &run->request, &run->entries, err) ? CG_EXIT_OK : CG_EXIT_FAILED;
}

/* The number of a CRL that a broker has and the backup does not know, as text; "" for none. Free it with OPENSSL_free. */
static char *newer_crl(const struct cg_ca *ca)
{
    char path[PATH_MAX];
    X509_CRL *own = cg_crl_of(cg_ca_path(ca, path, "crl.pem"), ca->cert), *last = cg_crl_last(ca, "ca", ca->cert);
    BIGNUM *number = own ? cg_crl_number(own) : NULL, *newest = last ? cg_crl_number(last) : NULL;
    char *text = newest && (!number || BN_cmp(newest, number) > 0) ? BN_bn2hex(newest) : NULL;
    BN_free(number);
    BN_free(newest);
    X509_CRL_free(own);
    X509_CRL_free(last);
    return text;
}

static void say_next(const struct cg_cli *cli, const char *newer)
{
    if (newer)
        cg_warn(
            cli,
            "a folder of a broker has the CRL number %s, which is newer than the backup. Recover the revocations since "
            "then from it: %s crl --restore-index",
            newer, cli->prefix);
    else
        cg_say(
            cli,
            "Next: revoke again what was revoked after the backup was made, and write a new CRL:\n  %s crl\n"
            "If a broker refuses the number of this CRL, use crl --above NUMBER with the number that doctor reports.",
            cli->prefix);
    cg_say(cli, "Certificates that were issued after the backup are unknown to this CA. Issue them again.");
}

static int print_restored(struct cg_ca *ca, const struct run *run, struct cg_error *err)
{
    const struct cg_cli *cli = run->cli;
    char subject[512], path[PATH_MAX];
    cJSON *result = cg_json_of("file", run->request.file, "directory", cli->dir);
    cJSON_AddNumberToObject(result, "entries", (double)run->entries);
    if (cli->dry_run) {
        cg_say(cli, "Would restore %s to %s, %zu entries. Nothing was written.", run->request.file, cli->dir,
               run->entries);
        cg_result_of_run(cli, result);
        return CG_EXIT_OK;
    }
    ca->cert = cg_cert_load(cg_ca_path(ca, path, "ca/cert.pem"), err);
    if (!ca->cert) {
        cJSON_Delete(result);
        return CG_EXIT_FAILED;
    }
    char *newer = newer_crl(ca);
    cg_name_text(X509_get_subject_name(ca->cert), subject, sizeof subject);
    cg_json_add(result, "subject", subject, "newer_crl", newer);
    cg_say(cli, "Restored the CA %s to %s, %zu entries.", subject, cli->dir, run->entries);
    say_next(cli, newer);
    OPENSSL_free(newer);
    cg_result_of_run(cli, result);
    return CG_EXIT_OK;
}

/* Completes or discards what a killed run left. */
static int recover(struct cg_ca *ca, const struct cg_cli *cli, struct cg_error *err)
{
    snprintf(ca->dir, sizeof ca->dir, "%s", cli->dir);
    if (cli->dry_run || (!cg_ca_has(ca, "pending") && !cg_ca_has(ca, "stage")))
        return CG_EXIT_OK;
    const int code = cg_verb_open_ca(ca, cli, CG_CA_CREATE, err);
    cg_ca_close(ca);
    return code;
}

static int run(const struct cg_cli *cli, const void *values)
{
    (void)values;
    struct cg_error err = {""};
    struct cg_ca ca = {.lock = -1};
    struct run run = {.cli = cli, .request.file = cli->args[0]};
    int code = recover(&ca, cli, &err);
    if (code == CG_EXIT_OK)
        code = cg_unpack_has_room(cli->dir, &err) ? unpack(&run, &ca, true, &err) : CG_EXIT_FAILED;
    if (code == CG_EXIT_OK && !cli->dry_run) {
        cg_ca_close(&ca);
        code = unpack(&run, &ca, false, &err);
    }
    if (code == CG_EXIT_OK)
        code = print_restored(&ca, &run, &err);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_restore = {
    .name = "restore",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("FILE", 1, 1),
    .completes = CG_WORD_FILE,
    .summary = "restore the CA from a backup",
    .description =
        "Reads FILE, which certguard backup wrote, and creates the CA in the folder of -C, which must be empty or\n"
        "not exist. The whole archive is checked first, and the folder contains the complete CA or nothing, even\n"
        "if the run is stopped. An archive with anything that backup does not write, such as a name outside of\n"
        "the folder, is refused. The files belong to you, or to the owner of the empty folder if you are root.\n\n"
        "A backup does not know what happened after it was made. If a folder of a broker has a newer CRL, the\n"
        "result says so, and how to recover its revocations. With --dry-run, the names in the backup are listed.",
    .examples = "certguard -C /var/lib/certguard/ca restore /media/stick/ca-2026-11.tar\n"
                "certguard -n -C ca restore ca-2026-11.tar",
    .run = run,
};
