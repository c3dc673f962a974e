/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "ca/batch.h"
#include "ca_options/batch_file.h"
#include "ca_options/ca_options.h"
#include "ca_options/issue_options.h"
#include "ca_options/passphrase.h"
#include "cli/tty.h"
#include "core/file/file.h"
#include "verbs.h"

#include <string.h>

#define BATCH_LIMIT ((size_t)256 << 20)

#define OF(field) offsetof(struct cg_issue_options, field)

static const struct cg_option options[] = {
    CG_CONTENT_ROWS(OF),
    {"key-type", CG_KEY_TYPES,
     "type of the key (default: as in certguard config, else p256); rsa2048 is for devices that support neither P-256 "
     "nor "
     "larger keys",
     CG_OPT_CHOICE, 0, OF(request.key_type)},
    {"reuse-key", NULL, "let renewals keep the key, for clients that pin it; remembered", CG_OPT_FLAG, 0,
     OF(reuse_key)},
    {"batch", "FILE",
     "issue many certificates, one per line of FILE: NAME [TYPE:SAN ...]; existing names are skipped; - is standard "
     "input",
     CG_OPT_FILES, 0, OF(batch)},
    {"p12", "FILE", "also write key and chain as PKCS#12 to FILE, for phones and MQTT tools", CG_OPT_FILE, 0,
     OF(request.p12)},
    {"p12-passphrase-file", "FILE", "passphrase of the PKCS#12 file: first line of FILE (default: prompt)", CG_OPT_FILE,
     0, OF(p12_passphrase_file)},
    CG_PLACE_ROWS(OF),
};

/* An option that was given and applies to one certificate only. */
static const char *single_option(const struct cg_issue_options *o)
{
    const struct {
        const char *name;
        bool given;
    } single[] = {{"reuse-key", o->reuse_key},
                  {"san", o->san.count},
                  {"p12", o->request.p12},
                  {"cn", o->request.subject.common_name}};
    for (size_t i = 0; i < CG_COUNT(single); i++)
        if (single[i].given)
            return single[i].name;
    return cg_deploy_option_given(&o->place);
}

/* ---- --batch */

static void warn_failed(const void *context, unsigned long line, const char *why)
{
    cg_warn(context, "line %lu: %s", line, why);
}

static void print_batch(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_batch_result *made)
{
    cJSON *result = cJSON_CreateObject();
    cJSON_AddNumberToObject(result, "issued", (double)made->made);
    cJSON_AddNumberToObject(result, "skipped", (double)made->skipped);
    cJSON_AddNumberToObject(result, "failed", (double)made->failed);
    cg_result_of_run(cli, result);
    cg_say_shortened(cli, ca, made->shortened);
    cg_say(cli, "%s %zu certificate%s, skipped %zu existing name%s, %zu line%s failed.",
           cli->dry_run ? "Would issue" : "Issued", made->made, cg_plural(made->made), made->skipped,
           cg_plural(made->skipped), made->failed, cg_plural(made->failed));
}

static bool read_batch(const char *file, struct cg_bytes *bytes, struct cg_error *err)
{
    if (!cg_batch_file_read(file, bytes, err))
        return false;
    const unsigned char *nul = bytes->len ? memchr(bytes->data, 0, bytes->len) : NULL;
    size_t line = 1;
    for (const unsigned char *c = bytes->data; nul && c < nul; c++)
        line += *c == '\n';
    return !nul || cg_fail_text(err, "cannot read %s: line %zu contains a NUL byte. Use a text file", file, line);
}

static struct cg_batch_request request_of(const struct cg_cli *cli, const struct cg_certify_request *wanted,
                                          struct cg_progress *progress)
{
    return (struct cg_batch_request){.profile = wanted->profile,
                                     .key_type = wanted->key_type,
                                     .organization = wanted->subject.organization,
                                     .unit = wanted->subject.unit,
                                     .country = wanted->subject.country,
                                     .policy = &wanted->policy,
                                     .lifetime = wanted->lifetime,
                                     .both_purposes = wanted->both_purposes,
                                     .failed = warn_failed,
                                     .progress = progress,
                                     .context = cli};
}

struct batch {
    const struct cg_issue_options *options;
    struct cg_bytes list;
    struct cg_settings settings;
    struct cg_batch_result made;
};

static int issue_batch(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct batch *batch = context;
    struct cg_certify_request wanted = batch->options->request;
    struct cg_issuer issuer = {0};
    int code = CG_EXIT_FAILED;
    if (cg_certificate_policy_ok(&wanted.policy, err) && cg_settings_load(&batch->settings, ca->dir, err) &&
        cg_verb_open_issuer(&issuer, cli, ca, err)) {
        cg_certify_defaults(&wanted, &batch->settings);
        struct cg_progress progress = cg_progress_of(cli, "issued");
        const struct cg_batch_request request = request_of(cli, &wanted, &progress);
        code = cg_ca_exit_code(cg_batch_issue(ca, &issuer, &request, (char *)batch->list.data, &batch->made, err));
    }
    if (code == CG_EXIT_OK)
        print_batch(cli, ca, &batch->made);
    cg_issuer_close(&issuer);
    return code;
}

static int run_batch(const struct cg_cli *cli, const struct cg_issue_options *o)
{
    struct batch batch = {.options = o};
    struct cg_error err = {""};
    int code = CG_EXIT_FAILED;
    if (read_batch(o->batch.item[0], &batch.list, &err)) {
        cg_passphrase_ahead(cli, "ca");
        code = cg_verb_with_ca(cli, CG_CA_WRITE, issue_batch, &batch);
    } else {
        cg_fail(cli, code, &err);
    }
    cg_settings_free(&batch.settings);
    cg_bytes_free(&batch.list);
    return code == CG_EXIT_OK && batch.made.failed ? CG_EXIT_FAILED : code;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    struct cg_issue_options o = *(const struct cg_issue_options *)values;
    o.request.name = o.batch.count ? NULL : cli->args[1];
    return cg_batch_file_check(cli, &o.batch, err) && cg_issue_options_check(&o, err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_issue_options o = *(const struct cg_issue_options *)values;
    o.request.profile = cg_ca_profile_find(cli->args[0]);
    if (!o.request.profile || o.request.profile->is_ca)
        return cg_usage(cli, "unknown type \"%s\"; expected broker, bridge or client", cli->args[0]);
    if (o.batch.count && cli->nargs == 2)
        return cg_usage(cli, "--batch reads the names from its file; leave out \"%s\"", cli->args[1]);
    if (!o.batch.count && cli->nargs == 1)
        return cg_usage(cli, "no name given; expected: certguard issue %s NAME", cli->args[0]);
    if (o.batch.count && single_option(&o))
        return cg_usage(cli, "--%s applies to one certificate and cannot be used with --batch", single_option(&o));
    o.request.name = cli->args[1];
    return o.batch.count ? run_batch(cli, &o) : cg_issue_options_run(cli, &o);
}

const struct cg_verb cg_verb_issue = {
    .name = "issue",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("broker|bridge|client NAME|--batch FILE", 1, 2),
    .completes = CG_WORD_TYPE,
    .summary = "issue a certificate with a new key",
    .description =
        "Creates a key and a certificate in live/NAME/: privkey.pem, cert.pem, chain.pem and fullchain.pem.\n"
        "Without --san, the certificate gets one subject alternative name (SAN) made from NAME: dns: if NAME is\n"
        "a host name, ip: if it is an address. For a client, any other NAME becomes a URN. Before anything is\n"
        "written, certguard checks the certificate as the broker would. With --to it is also deployed. For a key\n"
        "that a device created itself, use certguard sign.",
    .examples = "certguard issue broker broker.lan --san dns:broker.lan --san ip:192.168.1.10\n"
                "certguard issue broker broker.lan --to /etc/mosquitto/certguard --owner mosquitto\n"
                "certguard issue client sensor1\n"
                "certguard issue client gateway --san uri:urn:dev:gateway --lifetime 180d --key-type p384\n"
                "certguard issue client --batch devices.txt",
    .needs_key = true,
    CG_OPTIONS(options, struct cg_issue_options),
    .check = check,
    .run = run,
};
