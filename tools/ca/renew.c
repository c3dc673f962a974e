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

/* A key file that was replaced or mixed up must not be certified. */
static EVP_PKEY *load_own_key(const char *path, const char *name, X509 *old, struct cg_error *err)
{
    EVP_PKEY *key = cg_key_load_plain(path, err);
    if (key && X509_check_private_key(old, key) == 1)
        return key;
    ERR_clear_error();
    if (key)
        cg_error_set(err,
                     "cannot certify %s: it is not the key of the current certificate of \"%s\". Restore the right key "
                     "from a backup, or renew without --reuse-key, which makes a new key",
                     path, name);
    EVP_PKEY_free(key);
    return NULL;
}

/* If only the device has the key, the new certificate is for the same key. */
static EVP_PKEY *choose_key(const struct cg_issuer *issuer, const char *name, const struct cg_renew_params *params,
                            X509 *old, bool *is_private, struct cg_error *err)
{
    char path[PATH_MAX];
    cg_ca_path(issuer->ca, path, "live/%s/privkey.pem", name);
    *is_private = access(path, F_OK) == 0;
    if (!*is_private)
        return X509_get_pubkey(old);
    return params->reuse_key ? load_own_key(path, name, old, err) : cg_key_generate_like(X509_get0_pubkey(old), err);
}

static int64_t old_lifetime(const X509 *old)
{
    int64_t start = 0, end = 0;
    if (!cg_time_seconds(X509_get0_notBefore(old), &start) || !cg_time_seconds(X509_get0_notAfter(old), &end))
        return 0;
    return end - start - CG_BACKDATE + 1;
}

static bool may_be_renewed(const struct cg_issuer *issuer, const char *name, X509 *old, struct cg_error *err)
{
    if (cg_index_status(&issuer->index, old) != 'R')
        return true;
    return cg_fail_text(err, "cannot renew \"%s\": it is revoked. For a new certificate: certguard issue", name);
}

static bool make(const struct cg_issuer *issuer, struct cg_issue_request *issue, X509 *old,
                 const struct cg_renew_params *params, struct cg_renewed *renewed, struct cg_error *err)
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
    renewed->generation = issue->generation;
    return cg_issue_make(issuer, issue, &renewed->issued, err) &&
           (renewed->result = cg_issued_json(issue, &renewed->issued)) &&
           (!params->write || cg_issue_write(issuer, issue, &renewed->issued, err));
}

bool cg_renew(const struct cg_issuer *issuer, const char *name, const struct cg_renew_params *params,
              struct cg_renewed *renewed, struct cg_error *err)
{
    *renewed = (struct cg_renewed){0};
    X509 *old = cg_ca_live_cert(issuer->ca, name, err);
    if (!old)
        return false;
    GENERAL_NAMES *names = X509_get_ext_d2i(old, NID_subject_alt_name, NULL, NULL);
    CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(old, NID_certificate_policies, NULL, NULL);
    struct cg_issue_request issue = {.name = name};
    bool is_server = params->profile && params->profile->purpose == CG_PURPOSE_SERVER;
    /* an imported certificate may have no SAN */
    bool ok = (names || !params->profile || params->names ||
               ((names = sk_GENERAL_NAME_new_null()) && cg_san_add_default(names, name, is_server, err))) &&
              may_be_renewed(issuer, name, old, err) &&
              (issue.request.key = choose_key(issuer, name, params, old, &issue.private_key, err));
    issue.request.subject = X509_get_subject_name(old);
    issue.request.names = params->names ? params->names : names;
    issue.request.policies = policies;
    renewed->new_key = issue.private_key && !params->reuse_key;
    ok = ok && make(issuer, &issue, old, params, renewed, err);
    EVP_PKEY_free(issue.request.key);
    sk_POLICYINFO_pop_free(policies, POLICYINFO_free);
    GENERAL_NAMES_free(names);
    X509_free(old);
    return ok;
}
