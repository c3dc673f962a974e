/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "issue_options.h"
#include "base/failure.h"
#include "broker/tls_probe.h"
#include "ca/csr.h"
#include "ca_options.h"
#include "cli/output.h"
#include "core/cert/name.h"
#include "deploy/deploy.h"
#include "hooks.h"
#include "lint/lint.h"
#include "passphrase.h"
#include "store/target_path.h"

/* Lint errors prevent issuing; warnings are only shown. */
static void warn_lint(const struct cg_cli *cli, X509 *cert)
{
    struct cg_lint *lint = cg_lint_new(cli->now);
    bool ok = lint && cg_lint_add_certificate(lint, cert) && cg_lint_run(lint);
    for (size_t i = 0; ok && i < cg_lint_count(lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(lint, i);
        if (f->row->severity == CG_LINT_WARNING)
            cg_warn(cli, "%s (%s)%s%s", f->row->why, f->row->id, f->detail[0] ? ": " : "", f->detail);
    }
    cg_lint_free(lint);
}

struct run {
    const struct cg_issue_options *options;
    struct cg_certify_request request;
    struct cg_settings settings;
    X509_REQ *csr;
    struct cg_certified certified;
    struct cg_targets targets;
    char secret[CG_PASSPHRASE_MAX]; /* of the PKCS#12 file */
};

static void say_next(const struct cg_cli *cli, const struct run *run)
{
    const char *name = run->request.name;
    if (run->request.profile->purpose == CG_PURPOSE_SERVER)
        cg_say(cli, "Next: deploy it to the broker:\n  %s deploy %s --to /etc/mosquitto/certguard --owner mosquitto",
               cli->prefix, name);
    else
        cg_say(cli, "Next: copy %sfullchain.pem and %s/ca.pem to the device over a secure channel.",
               run->csr ? "" : "privkey.pem, ", cli->dir);
}

static void say_issued(const struct cg_cli *cli, const struct cg_ca *ca, const struct run *run)
{
    const struct cg_issue_request *issue = &run->certified.issue;
    const struct cg_issued *issued = &run->certified.issued;
    const char *what = run->request.profile->what;
    char end[24], serial[CG_SERIAL_TEXT_MAX];
    cg_date_text(X509_get0_notAfter(issued->cert), end);
    cg_say_shortened(cli, ca, issued->shortened);
    warn_lint(cli, issued->cert);
    const char *warning = run->csr ? NULL : cg_key_type_warning(run->request.key_type);
    if (warning)
        cg_warn(cli, "%s", warning);
    if (cli->dry_run) {
        cg_say(cli, "Would issue the %s \"%s\", valid until %s. Nothing was written.", what, issue->name, end);
        cg_say_hooks(cli, &run->targets);
        return;
    }
    cg_say(cli, "Issued the %s \"%s\", serial %s, valid until %s:", what, issue->name,
           cg_index_serial_text(issued->serial, serial), end);
    cg_say(cli, "  %s/live/%s/%scert.pem, chain.pem, fullchain.pem", cli->dir, issue->name,
           issue->private_key ? "privkey.pem, " : "");
    for (size_t i = 0; i < run->targets.count; i++)
        cg_say(cli, "Deployed to %s.", run->targets.item[i].to);
    if (!run->targets.count)
        say_next(cli, run);
}

/* Before the lock is taken: checks the name and prompts for passphrases. */
static bool prompt(const struct cg_cli *cli, struct run *run, struct cg_error *err)
{
    const struct cg_issue_options *o = run->options;
    if (!cg_ca_name_valid(o->request.name, err) ||
        (o->request.p12 && !cg_passphrase_new(o->p12_passphrase_file, "p12-passphrase-file",
                                              "Passphrase for the PKCS#12 file", run->secret, err)))
        return false;
    cg_passphrase_ahead(cli, "ca");
    return true;
}

static void show_extension(const struct cg_cli *cli, X509_EXTENSION *extension)
{
    char name[128], text[256], *data = NULL;
    OBJ_obj2txt(name, sizeof name, X509_EXTENSION_get_object(extension), 0);
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio && !X509V3_EXT_print(bio, extension, X509V3_EXT_DUMP_UNKNOWN, 0))
        BIO_puts(bio, "(unreadable)");
    long len = bio ? BIO_get_mem_data(bio, &data) : 0;
    cg_text_escape(data ? data : "", (size_t)len, text, sizeof text);
    cg_say(cli, "  %s: %s", name, text);
    BIO_free(bio);
}

static void show_csr(const struct cg_cli *cli, const char *path, X509_REQ *csr)
{
    char subject[512];
    cg_name_text(X509_REQ_get_subject_name(csr), subject, sizeof subject);
    cg_say(cli, "%s requests: subject %s", path, *subject ? subject : "(empty)");
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(csr);
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
        show_extension(cli, sk_X509_EXTENSION_value(extensions, i));
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static bool fill_request(const struct cg_ca *ca, struct run *run, struct cg_error *err)
{
    const struct cg_issue_options *o = run->options;
    run->request = o->request;
    run->request.csr = run->csr;
    run->request.san = o->san.item;
    run->request.nsan = o->san.count;
    run->request.p12_passphrase = run->secret;
    if (!cg_settings_load(&run->settings, ca->dir, err))
        return false;
    cg_certify_defaults(&run->request, &run->settings);
    run->request.settings = o->reuse_key ? &run->settings : NULL;
    return !o->reuse_key || cg_settings_set_reuse_key(&run->settings, o->request.name, true, err);
}

static bool prepare(const struct cg_cli *cli, const struct cg_ca *ca, struct run *run, struct cg_error *err)
{
    const struct cg_issue_options *o = run->options;
    const char *name = o->request.name;
    if (!cg_certificate_policy_ok(&o->request.policy, err) || !cg_targets_load(ca, name, &run->targets, err) ||
        !cg_targets_merge(ca, name, &run->targets, &o->place, err) ||
        (o->request.p12 && !cg_path_is_outside(o->request.p12, ca->dir, err)))
        return false;
    if (!run->targets.count && cg_deploy_option_given(&o->place))
        return cg_fail_text(err, "--%s needs a folder to deploy to; add --to FOLDER",
                            cg_deploy_option_given(&o->place));
    if (o->csr && !(run->csr = cg_csr_load(o->csr, err)))
        return false;
    if (run->csr)
        show_csr(cli, o->csr, run->csr);
    return fill_request(ca, run, err) && cg_certify_prepare(&run->request, &run->certified, err);
}

static int issue(const struct cg_cli *cli, struct cg_ca *ca, struct run *run, struct cg_error *err)
{
    const char *name = run->request.name;
    struct cg_issuer issuer;
    cg_warn_targets(cli, ca, &run->targets);
    bool ok = cg_verb_open_issuer(&issuer, cli, ca, err) && cg_certify(&issuer, &run->request, &run->certified, err) &&
              (cli->dry_run || !run->targets.count || cg_deploy_and_remember(ca, name, &run->targets, err));
    cJSON *result = ok ? cg_issued_json(&run->certified.issue, &run->certified.issued) : NULL;
    if (ok)
        say_issued(cli, ca, run);
    cg_issuer_close(&issuer);
    const bool done = cli->dry_run || cg_verb_hooks(cli, ca, &name, 1, cJSON_AddArrayToObject(result, "hooks"));
    if (ok)
        cg_result_of_run(cli, result);
    return !ok ? CG_EXIT_FAILED : done ? CG_EXIT_OK : CG_REPORTED(CG_EXIT_FAILED);
}

static int prepare_and_issue(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    return prepare(cli, ca, context, err) ? issue(cli, ca, context, err) : CG_EXIT_FAILED;
}

/* The subject that is typed. Without a common name, that is NAME or the request's. */
static struct cg_subject subject_of(const struct cg_issue_options *o)
{
    struct cg_subject subject = o->request.subject;
    if (!subject.common_name)
        subject.common_name = o->request.name ? o->request.name : "x";
    return subject;
}

bool cg_issue_options_check(const struct cg_issue_options *options, struct cg_error *err)
{
    const struct cg_subject subject = subject_of(options);
    return (!options->request.name || cg_ca_name_valid(options->request.name, err)) &&
           cg_san_list_ok(options->san.item, options->san.count, err) && cg_subject_ok(&subject, err) &&
           cg_certificate_policy_ok(&options->request.policy, err) && cg_deploy_options_ok(&options->place, err) &&
           cg_host_port_ok(options->place.connect, "--connect", err);
}

int cg_issue_options_run(const struct cg_cli *cli, const struct cg_issue_options *options)
{
    struct cg_error err = {""};
    struct run run = {.options = options};
    int code = prompt(cli, &run, &err) ? cg_verb_with_ca(cli, CG_CA_WRITE, prepare_and_issue, &run)
                                       : cg_fail(cli, CG_EXIT_FAILED, &err);
    cg_certified_clear(&run.certified);
    cg_settings_free(&run.settings);
    X509_REQ_free(run.csr);
    cg_targets_clear(&run.targets);
    OPENSSL_cleanse(run.secret, sizeof run.secret);
    return code;
}
