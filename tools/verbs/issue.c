/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/batch.h"
#include "ca/certify.h"
#include "ca_options/ca_options.h"
#include "ca_options/deploy_options.h"
#include "ca_options/issue_options.h"
#include "ca_options/passphrase.h"
#include "cli/tty.h"
#include "core/file/file.h"
#include "verbs.h"

#include <string.h>

#define BATCH_LIMIT ((size_t)256 << 20)

#define AT(field) offsetof(struct cg_issue_options, field)

static const struct cg_option options[] = {
    {"san", "TYPE:NAME", "a name of the certificate: dns:, ip:, uri:, email:, dirname:, rid: or other: (repeatable)",
     CG_OPT_LIST, 0, AT(san)},
    {"lifetime", "DURATION", "validity (default: broker and bridge 90d, client 365d)", CG_OPT_LIFETIME, 0,
     AT(lifetime)},
    {"key-type", CG_KEY_TYPES, "type of the key (default p256)", CG_OPT_CHOICE, 0, AT(key_type)},
    {"batch", "FILE", "many at once: a line each, NAME [TYPE:SAN ...]; names that exist are passed over", CG_OPT_FILE,
     0, AT(batch)},
    {"csr", "FILE", "certify the key of this request in place of a new one", CG_OPT_FILE, 0, AT(csr)},
    {"accept-names", NULL, "take the SANs that the request asks for", CG_OPT_FLAG, 0, AT(accept_names)},
    {"p12", "FILE", "also write key and chain as PKCS#12 to FILE, for phones and MQTT tools", CG_OPT_FILE, 0, AT(p12)},
    {"p12-passphrase-file", "FILE", "its passphrase: first line of FILE (default: asked for)", CG_OPT_FILE, 0,
     AT(p12_passphrase_file)},
    {"cn", "TEXT", "common name, where it is not NAME", CG_OPT_STRING, 0, AT(common_name)},
    {"org", "TEXT", "organization (O) of the subject", CG_OPT_STRING, 0, AT(organization)},
    {"unit", "TEXT", "organizational unit (OU) of the subject", CG_OPT_STRING, 0, AT(unit)},
    {"country", "CC", "country (C) of the subject, two letters", CG_OPT_STRING, 0, AT(country)},
    {"both-purposes", NULL, "serverAuth and clientAuth in one certificate; better issue two", CG_OPT_FLAG, 0,
     AT(both_purposes)},
    {"policy-oid", "OID", "certificate policy, an OID of your own arc", CG_OPT_STRING, 0, AT(policy_oid)},
    {"cps", "URL", "https address of the certification practice statement", CG_OPT_STRING, 0, AT(cps)},
    {"policy-text", "TEXT", "user notice, at most 200 characters", CG_OPT_STRING, 0, AT(policy_text)},
    CG_PLACE_ROWS(AT),
};

/* Of one device, not of many. */
static const char *not_for_batch(const struct cg_issue_options *o)
{
    const struct {
        const char *name;
        bool given;
    } single[] = {{"san", o->san.count},
                  {"csr", o->csr},
                  {"accept-names", o->accept_names},
                  {"p12", o->p12},
                  {"cn", o->common_name},
                  {"to", o->place.to},
                  {"owner", o->place.owner},
                  {"group", o->place.group},
                  {"mode", o->place.mode},
                  {"connect", o->place.connect}};
    for (size_t i = 0; i < CG_COUNT(single); i++)
        if (single[i].given)
            return single[i].name;
    return NULL;
}

/* ---- many at once */

static void warn_failed(const void *context, unsigned long line, const char *why)
{
    cg_warn(context, "line %lu: %s", line, why);
}

static void show_progress(const void *context, size_t done, size_t total)
{
    const struct cg_cli *cli = context;
    if (!cli->quiet)
        cg_progress("issued", done, total);
}

static void tell_batch(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_batch_result *made)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddNumberToObject(result, "made", (double)made->made);
    cJSON_AddNumberToObject(result, "skipped", (double)made->skipped);
    cJSON_AddNumberToObject(result, "failed", (double)made->failed);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_result(cli, result);
    cg_say_shortened(cli, ca, made->shortened);
    cg_say(cli, "%s %zu, passed over %zu that are there already, %zu failed.", cli->dry_run ? "Would make" : "Made",
           made->made, made->skipped, made->failed);
}

/* The file is the caller's, also where the CA is another user's. */
static bool read_batch(const struct cg_issue_options *o, struct cg_bytes *bytes, struct cg_error *err)
{
    const struct cg_file_user before = cg_owner_outside();
    const bool ok = cg_file_read(o->batch, CG_FILE_PUBLIC, BATCH_LIMIT, bytes, err);
    cg_owner_back(before);
    return ok;
}

static int issue_batch(const struct cg_cli *cli, struct cg_ca *ca, const struct cg_issue_options *o,
                       struct cg_batch_result *made, struct cg_error *err)
{
    const struct cg_certificate_policy policy = cg_issue_options_policy(o);
    const struct cg_batch_request request = {.profile = o->profile,
                                             .key_type = o->key_type,
                                             .organization = o->organization,
                                             .unit = o->unit,
                                             .country = o->country,
                                             .policy = &policy,
                                             .lifetime = o->lifetime.value,
                                             .both_purposes = o->both_purposes,
                                             .failed = warn_failed,
                                             .went = show_progress,
                                             .context = cli};
    struct cg_issuer issuer = {0};
    struct cg_bytes bytes = {0};
    int code = CG_EXIT_FAILED;
    if (cg_certificate_policy_ok(&policy, err) && read_batch(o, &bytes, err) &&
        cg_verb_open_issuer(&issuer, cli, ca, err))
        code = cg_ca_exit_code(cg_batch_issue(ca, &issuer, &request, (char *)bytes.data, made, err));
    cg_issuer_close(&issuer);
    cg_bytes_free(&bytes);
    return code;
}

static int run_batch(const struct cg_cli *cli, const struct cg_issue_options *o)
{
    struct cg_error err = {""};
    struct cg_batch_result made = {0};
    struct cg_ca ca;
    cg_passphrase_ahead(cli, "ca");
    int code = cg_verb_open_ca(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK)
        code = issue_batch(cli, &ca, o, &made, &err);
    if (code == CG_EXIT_OK)
        tell_batch(cli, &ca, &made);
    cg_ca_close(&ca);
    if (code != CG_EXIT_OK)
        return cg_fail(cli, code, &err);
    return made.failed ? CG_EXIT_FAILED : CG_EXIT_OK;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_issue_options o = *(const struct cg_issue_options *)values;
    o.profile = cg_ca_profile_find(cli->args[0]);
    if (!o.profile || o.profile->is_ca)
        return cg_usage(cli, "issue what? expected broker, bridge or client, found \"%s\"", cli->args[0]);
    if ((cli->nargs == 2) == (o.batch != NULL))
        return cg_usage(cli, o.batch ? "--batch takes the names from its file; leave out \"%s\"" : "which name?%s",
                        o.batch ? cli->args[1] : "");
    if (o.batch && not_for_batch(&o))
        return cg_usage(cli, "--%s is for one certificate, not for --batch", not_for_batch(&o));
    o.name = cli->args[1];
    return o.batch ? run_batch(cli, &o) : cg_issue_options_run(cli, &o);
}

const struct cg_verb cg_verb_issue = {
    .name = "issue",
    .group = CG_GROUP_CA,
    .arguments = "broker|bridge|client NAME|--batch FILE",
    .summary = "make a key and a certificate",
    .description =
        "Makes a new key and certificate in live/NAME/: privkey.pem, cert.pem, chain.pem and fullchain.pem.\n"
        "Without --san the name itself becomes one: dns: or ip: where it is one, else a URN (clients only).\n"
        "The certificate is checked as the broker will check it, before anything is written. With --to it is deployed "
        "too.",
    .examples = "certguard issue broker broker.lan --san dns:broker.lan --san ip:192.168.1.10\n"
                "certguard issue broker broker.lan --to /etc/mosquitto/certguard --owner mosquitto\n"
                "certguard issue client sensor1\n"
                "certguard issue client gateway --san uri:urn:dev:gateway --lifetime 180d --key-type p384\n"
                "certguard issue client sensor2 --csr sensor2.csr\n"
                "certguard issue client --batch devices.txt",
    .min_args = 1,
    .max_args = 2,
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct cg_issue_options),
    .run = run,
};
