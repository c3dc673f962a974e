/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_change.h"
#include "ca_cli.h"
#include "ca_crl.h"
#include "ca_issue.h"
#include "ca_names.h"
#include "ca_passphrase.h"
#include "core/name.h"
#include "fault.h"
#include "secrets.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* One CA of the one or two that are made. */
struct tier {
    const char *folder; /* "ca", "root" */
    EVP_PKEY *key;
    X509 *cert;
    char *pem;
    const char *uri;        /* the key lives there; else key.pem is written */
    const char *passphrase; /* that seals key.pem; NULL: none */
    struct cg_crl_made crl;
};

static void tier_clear(struct tier *tier)
{
    EVP_PKEY_free(tier->key);
    X509_free(tier->cert);
    free(tier->pem);
    cg_crl_made_clear(&tier->crl);
}

static EVP_PKEY *key_at(const struct cg_cli *cli, const char *uri, struct cg_error *err)
{
    const struct cg_passphrase_source source = cg_passphrase_source_of(cli);
    EVP_PKEY *key = cg_key_by_uri(&source, uri, err);
    if (!key || cg_key_is_strong(key))
        return key;
    cg_error_set(err,
                 "%s: this key is too small for a CA (%d bits): every handshake under it would fail; make one of P-256 "
                 "or RSA 3072",
                 uri, EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
    return NULL;
}

static bool make_tier(const struct cg_cli *cli, const struct init_options *o, const char *profile, struct tier *tier,
                      const struct tier *parent, struct cg_error *err)
{
    char name[128];
    bool shortened = false, is_root = !parent, constrained = is_root;
    const char *base = o->name ? o->name : "MQTT CA";
    snprintf(name, sizeof name, "%s%s", base, is_root && !o->intermediate ? "" : is_root ? " Root" : " Issuing");
    const struct cg_subject subject = {name, o->organization, o->unit, o->country};
    struct cg_certificate_request request = {
        .profile = cg_ca_profile_find(profile), .path_length = -2, .now = cli->now};
    const struct cg_number *lifetime = is_root ? &o->lifetime : &o->intermediate_lifetime;
    request.lifetime = lifetime->given ? lifetime->value : 0;
    /* one more than the CAs that are made: a later root can then be vouched for by this one */
    if (is_root)
        request.path_length = o->path_length.given ? (int)o->path_length.value : o->intermediate ? 2 : 1;
    const struct cg_permitted permitted = {o->permit_dns.item, o->permit_ip.item, o->permit_dns.count,
                                           o->permit_ip.count};
    NAME_CONSTRAINTS *constraints = constrained ? cg_constraints_make(&permitted, err) : NULL;
    tier->key = tier->uri ? key_at(cli, tier->uri, err) : cg_key_generate(o->key_type, err);
    X509_NAME *made = cg_subject_make(&subject, err);
    request.subject = made;
    request.constraints = constraints;
    request.key = tier->key;
    bool wanted = constrained && (o->permit_dns.count || o->permit_ip.count);
    if (tier->key && request.subject && (constraints || !wanted))
        tier->cert = cg_sign_certificate(&request, parent ? parent->cert : NULL, parent ? parent->key : tier->key,
                                         &shortened, err);
    NAME_CONSTRAINTS_free(constraints);
    X509_NAME_free(made);
    return tier->cert && (tier->pem = cg_cert_pem(tier->cert));
}

static bool put_key(struct cg_change *change, const struct tier *tier, struct cg_error *err)
{
    char target[32];
    if (tier->uri) {
        snprintf(target, sizeof target, "%s/key.uri", tier->folder);
        return cg_change_put(change, target, tier->uri, strlen(tier->uri), 0600, err);
    }
    snprintf(target, sizeof target, "%s/key.pem", tier->folder);
    return cg_key_put(change, target, tier->key, tier->passphrase, err);
}

static bool put_crl(struct cg_change *change, const struct cg_cli *cli, struct tier *tier, const char *other,
                    struct cg_error *err)
{
    const struct cg_crl_order order = {
        .folder = tier->folder, .issuer = tier->cert, .key = tier->key, .now = cli->now, .other = other};
    return cg_crl_write(change, &order, &tier->crl, err);
}

static bool put_journal(struct cg_change *change, const struct cg_cli *cli, const struct tier *tier,
                        struct cg_error *err)
{
    char when[24], subject[512], serial[64];
    cg_time_text(cli->now, when, sizeof when);
    cg_name_text(X509_get_subject_name(tier->cert), subject, sizeof subject);
    cg_serial_text(X509_get0_serialNumber(tier->cert), serial, sizeof serial);
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "time", when);
    cJSON_AddStringToObject(entry, "done", "made a CA");
    cJSON_AddStringToObject(entry, "subject", subject);
    cJSON_AddStringToObject(entry, "serial", serial);
    return cg_change_journal_line(change, entry, err);
}

/* ca/cert.pem comes last: with it the folder holds a CA. */
static bool write_ca(const struct cg_ca *ca, const struct cg_cli *cli, struct tier *root, struct tier *issuing,
                     struct cg_error *err)
{
    struct cg_change change;
    struct tier *issuer = issuing ? issuing : root;
    const char *chain = issuing ? issuing->pem : "";
    bool good = cg_change_begin(&change, ca, false, err) && put_key(&change, root, err);
    if (issuing)
        good = good && put_key(&change, issuing, err) && put_crl(&change, cli, root, "", err) &&
               cg_change_put(&change, "root/cert.pem", root->pem, strlen(root->pem), 0644, err) &&
               put_journal(&change, cli, issuing, err);
    good = good && put_crl(&change, cli, issuer, issuing ? root->crl.pem : "", err) &&
           put_journal(&change, cli, root, err) && cg_change_put(&change, "index.txt", "", 0, 0600, err) &&
           cg_change_put(&change, "index.txt.attr", "unique_subject = no\n", 20, 0600, err) &&
           cg_change_put(&change, "chain.pem", chain, strlen(chain), 0644, err) &&
           cg_change_put(&change, "ca.pem", root->pem, strlen(root->pem), 0644, err) &&
           cg_change_put(&change, "ca/cert.pem", issuer->pem, strlen(issuer->pem), 0644, err) &&
           cg_change_commit(&change, err);
    cg_change_end(&change);
    return good;
}

static void tell(const struct cg_cli *cli, const struct init_options *o, const struct tier *root,
                 const struct tier *issuing)
{
    char subject[512], end[24], sha256[CG_HEX_MAX] = "";
    const struct tier *tiers[] = {root, issuing};
    cJSON *result = cJSON_CreateObject(), *made = cJSON_AddArrayToObject(result, "made");
    for (size_t i = 0; i < CG_COUNT(tiers) && tiers[i]; i++) {
        cg_name_text(X509_get_subject_name(tiers[i]->cert), subject, sizeof subject);
        cg_date_text(X509_get0_notAfter(tiers[i]->cert), end);
        (void)cg_sha256_text(tiers[i]->cert, sha256);
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
    const char *warning = root->uri ? NULL : cg_key_type_warning(o->key_type);
    if (warning)
        cg_warn(cli, "%s", warning);
    if (o->no_passphrase)
        cg_warn(cli, "the CA key is not encrypted: whoever reads %s can issue certificates in your name", cli->dir);
    if (cli->dry_run)
        return;
    cg_say(cli, "\nFor brokers and devices: %s/ca.pem (whom to trust) and %s/crl.pem (what was revoked).", cli->dir,
           cli->dir);
    if (issuing)
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

static bool make_all(const struct cg_ca *ca, const struct cg_cli *cli, const struct init_options *o, struct tier *root,
                     struct tier *issuing, struct cg_error *err)
{
    cg_secrets_lock();
    if (!make_tier(cli, o, "root", root, NULL, err) ||
        (o->intermediate && !make_tier(cli, o, "intermediate", issuing, root, err)))
        return false;
    struct tier *second = o->intermediate ? issuing : NULL;
    if (!cli->dry_run && !write_ca(ca, cli, root, second, err))
        return false;
    tell(cli, o, root, second);
    return true;
}

/* Asked before the lock is taken. Whoever has the PIN of the token that issues must not be able to open the root with it,
 * so beside a key at a URI the root has a passphrase of its own. */
static bool ask(const struct cg_cli *cli, const struct init_options *o, struct tier *root, struct tier *issuing,
                char own[CG_PASSPHRASE_MAX], struct cg_error *err)
{
    struct tier *issuer = o->intermediate ? issuing : root;
    bool separate = o->intermediate && (o->key_uri || o->root_passphrase_file);
    issuer->uri = o->key_uri;
    if (o->no_passphrase || cli->dry_run)
        return true;
    if (separate && !cg_passphrase_new(o->root_passphrase_file, "root-passphrase-file",
                                       "New passphrase for the root's key", own, err)) {
        cg_error_prefix(err, "the root's key has a passphrase of its own");
        return false;
    }
    if (!issuer->uri && !(issuer->passphrase = cg_passphrase(cli, "New passphrase for the CA key", true, err)))
        return false;
    if (o->intermediate)
        root->passphrase = separate ? own : issuer->passphrase;
    return true;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct init_options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    struct tier root = {.folder = o->intermediate ? "root" : "ca"}, issuing = {.folder = "ca"};
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
    if (code == CG_EXIT_OK && !ask(cli, o, &root, &issuing, own, &err))
        code = CG_EXIT_FAILED;
    if (code == CG_EXIT_OK)
        code = cg_verb_open_ca(&ca, cli, CG_CA_CREATE, &err);
    if (code == CG_EXIT_OK && !make_all(&ca, cli, o, &root, &issuing, &err))
        code = CG_EXIT_FAILED;
    OPENSSL_cleanse(own, sizeof own);
    tier_clear(&root);
    tier_clear(&issuing);
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
