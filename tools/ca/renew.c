/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renew.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "names.h"
#include "store/clock.h"

#include <openssl/err.h>

#include <unistd.h>

void cg_renewed_clear(struct cg_renewed *renewed)
{
    cg_issued_clear(&renewed->issued);
    cJSON_Delete(renewed->result);
    *renewed = (struct cg_renewed){0};
}

static bool describe(struct cg_renewed *renewed, const struct cg_issue_request *issue)
{
    renewed->generation = issue->generation;
    renewed->new_key = !issue->is_old_key;
    return (renewed->result = cg_issued_json(issue, &renewed->issued));
}

/* A key file that was replaced or mixed up must not be certified, nor a compromised key. */
static EVP_PKEY *load_own_key(const struct cg_issuer *issuer, const char *name, X509 *old, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_error ban = {""};
    EVP_PKEY *key = cg_key_load_plain(cg_ca_path(issuer->ca, path, "live/%s/privkey.pem", name), err);
    const bool fits = key && X509_check_private_key(old, key) == 1;
    if (fits && cg_key_bans_allow(&issuer->bans, key, &ban))
        return key;
    ERR_clear_error();
    if (fits)
        cg_error_set(
            err, "%s. For a new key here, which clients that pin the key must get: certguard -C %s renew %s --new-key",
            ban.text, issuer->ca->word, name);
    else if (key)
        cg_error_set(err,
                     "cannot certify %s: it is not the key of the current certificate of \"%s\". Restore the right key "
                     "from a backup, or make a new key: certguard -C %s renew %s --new-key",
                     path, name, issuer->ca->word, name);
    EVP_PKEY_free(key);
    return NULL;
}

/* If only the device has the key, the new certificate is for the same key. */
static EVP_PKEY *choose_key(const struct cg_issuer *issuer, struct cg_issue_request *issue,
                            const struct cg_renew_params *params, X509 *old, struct cg_error *err)
{
    char path[PATH_MAX];
    const char *name = issue->name;
    if (params->key)
        return EVP_PKEY_up_ref(params->key) ? params->key : NULL;
    issue->private_key = access(cg_ca_path(issuer->ca, path, "live/%s/privkey.pem", name), F_OK) == 0;
    issue->is_old_key = !issue->private_key || params->reuse_key ||
                        (!params->new_key && cg_settings_reuse_key(&issuer->settings, name));
    if (!issue->private_key)
        return X509_get_pubkey(old);
    return issue->is_old_key ? load_own_key(issuer, name, old, err) : cg_key_generate_like(X509_get0_pubkey(old), err);
}

static int64_t old_lifetime(const X509 *old)
{
    int64_t start = 0, end = 0;
    if (!cg_time_seconds(X509_get0_notBefore(old), &start) || !cg_time_seconds(X509_get0_notAfter(old), &end))
        return 0;
    return end - start - CG_BACKDATE + 1;
}

static X509 *old_of(const struct cg_ca *ca, const char *name, const struct cg_renew_params *params,
                    struct cg_error *err)
{
    if (!params->old)
        return cg_ca_live_cert(ca, name, err);
    return X509_up_ref(params->old) ? params->old : NULL;
}

static bool is_revoked(const struct cg_issuer *issuer, const X509 *old)
{
    char *serial = cg_index_serial(X509_get0_serialNumber(old));
    const bool revoked = !serial || cg_serials_has(&issuer->revoked, serial);
    OPENSSL_free(serial);
    return revoked;
}

/* What the request of a renewal is made of. */
struct parts {
    X509 *old;
    GENERAL_NAMES *names;
    CERTIFICATEPOLICIES *policies;
    EVP_PKEY *key;
};

static void parts_free(struct parts *parts)
{
    EVP_PKEY_free(parts->key);
    sk_POLICYINFO_pop_free(parts->policies, POLICYINFO_free);
    GENERAL_NAMES_free(parts->names);
    X509_free(parts->old);
}

static bool set_request(const struct cg_issuer *issuer, struct cg_issue_request *issue, X509 *old,
                        const struct cg_renew_params *params, struct cg_error *err)
{
    const uint32_t both = XKU_SSL_SERVER | XKU_SSL_CLIENT;
    issue->request.profile = params->profile ? params->profile : cg_ca_profile_of(old);
    if (!issue->request.profile)
        return cg_fail_text(
            err,
            "cannot renew \"%s\": its certificate is neither for brokers nor for clients. Choose one: certguard -C "
            "%s renew %s --as broker|bridge|client",
            issue->name, issuer->ca->word, issue->name);
    issue->request.both_purposes = !params->profile && (X509_get_extended_key_usage(old) & both) == both;
    issue->request.path_length = -2;
    issue->request.lifetime = params->lifetime ? params->lifetime : params->profile ? 0 : old_lifetime(old);
    cg_issue_place(issuer->ca, issue);
    return true;
}

/* Fills issue, which borrows the parts; free them in every case. */
static bool prepare(const struct cg_issuer *issuer, struct cg_issue_request *issue,
                    const struct cg_renew_params *params, struct parts *parts, struct cg_error *err)
{
    const char *name = issue->name;
    X509 *old = parts->old;
    const bool is_server = params->profile && params->profile->purpose == CG_PURPOSE_SERVER;
    parts->names = X509_get_ext_d2i(old, NID_subject_alt_name, NULL, NULL);
    parts->policies = X509_get_ext_d2i(old, NID_certificate_policies, NULL, NULL);
    /* an imported certificate may have no SAN */
    bool ok = (parts->names || !params->profile || params->names ||
               ((parts->names = sk_GENERAL_NAME_new_null()) &&
                cg_san_add_default(parts->names, name, is_server, err))) &&
              (parts->key = choose_key(issuer, issue, params, old, err));
    issue->request.key = parts->key;
    issue->request.subject = X509_get_subject_name(old);
    issue->request.names = params->names ? params->names : parts->names;
    issue->request.policies = parts->policies;
    issue->successor = params->successor;
    issue->predecessor = params->old;
    return ok && set_request(issuer, issue, old, params, err);
}

bool cg_renew(const struct cg_issuer *issuer, const char *name, const struct cg_renew_params *params,
              struct cg_renewed *renewed, struct cg_error *err)
{
    struct parts parts = {.old = old_of(issuer->ca, name, params, err)};
    struct cg_issue_request issue = {.name = name, .settings = params->remember_key ? &issuer->settings : NULL};
    *renewed = (struct cg_renewed){0};
    bool ok = parts.old;
    if (ok && is_revoked(issuer, parts.old))
        ok = cg_fail_text(err, "cannot renew \"%s\": it is revoked. For a new certificate: certguard issue", name);
    ok = ok && prepare(issuer, &issue, params, &parts, err) && cg_issue_make(issuer, &issue, &renewed->issued, err) &&
         describe(renewed, &issue) && (!params->write || cg_issue_write(issuer, &issue, &renewed->issued, err));
    parts_free(&parts);
    return ok;
}

bool cg_renew_job(const char *name, const struct cg_renew_params *params, struct cg_issue_job *job)
{
    struct parts parts = {.old = old_of(job->ca, name, params, &job->err)};
    job->issue.name = name;
    job->skipped = parts.old && is_revoked(job->issuer, parts.old);
    bool ok = parts.old && (job->skipped ||
                            (prepare(job->issuer, &job->issue, params, &parts, &job->err) && cg_issue_job_make(job)));
    parts_free(&parts);
    return ok;
}

bool cg_renewed_of_job(const struct cg_issue_job *job, struct cg_renewed *renewed)
{
    *renewed = (struct cg_renewed){.issued = job->issued};
    return describe(renewed, &job->issue);
}
