/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "cli/print.h"
#include "core/cert/name.h"
#include "import/database.h"
#include "import/plan_check.h"
#include "import/report.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct import_options {
    const char *ca_file, *key_uri;
    bool renew_ca, no_passphrase;
};

#define AT(field) offsetof(struct import_options, field)

static const struct cg_option options[] = {
    {"ca", "FILE", "the CA's certificate, where the folder holds several CAs", CG_OPT_FILE, 0, AT(ca_file)},
    {"key", "URI", "the CA's key is at this URI (pkcs11:..., file:...) and stays there", CG_OPT_STRING, 0, AT(key_uri)},
    {"renew-ca", NULL, "make the CA's certificate anew, with its key and name, where the old one lacks something",
     CG_OPT_FLAG, 0, AT(renew_ca)},
    {"no-passphrase", NULL, "keep the CA key unencrypted in the new folder", CG_OPT_FLAG, 0, AT(no_passphrase)},
};

static bool write_ca(const struct cg_cli *cli, const struct cg_import_request *import, const struct import_options *o,
                     struct cg_error *err)
{
    struct cg_import_request a = *import;
    /* a key that stays where it is needs none, but for those of a root beside it */
    bool needed = !o->key_uri || a.scan->root_key;
    if (needed && !o->no_passphrase &&
        !(a.passphrase = cg_passphrase(cli, "New passphrase for the CA key", !a.scan->key_was_sealed, err)))
        return false;
    return cg_import_write(&a, err);
}

static void count(const struct cg_import_plan *plan, int64_t now, cJSON *result)
{
    size_t revoked = 0, expired = 0, live = 0;
    char *number = BN_bn2hex(plan->number);
    for (size_t i = 0; i < plan->count; i++) {
        const struct cg_import_row *row = &plan->row[i];
        revoked += row->status == 'R';
        expired += row->status != 'R' && row->expires < now;
        live += row->newest;
    }
    cJSON_AddNumberToObject(result, "certificates", (double)plan->count);
    cJSON_AddNumberToObject(result, "revoked", (double)revoked);
    cJSON_AddNumberToObject(result, "expired", (double)expired);
    cJSON_AddNumberToObject(result, "live", (double)live);
    cJSON_AddStringToObject(result, "crl_number", number ? number : "");
    OPENSSL_free(number);
}

static double counted(const cJSON *result, const char *what)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(result, what));
}

static void tell(const struct cg_cli *cli, const struct cg_import_request *a, const struct import_options *o,
                 cJSON *result)
{
    char subject[512];
    cg_name_text(X509_get_subject_name(a->ca->cert), subject, sizeof subject);
    cJSON_AddStringToObject(result, "subject", subject);
    cJSON_AddStringToObject(result, "source", a->source);
    cJSON_AddStringToObject(result, "directory", cli->dir);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_say(cli, "%s %s from %s: %.0f certificates, %.0f revoked, %.0f expired; %.0f names under live/.",
           cli->dry_run ? "Would adopt" : "Adopted", subject, a->scan->cert_file, counted(result, "certificates"),
           counted(result, "revoked"), counted(result, "expired"), counted(result, "live"));
    if (a->plan->reused)
        cg_warn(cli, "%zu serial numbers were given to two certificates: revoking one revokes both", a->plan->reused);
    if (a->scan->root_key_file && !a->scan->root_key)
        cg_say(cli, "%s was not opened; it seems to be the root's key, and %s it is, sealed, in root/key.pem.",
               a->scan->root_key_file, cli->dry_run ? "would be kept as" : "is kept as");
    if (cg_ca_is_two_tier(a->ca) && !cli->dry_run && !cg_ca_has(a->ca, "root/crl.pem"))
        cg_warn(cli, "the root's CRL is missing: with the root's key there, make one with certguard -C %s crl --root",
                cli->dir_word);
    if (o->no_passphrase)
        cg_warn(cli, "the CA key is not encrypted: whoever reads %s can issue certificates in your name", cli->dir);
    if (!cli->dry_run)
        cg_say(cli,
               "%s was only read. It still holds the CA's key: when all is well, move it to a medium in a safe.\n"
               "Next: certguard -C %s list; give brokers the new %s/crl.pem%s.",
               a->source, cli->dir_word, cli->dir, o->renew_ca ? " and ca.pem" : "");
    cg_result(cli, result);
}

/* Into another user's CA a folder of its owner's is read with that owner's rights: what a link in it leads to would be
 * theirs afterwards. */
static struct cg_ca_owner reader(const struct cg_ca *ca, const char *folder)
{
    struct stat st;
    return ca->owner.other && stat(folder, &st) == 0 ? cg_owner_of(folder, &st) : (struct cg_ca_owner){0};
}

static void say_passed(const void *context, const char *why)
{
    cg_detail(context, "passed over %s", why);
}

static bool find_ca(const struct cg_cli *cli, const struct cg_import_scan_request *request, struct cg_import_scan *scan,
                    struct cg_error *err)
{
    if (!cg_import_scan_folder(scan, request, err) || !cg_import_choose_database(scan, err))
        return false;
    if (scan->step)
        cg_warn(
            cli,
            "%s: step-ca keeps there what it issued and revoked, and that is not read: whoever it revoked is let in "
            "again. Put its CRL (\"crl\": {\"enabled\": true} in ca.json, then /1.0/crl of its address) into the "
            "folder "
            "and import again, or put the certificates there and revoke them after the import",
            scan->step);
    return true;
}

static bool take_ca(const struct cg_cli *cli, struct cg_ca *ca, const struct cg_import_scan *scan,
                    const struct import_options *o, struct cg_error *err)
{
    bool keeps_serial = false;
    const bool ok = cg_import_check_ca(ca, scan, o->renew_ca, &keeps_serial, err);
    if (keeps_serial)
        cg_warn(cli, "the new CA certificate keeps the old one's serial number, which the certificates it issued name; "
                     "do not give out both");
    return ok;
}

static bool read_source(const struct cg_cli *cli, struct cg_ca *ca, struct cg_import_request *a,
                        struct cg_import_scan *scan, struct cg_import_plan *plan, const struct import_options *o,
                        struct cg_error *err)
{
    const struct cg_import_scan_request request = {.folder = a->source,
                                                   .wanted = o->ca_file,
                                                   .key_uri = o->key_uri,
                                                   .now = cli->now,
                                                   .passphrase = ca->options.passphrase,
                                                   .passed = say_passed,
                                                   .context = cli};
    const struct cg_file_user before = cg_owner_outside();
    a->from = reader(ca, a->source);
    cg_owner_assume(&a->from);
    const bool ok = find_ca(cli, &request, scan, err) && take_ca(cli, ca, scan, o, err) &&
                    cg_import_plan_make(plan, scan, err) && cg_import_key_is_sound(scan, plan, err);
    cg_owner_back(before);
    return ok;
}

/* ---- the grades */

struct grades {
    const struct cg_cli *cli;
    cJSON *findings, *names; /* in the result */
    size_t bad;              /* errors, and names to replace */
};

static void show_finding(void *context, const struct cg_lint_finding *f, bool is_of_ca)
{
    struct grades *grades = context;
    const char *severity = cg_severity_text(f->row->severity);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "file", f->file);
    cJSON_AddStringToObject(item, "id", f->row->id);
    cJSON_AddStringToObject(item, "severity", severity);
    cJSON_AddStringToObject(item, "what", f->row->why);
    cJSON_AddStringToObject(item, "fix", f->row->fix);
    cJSON_AddItemToArray(grades->findings, item);
    grades->bad += f->row->severity == CG_LINT_ERROR;
    if (!grades->cli->json && is_of_ca)
        cg_print(stdout, "%s: %s: %s (%s)\n    %s\n", f->file[0] ? f->file : "the CA", severity, f->row->why,
                 f->row->id, f->row->fix);
}

static void show_grade(void *context, const char *name, enum cg_import_grade grade, const char *why)
{
    static const struct {
        const char *word;
        enum cg_colour colour;
    } words[] = {{"good", CG_GREEN}, {"mend", CG_YELLOW}, {"replace", CG_RED}};
    struct grades *grades = context;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "grade", words[grade].word);
    cJSON_AddStringToObject(item, "why", why);
    cJSON_AddItemToArray(grades->names, item);
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

static bool import(struct cg_ca *ca, const struct cg_cli *cli, const struct import_options *o, size_t *bad,
                   struct cg_error *err)
{
    struct cg_import_scan scan = {0};
    struct cg_import_plan plan = {0};
    cJSON *result = cJSON_CreateObject();
    struct cg_import_request import = {
        .ca = ca, .scan = &scan, .plan = &plan, .key_uri = o->key_uri, .source = cli->args[0]};
    bool ok = read_source(cli, ca, &import, &scan, &plan, o, err) && (cli->dry_run || write_ca(cli, &import, o, err)) &&
              show_grades(cli, &import, result, bad, err);
    if (ok) {
        count(&plan, cli->now, result);
        tell(cli, &import, o, result);
    } else {
        cJSON_Delete(result);
    }
    cg_import_plan_free(&plan);
    cg_import_scan_free(&scan);
    return ok;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    size_t bad = 0;
    int code = cg_verb_open_ca(&ca, cli, CG_CA_CREATE, &err);
    if (code == CG_EXIT_OK && !import(&ca, cli, values, &bad, &err))
        code = CG_EXIT_FAILED;
    cg_ca_close(&ca);
    if (code != CG_EXIT_OK)
        return cg_fail(cli, code, &err);
    return cli->dry_run && bad ? CG_EXIT_FINDINGS : CG_EXIT_OK;
}

const struct cg_verb cg_verb_import = {
    .name = "import",
    .group = CG_GROUP_CA,
    .arguments = "FOLDER",
    .summary = "adopt a CA that was made by hand, with openssl or easy-rsa",
    .description =
        "Reads FOLDER (the files of a tutorial, of `openssl ca`, or an easy-rsa pki/), finds the CA and its key by "
        "what\n"
        "is in the files, and makes a CA of it in the folder of -C: index, journal, certificates with their keys, and\n"
        "a CRL whose number goes on from the last one. FOLDER is only read. What the old CA revoked stays revoked.\n"
        "\n"
        "Everything adopted is graded by the plugin's own check and by lint, with what to replace and how. A CA whose\n"
        "key is too small, or whose certificates the plugin would refuse, is not adopted, and the reason is said.",
    .examples = "certguard -C ca -n import /root/MiCA\n"
                "certguard -C ca import /etc/easy-rsa/pki\n"
                "certguard -C ca import demoCA --renew-ca --passphrase-file /root/ca-passphrase",
    .exits = "0 adopted (with --dry-run: it would be, and nothing is to be replaced), 1 failed, 3 with --dry-run: it "
             "would be, "
             "with errors found, 64 wrong usage, 75 another run holds the lock: try again later",
    .min_args = 1,
    .max_args = 1,
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct import_options),
    .run = run,
};
