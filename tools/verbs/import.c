/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "cli/findings.h"
#include "cli/print.h"
#include "core/cert/name.h"
#include "import/database.h"
#include "import/plan_check.h"
#include "import/report.h"
#include "verbs.h"

#include <stdio.h>
#include <sys/stat.h>

struct options {
    const char *ca_file, *key_uri;
    bool renew_ca, no_passphrase;
};

static const struct cg_option options[] = {
    {"ca", "FILE", "certificate of the CA to import, if the folder contains several CAs", CG_OPT_FILE, 0, AT(ca_file)},
    {"key", "URI", "the CA key is at this URI (pkcs11:..., file:...) and stays there", CG_OPT_STRING, 0, AT(key_uri)},
    {"renew-ca", NULL, "issue a new CA certificate with the same key and name, if the old one is defective",
     CG_OPT_FLAG, 0, AT(renew_ca)},
    {"no-passphrase", NULL, "store the CA key unencrypted; anyone who can read it can issue certificates", CG_OPT_FLAG,
     0, AT(no_passphrase)},
};

static bool write_ca(const struct cg_cli *cli, const struct cg_import_request *import, const struct options *o,
                     struct cg_error *err)
{
    struct cg_progress progress;
    struct cg_import_request a = *import;
    /* a key at a URI needs no passphrase, unless the key of its root is imported too */
    bool needed = !o->key_uri || a.scan->root_key;
    struct cg_settings settings;
    if (needed && !o->no_passphrase &&
        !(a.passphrase = cg_passphrase(cli, "New passphrase for the CA key", !a.scan->key_was_sealed, err)))
        return false;
    progress = cg_progress_of(cli, "imported");
    a.progress = &progress;
    a.settings = &settings;
    const bool ok = cg_settings_load(&settings, a.ca->dir, err) &&
                    (o->no_passphrase || cg_passphrase_remember(cli, &settings, err)) && cg_import_write(&a, err);
    cg_settings_free(&settings);
    return ok;
}

static void print_counts(const struct cg_cli *cli, const struct cg_import_request *a, const char *subject,
                         cJSON *result)
{
    const struct cg_import_plan *plan = a->plan;
    size_t revoked = 0, expired = 0, live = 0;
    char *number = BN_bn2hex(plan->number);
    for (size_t i = 0; i < plan->count; i++) {
        const struct cg_import_row *row = &plan->row[i];
        revoked += row->status == 'R';
        expired += row->status != 'R' && row->expires < cli->now;
        live += row->newest;
    }
    cJSON_AddNumberToObject(result, "certificates", (double)plan->count);
    cJSON_AddNumberToObject(result, "revoked", (double)revoked);
    cJSON_AddNumberToObject(result, "expired", (double)expired);
    cJSON_AddNumberToObject(result, "live", (double)live);
    cJSON_AddStringToObject(result, "crl_number", number ? number : "");
    OPENSSL_free(number);
    cg_say(cli, "%s %s from %s: %zu certificate%s, %zu revoked, %zu expired; %zu name%s under live/.",
           cli->dry_run ? "Would import" : "Imported", subject, a->scan->cert_file, plan->count, cg_plural(plan->count),
           revoked, expired, live, cg_plural(live));
}

static void print_result(const struct cg_cli *cli, const struct cg_import_request *a, const struct options *o,
                         cJSON *result)
{
    char subject[512];
    cg_name_text(X509_get_subject_name(a->ca->cert), subject, sizeof subject);
    print_counts(cli, a, subject, result);
    cg_json_add(result, "subject", subject, "source", a->source, "directory", cli->dir);
    if (a->plan->reused)
        cg_warn(cli, "%zu serial number%s used for two certificates: revoking one revokes both", a->plan->reused,
                a->plan->reused == 1 ? " is" : "s are");
    if (a->scan->root_key_file && !a->scan->root_key)
        cg_say(cli, "%s was not opened. It seems to be the root key; it %s copied, still encrypted, to root/key.pem.",
               a->scan->root_key_file, cli->dry_run ? "would be" : "was");
    if (cg_ca_is_two_tier(a->ca) && !cli->dry_run && !cg_ca_has(a->ca, "root/crl.pem"))
        cg_warn(cli, "the root's CRL is missing; write one with the root key: %s crl --root", cli->prefix);
    if (o->no_passphrase)
        cg_warn(cli, CG_KEY_IS_OPEN, cli->dir);
    if (!cli->dry_run)
        cg_say(
            cli,
            "%s was not changed and still contains the CA key. Once the new CA works, move it to removable media and "
            "store it safely.\n"
            "Next: check the imported certificates with %s list, and copy the new %s/crl.pem%s to the brokers.",
            a->source, cli->prefix, cli->dir, o->renew_ca ? " and ca.pem" : "");
    cg_result_of_run(cli, result);
}

/* If another user owns the CA, the source is read with the rights of the source's owner: a link in it must not copy files that
 * this owner cannot read. */
static struct cg_ca_owner reader(const struct cg_ca *ca, const char *folder)
{
    struct stat st;
    return ca->owner.other && stat(folder, &st) == 0 ? cg_owner_of(folder, &st) : (struct cg_ca_owner){0};
}

static void say_skipped(const void *context, const char *why)
{
    cg_detail(context, "skipped %s", why);
}

static bool find_ca(const struct cg_cli *cli, const struct cg_import_scan_request *request, struct cg_import_scan *scan,
                    struct cg_error *err)
{
    if (!cg_import_scan_folder(scan, request, err) || !cg_import_choose_database(scan, err))
        return false;
    if (scan->step)
        cg_warn(
            cli,
            "%s: certguard cannot read this database of step-ca, so certificates that step-ca revoked are accepted "
            "again. Set \"crl\": {\"enabled\": true} in ca.json, save the CRL from /1.0/crl of its address into the "
            "folder and import again; or add the revoked certificates to the folder and revoke them after the import",
            scan->step);
    return true;
}

static bool take_ca(const struct cg_cli *cli, struct cg_ca *ca, const struct cg_import_scan *scan,
                    const struct options *o, struct cg_error *err)
{
    bool keeps_serial = false;
    const bool ok = cg_import_check_ca(ca, scan, o->renew_ca, &keeps_serial, err);
    if (keeps_serial)
        cg_warn(cli,
                "the new CA certificate has the serial number of the old one, because the issued certificates refer "
                "to it; do not distribute both");
    return ok;
}

static bool read_source(const struct cg_cli *cli, struct cg_ca *ca, struct cg_import_request *a,
                        struct cg_import_scan *scan, struct cg_import_plan *plan, const struct options *o,
                        struct cg_error *err)
{
    struct cg_progress progress = cg_progress_of(cli, "read");
    const struct cg_import_scan_request request = {.folder = a->source,
                                                   .wanted = o->ca_file,
                                                   .key_uri = o->key_uri,
                                                   .now = cli->now,
                                                   .passphrase = ca->options.passphrase,
                                                   .skipped = say_skipped,
                                                   .context = cli,
                                                   .progress = &progress};
    const struct cg_file_user before = cg_owner_outside();
    a->from = reader(ca, a->source);
    cg_owner_assume(&a->from);
    const bool ok = find_ca(cli, &request, scan, err) && take_ca(cli, ca, scan, o, err) &&
                    cg_import_plan_make(plan, scan, err) && cg_import_key_is_sound(scan, plan, err);
    cg_owner_back(before);
    return ok;
}

/* ---- the report: findings, and a grade for each name */

struct grades {
    const struct cg_cli *cli;
    cJSON *findings, *names; /* in the result */
    size_t bad;              /* errors, and names to replace */
};

static void show_finding(void *context, const struct cg_lint_finding *finding, bool is_of_ca)
{
    struct grades *grades = context;
    struct cg_found found = cg_lint_found(finding);
    cJSON_AddItemToArray(grades->findings, cg_found_json(&found));
    grades->bad += found.row->severity == CG_LINT_ERROR;
    if (grades->cli->json || !is_of_ca)
        return;
    found.file = found.file[0] ? found.file : "the CA";
    cg_found_print(&found);
}

static void show_grade(void *context, const char *name, enum cg_import_grade grade, const char *why)
{
    static const struct {
        const char *word;
        enum cg_colour colour;
    } words[] = {{"good", CG_GREEN}, {"fix", CG_YELLOW}, {"replace", CG_RED}};
    struct grades *grades = context;
    cJSON_AddItemToArray(grades->names, cg_json_of("name", name, "grade", words[grade].word, "why", why));
    grades->bad += grade == CG_GRADE_REPLACE;
    if (!grades->cli->json) {
        cg_print_in(stdout, words[grade].colour, "%-8s", words[grade].word);
        cg_print(stdout, " %-24s %s\n", name, why);
    }
}

static bool show_grades(const struct cg_cli *cli, const struct cg_import_request *import, cJSON *result, size_t *bad,
                        struct cg_error *err)
{
    struct grades grades = {.cli = cli};
    grades.findings = cJSON_AddArrayToObject(result, "findings");
    grades.names = cJSON_AddArrayToObject(result, "names");
    const struct cg_import_report_visitor visitor = {show_finding, show_grade, &grades};
    const bool ok = cg_import_report(import, &visitor, err);
    *bad = grades.bad;
    return ok;
}

static int import(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    const struct options *o = context;
    size_t bad = 0;
    struct cg_import_scan scan = {0};
    struct cg_import_plan plan = {0};
    cJSON *result = cJSON_CreateObject();
    struct cg_import_request import = {
        .ca = ca, .scan = &scan, .plan = &plan, .key_uri = o->key_uri, .source = cli->args[0]};
    bool ok = read_source(cli, ca, &import, &scan, &plan, o, err) && (cli->dry_run || write_ca(cli, &import, o, err)) &&
              show_grades(cli, &import, result, &bad, err);
    if (ok)
        print_result(cli, &import, o, result);
    else
        cJSON_Delete(result);
    cg_import_plan_free(&plan);
    cg_import_scan_free(&scan);
    return !ok ? CG_EXIT_FAILED : cli->dry_run && bad ? CG_EXIT_FINDINGS : CG_EXIT_OK;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct options o = *(const struct options *)values;
    return cg_verb_with_ca(cli, CG_CA_CREATE, import, &o);
}

const struct cg_verb cg_verb_import = {
    .name = "import",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("FOLDER", 1, 1),
    .completes = CG_WORD_FOLDER,
    .summary = "import a CA made with openssl or easy-rsa",
    .description =
        "Reads FOLDER (made by hand as in a tutorial, by `openssl ca`, or by easy-rsa) and finds the CA and its\n"
        "key by the contents of the files. It creates a CA in the folder of -C: index, journal, certificates\n"
        "with their keys, and a CRL whose number follows the last one. FOLDER is not changed. Revoked\n"
        "certificates stay revoked.\n\n"
        "The report grades every imported certificate with the plugin's checks and with lint, and shows what to\n"
        "replace and how. A CA is not imported if its key is too small or if the plugin would refuse its\n"
        "certificates. The error gives the reason.",
    .examples = "certguard -C ca -n import /root/MiCA\n"
                "certguard -C ca import /etc/easy-rsa/pki\n"
                "certguard -C ca import demoCA --renew-ca --passphrase-file /root/ca-passphrase",
    .exits = "0 imported (with --dry-run: nothing needs to be replaced), 1 failure, 3 with --dry-run: the CA can be "
             "imported, but has errors or certificates to replace, 64 wrong usage, 75 another run holds the lock (try "
             "again later)",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .run = run,
};
