/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "issue_options.h"
#include "ca/certify.h"
#include "ca/csr.h"
#include "ca_options.h"
#include "cli/output.h"
#include "core/cert/name.h"
#include "deploy/deploy.h"
#include "lint/lint.h"
#include "passphrase.h"

#include <string.h>

struct cg_certificate_policy cg_issue_options_policy(const struct cg_issue_options *o)
{
    return (struct cg_certificate_policy){o->policy_oid, o->cps, o->policy_text};
}

/* Its errors keep a certificate from being issued; these do not. */
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

struct making {
    X509_REQ *csr;
    struct cg_certify_request request;
    struct cg_certified certified;
    struct cg_targets targets;
    char secret[CG_PASSPHRASE_MAX]; /* of the PKCS#12 file */
};

static void making_clear(struct making *m)
{
    cg_certified_clear(&m->certified);
    X509_REQ_free(m->csr);
    cg_targets_clear(&m->targets);
    OPENSSL_cleanse(m->secret, sizeof m->secret);
}

static void tell(const struct cg_cli *cli, const struct cg_ca *ca, const struct making *m,
                 const struct cg_issue_options *o)
{
    const struct cg_issue_request *issue = &m->certified.issue;
    const struct cg_issued *issued = &m->certified.issued;
    const struct cg_targets *targets = &m->targets;
    char end[24];
    cg_date_text(X509_get0_notAfter(issued->cert), end);
    cJSON *result = cg_issued_json(issue, issued);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_result(cli, result);
    cg_say_shortened(cli, ca, issued->shortened);
    warn_lint(cli, issued->cert);
    const char *warning = o->csr ? NULL : cg_key_type_warning(o->key_type);
    if (warning)
        cg_warn(cli, "%s", warning);
    if (cli->dry_run) {
        cg_say(cli, "Would make the %s \"%s\", good until %s; nothing was written.", o->profile->what, issue->name,
               end);
        return;
    }
    cg_say(cli, "Made the %s \"%s\", serial %s, good until %s:", o->profile->what, issue->name, issued->serial, end);
    cg_say(cli, "  %s/live/%s/%scert.pem, chain.pem, fullchain.pem", cli->dir, issue->name,
           issue->private_key ? "privkey.pem, " : "");
    for (size_t i = 0; i < targets->count; i++)
        cg_say(cli, "Deployed to %s.", targets->item[i].to);
    if (targets->count)
        return;
    if (o->profile->purpose == CG_PURPOSE_SERVER)
        cg_say(cli,
               "Next: put it where the broker reads it:\n  certguard -C %s deploy %s --to /etc/mosquitto/certs "
               "--owner mosquitto",
               cli->dir_word, issue->name);
    else
        cg_say(cli, "Next: give the device %sfullchain.pem and %s/ca.pem, by a way that nobody can read.",
               issue->private_key ? "privkey.pem, " : "", cli->dir);
}

/* Before anything is made, so that a slip of the finger leaves nothing behind, and before the lock is taken. */
static bool ask(const struct cg_cli *cli, const struct cg_issue_options *o, struct making *m, struct cg_error *err)
{
    if (!cg_ca_name_valid(o->name, err))
        return false;
    if (o->p12 && o->csr) {
        cg_error_set(err, "--p12 needs the private key, which is not here with --csr");
        return false;
    }
    if (o->p12 && !cg_passphrase_new(o->p12_passphrase_file, "p12-passphrase-file", "Passphrase for the PKCS#12 file",
                                     m->secret, err))
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

/* What the request asks for, extension by extension. */
static void show_csr(const struct cg_cli *cli, const char *path, X509_REQ *csr)
{
    char subject[512];
    cg_name_text(X509_REQ_get_subject_name(csr), subject, sizeof subject);
    cg_say(cli, "%s asks for: subject %s", path, *subject ? subject : "(empty)");
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(csr);
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
        show_extension(cli, sk_X509_EXTENSION_value(extensions, i));
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static struct cg_certify_request request_of(const struct cg_issue_options *o, const struct making *m)
{
    return (struct cg_certify_request){.profile = o->profile,
                                       .name = o->name,
                                       .subject = {o->common_name, o->organization, o->unit, o->country},
                                       .key_type = o->key_type,
                                       .csr = m->csr,
                                       .accept_names = o->accept_names,
                                       .both_purposes = o->both_purposes,
                                       .san = o->san.item,
                                       .nsan = o->san.count,
                                       .policy = cg_issue_options_policy(o),
                                       .lifetime = o->lifetime.value,
                                       .p12 = o->p12,
                                       .p12_passphrase = m->secret};
}

static bool prepare(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_issue_options *o,
                    struct making *m, struct cg_error *err)
{
    const struct cg_certificate_policy policy = cg_issue_options_policy(o);
    if (!cg_ca_name_valid(o->name, err) || !cg_certificate_policy_ok(&policy, err) ||
        !cg_targets_load(ca, o->name, &m->targets, err) || !cg_targets_merge(ca, o->name, &m->targets, &o->place, err))
        return false;
    if (!m->targets.count && (o->place.owner || o->place.group || o->place.mode || o->place.connect)) {
        cg_error_set(
            err, "--owner, --group, --mode and --connect are of files that are deployed; say where with --to FOLDER");
        return false;
    }
    if (o->csr && !(m->csr = cg_csr_load(o->csr, err)))
        return false;
    if (m->csr)
        show_csr(cli, o->csr, m->csr);
    m->request = request_of(o, m);
    return cg_certify_prepare(&m->request, &m->certified, err);
}

static bool issue(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_issue_options *o, struct making *m,
                  struct cg_error *err)
{
    struct cg_issuer issuer;
    cg_warn_targets(cli, ca, &m->targets);
    bool ok = cg_verb_open_issuer(&issuer, cli, ca, err) && cg_certify(&issuer, &m->request, &m->certified, err) &&
              (cli->dry_run || !m->targets.count || cg_deploy_and_remember(ca, o->name, &m->targets, err));
    if (ok)
        tell(cli, ca, m, o);
    cg_issuer_close(&issuer);
    return ok;
}

int cg_issue_options_run(const struct cg_cli *cli, const struct cg_issue_options *options)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    struct making making = {0};
    if (!ask(cli, options, &making, &err)) {
        making_clear(&making);
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    }
    int code = cg_verb_open_ca(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && (!prepare(cli, &ca, options, &making, &err) || !issue(cli, &ca, options, &making, &err)))
        code = CG_EXIT_FAILED;
    making_clear(&making);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}
