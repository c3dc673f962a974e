/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_adopt.h"
#include "ca_cli.h"
#include "ca_database.h"
#include "ca_grade.h"
#include "ca_issue.h"
#include "ca_key.h"
#include "ca_names.h"
#include "ca_passphrase.h"
#include "core/name.h"
#include "fault.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIFETIME (INT64_C(3650) * 86400)

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

/* Signatures of keys that OpenSSL refuses at every security level that brokers run at: no certificate heals that. */
static bool key_is_strong(const struct cg_cli *cli, const struct cg_found *found, struct cg_error *err)
{
    int bits = EVP_PKEY_get_bits(found->key);
    if (cg_key_is_strong(found->key))
        return true;
    cg_error_set(
        err,
        "%s: the CA's key is too small (%s, %d bits): every TLS handshake under it fails with \"ca key too "
        "small\", so it cannot be adopted. Make a new CA (certguard -C %s init), issue for the same names, give "
        "devices the new ca.pem beside the old one, and retire the old CA when the last device has it",
        found->key_file, EVP_PKEY_get0_type_name(found->key), bits, cli->dir_word);
    return false;
}

/* easy-rsa writes the CA's serial number into the authorityKeyIdentifier of all that it issues. */
static bool serial_is_named(const struct cg_found *found)
{
    for (size_t i = 0; i < found->objects.count; i++) {
        const struct cg_lint_object *o = &found->objects.item[i];
        if (o->kind == CG_LINT_CERTIFICATE && o->aki && o->aki->serial && cg_found_issued(found, o->cert))
            return true;
    }
    return false;
}

/* Same name, key and key identifier: what it issued goes on to verify, also for those who trust the old one. */
static bool renew_ca(struct cg_ca *ca, const struct cg_cli *cli, const struct cg_found *found, struct cg_error *err)
{
    bool shortened = false;
    if (cg_ca_is_two_tier(ca)) {
        cg_error_set(err, "--renew-ca: %s was issued by another CA; issue it again there, then import",
                     found->cert_file);
        return false;
    }
    bool named = serial_is_named(found);
    if (named)
        cg_warn(cli,
                "the new CA certificate keeps the old one's serial number, which the certificates it issued name; do "
                "not give out both");
    const struct cg_certificate_request request = {.profile = cg_ca_profile_find("root"),
                                                   .subject = X509_get_subject_name(found->cert),
                                                   .key = found->key,
                                                   .key_id = X509_get0_subject_key_id(found->cert),
                                                   .serial = named ? X509_get0_serialNumber(found->cert) : NULL,
                                                   .path_length = -2,
                                                   .now = cli->now,
                                                   .lifetime = LIFETIME};
    X509 *cert = cg_sign_certificate(&request, NULL, found->key, &shortened, err);
    if (!cert || !X509_up_ref(cert))
        return false;
    X509_free(ca->cert);
    X509_free(ca->root);
    ca->cert = ca->root = cert;
    return true;
}

/* What this CA is going to issue must pass the plugin: tried with a certificate that is thrown away. */
static bool can_issue(const struct cg_ca *ca, const struct cg_cli *cli, const struct cg_found *found,
                      const struct import_options *o, struct cg_error *err)
{
    const struct cg_subject subject = {.common_name = "probe"};
    struct cg_issuer issuer = {.ca = ca, .key = found->key, .now = cli->now};
    struct cg_issued issued = {0};
    struct cg_issue_order order = {.name = "probe",
                                   .request = {.profile = cg_ca_profile_find("client"), .path_length = -2}};
    X509_NAME *made = cg_subject_make(&subject, err);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool good = made && names && cg_san_add_default(names, "probe_device", false, err) &&
                (order.request.key = cg_key_generate(NULL, err)) && cg_ca_checker_open(&issuer.checker, ca, err);
    order.request.subject = made;
    order.request.names = names;
    if (good && !(good = cg_issue_make(&issuer, &order, &issued, err)))
        cg_error_prefix(err, "%s: what this CA issues would be refused%s", found->cert_file,
                        o->renew_ca ? "" : "; try --renew-ca, which makes its certificate anew with the same key");
    cg_issued_clear(&issued);
    cg_ca_checker_close(&issuer.checker);
    EVP_PKEY_free(order.request.key);
    X509_NAME_free(made);
    GENERAL_NAMES_free(names);
    return good;
}

/* A CA whose own key was revoked as compromised cannot be told from whoever has that key too. */
static bool key_is_sound(const struct cg_found *found, const struct cg_adopted *adopted, struct cg_error *err)
{
    struct cg_key_bans bans;
    bool good = cg_adopted_bans(&bans, adopted, err) && cg_key_bans_allow(&bans, X509_get0_pubkey(found->cert), err);
    if (!good)
        cg_error_prefix(err, "%s cannot be adopted", found->cert_file);
    cg_key_bans_free(&bans);
    return good;
}

static bool write_ca(const struct cg_cli *cli, const struct cg_adoption *adoption, const struct import_options *o,
                     struct cg_error *err)
{
    struct cg_adoption a = *adoption;
    /* a key that stays where it is needs none, but for those of a root beside it */
    bool needed = !o->key_uri || a.found->root_key;
    if (needed && !o->no_passphrase &&
        !(a.passphrase = cg_passphrase(cli, "New passphrase for the CA key", !a.found->key_was_sealed, err)))
        return false;
    return cg_adopted_write(&a, err);
}

static void count(const struct cg_adopted *adopted, int64_t now, cJSON *result)
{
    size_t revoked = 0, expired = 0, live = 0;
    char *number = BN_bn2hex(adopted->number);
    for (size_t i = 0; i < adopted->count; i++) {
        const struct cg_adopted_row *row = &adopted->row[i];
        revoked += row->status == 'R';
        expired += row->status != 'R' && row->expires < now;
        live += row->newest;
    }
    cJSON_AddNumberToObject(result, "certificates", (double)adopted->count);
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

static void tell(const struct cg_cli *cli, const struct cg_adoption *a, const struct import_options *o, cJSON *result)
{
    char subject[512];
    cg_name_text(X509_get_subject_name(a->ca->cert), subject, sizeof subject);
    cJSON_AddStringToObject(result, "subject", subject);
    cJSON_AddStringToObject(result, "source", a->source);
    cJSON_AddStringToObject(result, "directory", cli->dir);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_say(cli, "%s %s from %s: %.0f certificates, %.0f revoked, %.0f expired; %.0f names under live/.",
           cli->dry_run ? "Would adopt" : "Adopted", subject, a->found->cert_file, counted(result, "certificates"),
           counted(result, "revoked"), counted(result, "expired"), counted(result, "live"));
    if (a->adopted->reused)
        cg_warn(cli, "%zu serial numbers were given to two certificates: revoking one revokes both",
                a->adopted->reused);
    if (a->found->root_key_file && !a->found->root_key)
        cg_say(cli, "%s was not opened; it seems to be the root's key, and %s it is, sealed, in root/key.pem.",
               a->found->root_key_file, cli->dry_run ? "would be kept as" : "is kept as");
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

static bool find_ca(const struct cg_cli *cli, const struct cg_found_request *request, struct cg_found *found,
                    struct cg_error *err)
{
    if (!cg_found_read(found, request, err) || !cg_database_choose(found, err))
        return false;
    if (found->step)
        cg_warn(
            cli,
            "%s: step-ca keeps there what it issued and revoked, and that is not read: whoever it revoked is let in "
            "again. Put its CRL (\"crl\": {\"enabled\": true} in ca.json, then /1.0/crl of its address) into the "
            "folder "
            "and import again, or put the certificates there and revoke them after the import",
            found->step);
    return true;
}

static bool read_source(const struct cg_cli *cli, struct cg_ca *ca, struct cg_adoption *a, struct cg_found *found,
                        struct cg_adopted *adopted, const struct import_options *o, struct cg_error *err)
{
    const struct cg_found_request request = {.folder = a->source,
                                             .wanted = o->ca_file,
                                             .key_uri = o->key_uri,
                                             .now = cli->now,
                                             .passphrase = ca->options.passphrase,
                                             .passed = say_passed,
                                             .context = cli};
    const struct cg_file_user before = cg_owner_outside();
    a->from = reader(ca, a->source);
    cg_owner_assume(&a->from);
    const bool good = find_ca(cli, &request, found, err) && key_is_strong(cli, found, err) &&
                      X509_up_ref(found->cert) && (ca->cert = found->cert) && X509_up_ref(found->root) &&
                      (ca->root = found->root) && (!o->renew_ca || renew_ca(ca, cli, found, err)) &&
                      can_issue(ca, cli, found, o, err) && cg_adopted_collect(adopted, found, err) &&
                      key_is_sound(found, adopted, err);
    cg_owner_back(before);
    return good;
}

static bool import(struct cg_ca *ca, const struct cg_cli *cli, const struct import_options *o, size_t *bad,
                   struct cg_error *err)
{
    struct cg_found found = {0};
    struct cg_adopted adopted = {0};
    cJSON *result = cJSON_CreateObject();
    struct cg_adoption adoption = {
        .ca = ca, .found = &found, .adopted = &adopted, .key_uri = o->key_uri, .source = cli->args[0]};
    bool good = read_source(cli, ca, &adoption, &found, &adopted, o, err) &&
                (cli->dry_run || write_ca(cli, &adoption, o, err)) && cg_grade(cli, &adoption, result, bad, err);
    if (good) {
        count(&adopted, cli->now, result);
        tell(cli, &adoption, o, result);
    } else {
        cJSON_Delete(result);
    }
    cg_adopted_free(&adopted);
    cg_found_free(&found);
    return good;
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
