/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/create.h"
#include "ca/names.h"
#include "ca_options/ca_options.h"
#include "ca_options/option_rows.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "verbs.h"

struct options {
    struct cg_create_request
        request; /* without constraints, path length, passphrases and settings, which the run adds */
    const char *root_passphrase_file;
    struct cg_list permit_dns, permit_ip;
    struct cg_number path_length;
    bool no_passphrase;
};

static const struct cg_option options[] = {
    {"name", "TEXT", "common name of the CA (default \"MQTT CA\")", CG_OPT_STRING, 0, AT(request.subject.common_name)},
    CG_SUBJECT_ROWS(AT),
    {"key-type", CG_CA_KEY_TYPES, "type of the key (default p256)", CG_OPT_CHOICE, 0, AT(request.key_type)},
    {"key", "URI", "use the key at this URI (pkcs11:..., file:...) for the issuing CA", CG_OPT_STRING, 0,
     AT(request.key_uri)},
    {"lifetime", "DURATION", "validity of the root (default 3650d)", CG_OPT_LIFETIME, 0, AT(request.lifetime)},
    {"intermediate", NULL, "also create an intermediate; the root key can then be kept offline", CG_OPT_FLAG, 0,
     AT(request.intermediate)},
    {"intermediate-lifetime", "DURATION", "validity of the intermediate (default 1825d)", CG_OPT_LIFETIME, 0,
     AT(request.intermediate_lifetime)},
    {"crl-lifetime", "DURATION", "time until a CRL of the issuing CA expires (default 7d)", CG_OPT_LIFETIME, 0,
     AT(request.crl_lifetime)},
    {"path-length", "N", "how many CAs may follow the root (default 1, with --intermediate 2)", CG_OPT_NUMBER, 0,
     AT(path_length)},
    {"permit-dns", "DOMAIN", "name constraint: allow only DNS names at or below DOMAIN (repeatable)", CG_OPT_LIST, 0,
     AT(permit_dns)},
    {"permit-ip", "NETWORK", "name constraint: allow only addresses in NETWORK, such as 192.168.0.0/16 (repeatable)",
     CG_OPT_LIST, 0, AT(permit_ip)},
    {"root-passphrase-file", "FILE",
     "with --intermediate, passphrase of the root key: first line of FILE (default: same as the CA key; with --key: "
     "prompt)",
     CG_OPT_FILE, 0, AT(root_passphrase_file)},
    {"no-passphrase", NULL, "store the CA key unencrypted; anyone who can read it can issue certificates", CG_OPT_FLAG,
     0, AT(no_passphrase)},
};

static void print_created(const struct cg_cli *cli, const struct options *o, const struct cg_created *created)
{
    char subject[512], end[24], sha256[CG_HEX_MAX] = "";
    X509 *const certs[] = {created->root, created->issuing};
    cJSON *result = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(result, "created");
    for (size_t i = 0; i < CG_COUNT(certs) && certs[i]; i++) {
        cg_name_text(X509_get_subject_name(certs[i]), subject, sizeof subject);
        cg_date_text(X509_get0_notAfter(certs[i]), end);
        (void)cg_sha256_text(certs[i], sha256);
        cg_say(cli, "%s the %s: %s, valid until %s", cli->dry_run ? "Would create" : "Created",
               i ? "intermediate" : "root", subject, end);
        cJSON_AddItemToArray(list, cg_json_of("subject", subject, "not_after", end, "sha256", sha256));
    }
    cJSON_AddStringToObject(result, "directory", cli->dir);
    cg_result_of_run(cli, result);
    const struct cg_create_request *request = &o->request;
    const char *warning = request->key_uri && !request->intermediate ? NULL : cg_key_type_warning(request->key_type);
    if (warning)
        cg_warn(cli, "%s", warning);
    if (o->no_passphrase)
        cg_warn(cli, CG_KEY_IS_OPEN, cli->dir);
    if (cli->dry_run)
        return;
    cg_say(cli,
           "\nBrokers and devices need the trust anchor %s/ca.pem. Brokers also need the revocation list %s/crl.pem.",
           cli->dir, cli->dir);
    if (created->issuing)
        cg_say(cli,
               "Keep the root key offline: move %s/root/key.pem to removable media and store it safely. You need it "
               "again within a year to renew the root's CRL (%s crl --root).",
               cli->dir, cli->prefix);
    cg_say(cli,
           "Next:\n  %s issue broker NAME --san dns:HOST --san ip:ADDRESS\n"
           "  %s issue client NAME\n"
           "To renew certificates and the CRL automatically:\n  %s install-units",
           cli->prefix, cli->prefix, cli->prefix);
}

/* Before the lock is taken. If the issuing key is in a token, the root key gets a separate passphrase: the PIN of the token
 * must not open it. */
static bool prompt(const struct cg_cli *cli, const struct options *o, struct cg_create_request *wanted,
                   char own[CG_PASSPHRASE_MAX], struct cg_error *err)
{
    bool separate = wanted->intermediate && (wanted->key_uri || o->root_passphrase_file);
    if (o->no_passphrase || cli->dry_run)
        return true;
    if (separate && !cg_passphrase_new(o->root_passphrase_file, "root-passphrase-file",
                                       "New passphrase for the root key", own, err)) {
        cg_error_prefix(err, "the root key needs a separate passphrase");
        return false;
    }
    if (!wanted->key_uri && !(wanted->passphrase = cg_passphrase(cli, "New passphrase for the CA key", true, err)))
        return false;
    wanted->root_passphrase = separate ? own : wanted->passphrase;
    return true;
}

static struct cg_create_request request_of(const struct options *o)
{
    struct cg_create_request request = o->request;
    request.permitted = (struct cg_permitted){o->permit_dns.item, o->permit_ip.item, o->permit_dns.count,
                                              o->permit_ip.count};
    request.path_length_is_given = o->path_length.given;
    request.path_length = (int)o->path_length.value;
    return request;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    (void)cli;
    const struct cg_create_request request = request_of(values);
    return cg_subject_ok(&request.subject, err) && cg_permitted_ok(&request.permitted, err);
}

/* What this run was given becomes the default of later ones. */
static bool choose_settings(const struct cg_cli *cli, const struct cg_ca *ca, const struct options *o,
                            struct cg_settings *settings, struct cg_error *err)
{
    const char *organization = o->request.subject.organization;
    const int64_t crl_lifetime = o->request.crl_lifetime;
    return cg_settings_load(settings, ca->dir, err) &&
           (o->no_passphrase || cg_passphrase_remember(cli, settings, err)) &&
           (!organization || cg_settings_set(settings, "organization", organization, err)) &&
           (!crl_lifetime || cg_settings_set_duration(settings, "crl_lifetime", crl_lifetime, err));
}

static bool create(const struct cg_cli *cli, const struct cg_ca *ca, const struct options *o,
                   const struct cg_create_request *wanted, struct cg_created *created, struct cg_error *err)
{
    struct cg_settings settings;
    struct cg_create_request request = *wanted;
    request.settings = &settings;
    const bool ok = choose_settings(cli, ca, o, &settings, err) && cg_ca_create(ca, &request, created, err);
    cg_settings_free(&settings);
    return ok;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    struct cg_create_request wanted = request_of(o);
    struct cg_created created = {0};
    char own[CG_PASSPHRASE_MAX] = "";
    if (wanted.intermediate && o->path_length.given && o->path_length.value < 1)
        return cg_usage(cli, "--path-length %d leaves no room for --intermediate; use 1 or leave it out",
                        (int)o->path_length.value);
    if (o->root_passphrase_file && (!wanted.intermediate || o->no_passphrase))
        return cg_usage(cli, "--root-passphrase-file needs --intermediate, and cannot be used with --no-passphrase");
    struct cg_cli trial = *cli;
    trial.dry_run = true; /* checks that the folder is free, before the prompts; creates nothing */
    int code = cg_verb_open_ca(&ca, &trial, CG_CA_CREATE, &err);
    cg_ca_close(&ca);
    if (code == CG_EXIT_OK && !prompt(cli, o, &wanted, own, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        code = cg_verb_open_ca(&ca, cli, CG_CA_CREATE, &err);
    if (code == CG_EXIT_OK && !create(cli, &ca, o, &wanted, &created, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        print_created(cli, o, &created);
    OPENSSL_cleanse(own, sizeof own);
    cg_created_clear(&created);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_init = {
    .name = "init",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "create a CA",
    .description =
        "Creates a root certificate, its key, an empty CRL (certificate revocation list) and a list of issued\n"
        "certificates (index.txt), in the folder of -C. The key is encrypted with a passphrase, which certguard\n"
        "prompts for, or reads with --passphrase-file or --passphrase-fd. With --no-passphrase the key is stored\n"
        "unencrypted.\n\n"
        "--intermediate also creates a second CA, the intermediate, which issues all certificates. The root key\n"
        "can then be kept offline.\n\n"
        "Later commands use the file of --passphrase-file, --org and --crl-lifetime again: init writes them to the\n"
        "settings of the CA (certguard config).\n\n"
        "The root's path length, the number of CAs that may follow it, allows one more CA than init creates. The\n"
        "root can therefore certify its successor in a cross certificate. The intermediate has path length 0.",
    .examples = "certguard init --name \"Home CA\"\n"
                "certguard -C /var/lib/plant-ca init --name \"Plant CA\" --org Example --intermediate \\\n"
                "    --permit-dns plant.example.org --permit-ip 10.0.0.0/8 --passphrase-file /root/ca-passphrase",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
