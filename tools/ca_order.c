/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_order.h"
#include "ca_csr.h"
#include "ca_issue.h"
#include "ca_names.h"
#include "ca_p12.h"
#include "core/moment.h"
#include "fault.h"
#include "lint.h"
#include "output.h"
#include "target_ca.h"

#include <openssl/err.h>

#include <string.h>

/* RFC 5280 4.2.1.4, and what a user notice may hold */
bool cg_order_policy_ok(const struct cg_order_options *o, struct cg_error *err)
{
    ASN1_OBJECT *object = o->policy_oid ? OBJ_txt2obj(o->policy_oid, 1) : NULL;
    bool good = false;
    if (!o->policy_oid && (o->cps || o->policy_text))
        cg_error_set(err, "--cps and --policy-text belong to a policy; name it with --policy-oid");
    else if (o->policy_oid && !object)
        cg_error_set(err, "--policy-oid %s: expected dotted numbers as 1.3.6.1.4.1.99999.1", o->policy_oid);
    else if (o->cps && (strncmp(o->cps, "https://", 8) != 0 || strstr(o->cps, "localhost") || !o->cps[8]))
        cg_error_set(err, "--cps %s: expected an https address that others can open", o->cps);
    else if (o->policy_text && (!*o->policy_text || strlen(o->policy_text) > 200))
        cg_error_set(err, "--policy-text: expected 1 to 200 characters, found %zu", strlen(o->policy_text));
    else
        good = true;
    ASN1_OBJECT_free(object);
    ERR_clear_error();
    return good;
}

static GENERAL_NAMES *make_names(const struct cg_order_options *o, X509_REQ *csr, struct cg_error *err)
{
    GENERAL_NAMES *names = csr && o->accept_names ? cg_csr_names(csr, err) : sk_GENERAL_NAME_new_null();
    bool good = names;
    for (size_t i = 0; good && i < o->san.count; i++)
        good = cg_san_add(names, o->san.item[i], err);
    if (good && sk_GENERAL_NAME_num(names) == 0)
        good = cg_san_add_default(names, o->name, o->profile->purpose == CG_PURPOSE_SERVER, err);
    if (!good) {
        GENERAL_NAMES_free(names);
        return NULL;
    }
    return names;
}

/* A name is given once, until its certificate is revoked or over: a second device must not take it by mistake. */
static bool name_is_free(const struct cg_issuer *issuer, const struct cg_issue_order *order, struct cg_error *err)
{
    char end[24];
    int64_t until = 0;
    if (!order->is_live)
        return true;
    X509 *cert = cg_ca_live_cert(issuer->ca, order->name, err);
    bool ended = cert && cg_time_seconds(X509_get0_notAfter(cert), &until) && until < issuer->now;
    bool over = cert && (ended || cg_index_status(&issuer->index, cert) == 'R');
    if (cert && !over) {
        cg_date_text(X509_get0_notAfter(cert), end);
        cg_error_set(err,
                     "\"%s\" has a certificate, good until %s; for a new one use certguard renew %s, for another "
                     "device another name, or certguard revoke %s first",
                     order->name, end, order->name, order->name);
    }
    X509_free(cert);
    return over;
}

/* Its errors keep a certificate from being issued; these do not. */
static void warn_lint(const struct cg_cli *cli, X509 *cert)
{
    struct cg_lint *lint = cg_lint_new(cli->now);
    bool good = lint && cg_lint_add_certificate(lint, cert) && cg_lint_run(lint);
    for (size_t i = 0; good && i < cg_lint_count(lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(lint, i);
        if (f->row->severity == CG_LINT_WARNING)
            cg_warn(cli, "%s (%s)%s%s", f->row->why, f->row->id, f->detail[0] ? ": " : "", f->detail);
    }
    cg_lint_free(lint);
}

static void tell(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_issue_order *order,
                 const struct cg_issued *issued, const struct cg_order_options *o, const struct cg_targets *targets)
{
    char end[24];
    cg_date_text(X509_get0_notAfter(issued->cert), end);
    cJSON *result = cg_issued_json(order, issued);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_result(cli, result);
    cg_issue_say_shortened(cli, ca, issued->shortened);
    warn_lint(cli, issued->cert);
    const char *warning = o->csr ? NULL : cg_key_type_warning(o->key_type);
    if (warning)
        cg_warn(cli, "%s", warning);
    if (cli->dry_run) {
        cg_say(cli, "Would make the %s \"%s\", good until %s; nothing was written.", o->profile->what, order->name,
               end);
        return;
    }
    cg_say(cli, "Made the %s \"%s\", serial %s, good until %s:", o->profile->what, order->name, issued->serial, end);
    cg_say(cli, "  %s/live/%s/%scert.pem, chain.pem, fullchain.pem", cli->dir, order->name,
           order->private_key ? "privkey.pem, " : "");
    for (size_t i = 0; i < targets->count; i++)
        cg_say(cli, "Deployed to %s.", targets->item[i].to);
    if (targets->count)
        return;
    if (o->profile->purpose == CG_PURPOSE_SERVER)
        cg_say(cli,
               "Next: put it where the broker reads it:\n  certguard -C %s deploy %s --to /etc/mosquitto/certs "
               "--owner mosquitto",
               cli->dir_word, order->name);
    else
        cg_say(cli, "Next: give the device %sfullchain.pem and %s/ca.pem, by a way that nobody can read.",
               order->private_key ? "privkey.pem, " : "", cli->dir);
}

struct making {
    X509_REQ *csr;
    EVP_PKEY *key;
    GENERAL_NAMES *names;
    X509_NAME *subject;
    struct cg_issued issued;
    struct cg_targets targets;
    char secret[CG_PASSPHRASE_MAX]; /* of the PKCS#12 file */
};

static void making_clear(struct making *m)
{
    X509_REQ_free(m->csr);
    EVP_PKEY_free(m->key);
    GENERAL_NAMES_free(m->names);
    X509_NAME_free(m->subject);
    cg_issued_clear(&m->issued);
    cg_targets_clear(&m->targets);
    OPENSSL_cleanse(m->secret, sizeof m->secret);
}

/* Before anything is made, so that a slip of the finger leaves nothing behind, and before the lock is taken. */
static bool ask(const struct cg_cli *cli, const struct cg_order_options *o, struct making *m, struct cg_error *err)
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

static bool prepare(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_order_options *o,
                    struct making *m, struct cg_error *err)
{
    const struct cg_subject subject = {o->common_name ? o->common_name : o->name, o->organization, o->unit, o->country};
    if (!cg_ca_name_valid(o->name, err) || !cg_order_policy_ok(o, err) ||
        !cg_targets_load(ca, o->name, &m->targets, err) || !cg_targets_merge(ca, o->name, &m->targets, &o->place, err))
        return false;
    if (!m->targets.count && (o->place.owner || o->place.group || o->place.mode || o->place.connect)) {
        cg_error_set(
            err, "--owner, --group, --mode and --connect are of files that are deployed; say where with --to FOLDER");
        return false;
    }
    if (o->csr) {
        if (!(m->csr = cg_csr_load(o->csr, err)))
            return false;
        cg_csr_show(cli, o->csr, m->csr);
        m->key = X509_REQ_get_pubkey(m->csr);
    } else {
        m->key = cg_key_generate(o->key_type, err);
    }
    return m->key && (m->names = make_names(o, m->csr, err)) && (m->subject = cg_subject_make(&subject, err));
}

static bool issue(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_order_options *o, struct making *m,
                  struct cg_error *err)
{
    const struct cg_certificate_policy policy = {o->policy_oid, o->cps, o->policy_text};
    struct cg_issuer issuer;
    struct cg_issue_order order = {
        .name = o->name,
        .private_key = !o->csr,
        .request = {.profile = o->profile,
                    .subject = m->subject,
                    .key = m->key,
                    .names = m->names,
                    .policy = &policy,
                    .both_purposes = o->both_purposes,
                    .path_length = -2,
                    .lifetime = o->lifetime.given ? o->lifetime.value : 0},
    };
    cg_issue_place(ca, &order);
    cg_target_warn(cli, ca, &m->targets);
    bool good = cg_issuer_open(&issuer, cli, ca, err) && name_is_free(&issuer, &order, err) &&
                cg_issue_make(&issuer, &order, &m->issued, err) &&
                (cli->dry_run || cg_issue_write(&issuer, &order, &m->issued, err)) &&
                (cli->dry_run || !o->p12 || cg_p12_write(o, ca, m->issued.cert, m->key, m->secret, err)) &&
                (cli->dry_run || !m->targets.count || cg_deploy_and_remember(ca, o->name, &m->targets, err));
    if (good)
        tell(cli, ca, &order, &m->issued, o, &m->targets);
    cg_issuer_close(&issuer);
    return good;
}

int cg_order_run(const struct cg_cli *cli, const struct cg_order_options *options)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    struct making making = {0};
    if (!ask(cli, options, &making, &err)) {
        making_clear(&making);
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    }
    int code = cg_ca_open(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && (!prepare(cli, &ca, options, &making, &err) || !issue(cli, &ca, options, &making, &err)))
        code = CG_EXIT_FAILED;
    making_clear(&making);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}
