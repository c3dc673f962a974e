/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/create.h"
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "verbs.h"

struct init_options {
    const char *name, *organization, *unit, *country, *key_type, *key_uri, *root_passphrase_file;
    struct cg_list permit_dns, permit_ip;
    struct cg_number lifetime, intermediate_lifetime, path_length;
    bool intermediate, no_passphrase;
};

#define AT(field) offsetof(struct init_options, field)

static const struct cg_option options[] = {
    {"name", "TEXT", "common name of the CA (default \"MQTT CA\")", CG_OPT_STRING, 0, AT(name)},
    {"org", "TEXT", "organization (O) of the subject", CG_OPT_STRING, 0, AT(organization)},
    {"unit", "TEXT", "organizational unit (OU) of the subject", CG_OPT_STRING, 0, AT(unit)},
    {"country", "CC", "country (C) of the subject, two letters", CG_OPT_STRING, 0, AT(country)},
    {"key-type", CG_KEY_TYPES, "type of the key (default p256)", CG_OPT_CHOICE, 0, AT(key_type)},
    {"key", "URI", "use the key at this URI (pkcs11:..., file:...) for the CA that issues", CG_OPT_STRING, 0,
     AT(key_uri)},
    {"lifetime", "DURATION", "validity of the root (default 3650d)", CG_OPT_LIFETIME, 0, AT(lifetime)},
    {"intermediate", NULL, "make an intermediate too; the root key can then leave this machine", CG_OPT_FLAG, 0,
     AT(intermediate)},
    {"intermediate-lifetime", "DURATION", "validity of the intermediate (default 1825d)", CG_OPT_LIFETIME, 0,
     AT(intermediate_lifetime)},
    {"path-length", "N", "how many CAs may follow the root (default 1, with --intermediate 2)", CG_OPT_NUMBER, 0,
     AT(path_length)},
    {"permit-dns", "DOMAIN", "name constraint: DNS names only at or below DOMAIN (repeatable)", CG_OPT_LIST, 0,
     AT(permit_dns)},
    {"permit-ip", "NETWORK", "name constraint: addresses only in NETWORK, as 192.168.0.0/16 (repeatable)", CG_OPT_LIST,
     0, AT(permit_ip)},
    {"root-passphrase-file", "FILE",
     "passphrase of the root's key, with --intermediate: first line of FILE (default: that of the CA key, and asked "
     "for "
     "with --key)",
     CG_OPT_FILE, 0, AT(root_passphrase_file)},
    {"no-passphrase", NULL, "keep the CA key unencrypted on disk: who reads it can be anyone", CG_OPT_FLAG, 0,
     AT(no_passphrase)},
};

static void tell(const struct cg_cli *cli, const struct init_options *o, const struct cg_created *created)
{
    char subject[512], end[24], sha256[CG_HEX_MAX] = "";
    X509 *const certs[] = {created->root, created->issuing};
    cJSON *result = cJSON_CreateObject(), *made = cJSON_AddArrayToObject(result, "made");
    for (size_t i = 0; i < CG_COUNT(certs) && certs[i]; i++) {
        cg_name_text(X509_get_subject_name(certs[i]), subject, sizeof subject);
        cg_date_text(X509_get0_notAfter(certs[i]), end);
        (void)cg_sha256_text(certs[i], sha256);
        cg_say(cli, "%s %s: %s, valid until %s", cli->dry_run ? "Would make" : "Made",
               i ? "the intermediate" : "the root", subject, end);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "subject", subject);
        cJSON_AddStringToObject(item, "not_after", end);
        cJSON_AddStringToObject(item, "sha256", sha256);
        cJSON_AddItemToArray(made, item);
    }
    cJSON_AddStringToObject(result, "directory", cli->dir);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_result(cli, result);
    const char *warning = o->key_uri && !o->intermediate ? NULL : cg_key_type_warning(o->key_type);
    if (warning)
        cg_warn(cli, "%s", warning);
    if (o->no_passphrase)
        cg_warn(cli, "the CA key is not encrypted: whoever reads %s can issue certificates in your name", cli->dir);
    if (cli->dry_run)
        return;
    cg_say(cli, "\nFor brokers and devices: %s/ca.pem (whom to trust) and %s/crl.pem (what was revoked).", cli->dir,
           cli->dir);
    if (created->issuing)
        cg_say(cli,
               "Keep the root key apart: move %s/root/key.pem to a medium in a safe. It is needed again within "
               "a year, for the root's CRL (certguard crl --root).",
               cli->dir);
    cg_say(cli,
           "Next:\n  certguard -C %s issue broker NAME --san dns:HOST --san ip:ADDRESS\n"
           "  certguard -C %s issue client NAME\n"
           "and from a timer, daily:  certguard -C %s crl --refresh-if 50%%",
           cli->dir_word, cli->dir_word, cli->dir_word);
}

/* Asked before the lock is taken. Whoever has the PIN of the token that issues must not be able to open the root with it,
 * so beside a key at a URI the root has a passphrase of its own. */
static bool ask(const struct cg_cli *cli, const struct init_options *o, struct cg_create_request *wanted,
                char own[CG_PASSPHRASE_MAX], struct cg_error *err)
{
    bool separate = o->intermediate && (o->key_uri || o->root_passphrase_file);
    if (o->no_passphrase || cli->dry_run)
        return true;
    if (separate && !cg_passphrase_new(o->root_passphrase_file, "root-passphrase-file",
                                       "New passphrase for the root's key", own, err)) {
        cg_error_prefix(err, "the root's key has a passphrase of its own");
        return false;
    }
    if (!o->key_uri && !(wanted->passphrase = cg_passphrase(cli, "New passphrase for the CA key", true, err)))
        return false;
    wanted->root_passphrase = separate ? own : wanted->passphrase;
    return true;
}

static struct cg_create_request request_of(const struct init_options *o)
{
    return (struct cg_create_request){
        .subject = {o->name, o->organization, o->unit, o->country},
        .key_type = o->key_type,
        .key_uri = o->key_uri,
        .intermediate = o->intermediate,
        .permitted = {o->permit_dns.item, o->permit_ip.item, o->permit_dns.count, o->permit_ip.count},
        .lifetime = o->lifetime.value,
        .intermediate_lifetime = o->intermediate_lifetime.value,
        .path_length_is_given = o->path_length.given,
        .path_length = (int)o->path_length.value,
    };
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct init_options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    struct cg_create_request wanted = request_of(o);
    struct cg_created created = {0};
    char own[CG_PASSPHRASE_MAX] = "";
    if (o->intermediate && o->path_length.given && o->path_length.value < 1)
        return cg_usage(cli, "--path-length %d leaves no room for --intermediate; use 1 or leave it out",
                        (int)o->path_length.value);
    if (o->root_passphrase_file && (!o->intermediate || o->no_passphrase))
        return cg_usage(cli, "--root-passphrase-file is for the root of --intermediate, and not with --no-passphrase");
    struct cg_cli look = *cli;
    look.dry_run = true; /* is the folder free? Nothing is made before the passphrases are there */
    int code = cg_verb_open_ca(&ca, &look, CG_CA_CREATE, &err);
    cg_ca_close(&ca);
    if (code == CG_EXIT_OK && !ask(cli, o, &wanted, own, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        code = cg_verb_open_ca(&ca, cli, CG_CA_CREATE, &err);
    if (code == CG_EXIT_OK && !cg_ca_create(&ca, &wanted, &created, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        tell(cli, o, &created);
    OPENSSL_cleanse(own, sizeof own);
    cg_created_clear(&created);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_init = {
    .name = "init",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "make a new CA",
    .description =
        "Makes a root certificate, its key, an empty CRL and the database of what is issued, in the folder of -C.\n"
        "The key is encrypted with a passphrase that is asked for, or read with --passphrase-file or\n"
        "--passphrase-fd; --no-passphrase keeps it in the clear.\n"
        "\n"
        "With --intermediate a second CA is made, which issues from then on, and the root key can be moved away.\n"
        "\n"
        "The root's path length leaves room for one CA more than are made, so that this root can vouch for a later "
        "one\n"
        "in a cross certificate. The intermediate has path length 0.",
    .examples = "certguard init --name \"Home CA\"\n"
                "certguard -C /var/lib/plant-ca init --name \"Plant CA\" --org Example --intermediate \\\n"
                "    --permit-dns plant.example.org --permit-ip 10.0.0.0/8 --passphrase-file /root/ca-passphrase",
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct init_options),
    .run = run,
};
