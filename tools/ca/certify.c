/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "certify.h"
#include "core/cert/name.h"
#include "csr.h"
#include "p12.h"

#include <openssl/err.h>

#include <stdio.h>
#include <string.h>

bool cg_certificate_policy_ok(const struct cg_certificate_policy *policy, struct cg_error *err)
{
    ASN1_OBJECT *object = policy->oid ? OBJ_txt2obj(policy->oid, 1) : NULL;
    bool ok = false;
    if (!policy->oid && (policy->cps || policy->text))
        cg_error_set(err, "--cps and --policy-text need a policy. Name it with --policy-oid");
    else if (policy->oid && !object)
        cg_error_set(err, "--policy-oid %s: expected dotted numbers, for example 1.3.6.1.4.1.99999.1", policy->oid);
    else if (policy->cps &&
             (strncmp(policy->cps, "https://", 8) != 0 || strstr(policy->cps, "localhost") || !policy->cps[8]))
        cg_error_set(err, "--cps %s: expected an https address that others can reach", policy->cps);
    else if (policy->text && (!*policy->text || strlen(policy->text) > 200))
        cg_error_set(err, "--policy-text: expected 1 to 200 characters, found %zu", strlen(policy->text));
    else
        ok = true;
    ASN1_OBJECT_free(object);
    ERR_clear_error();
    return ok;
}

static GENERAL_NAMES *make_names(const struct cg_certify_request *o, struct cg_error *err)
{
    GENERAL_NAMES *names = o->csr && o->accept_names ? cg_csr_names(o->csr, err) : sk_GENERAL_NAME_new_null();
    bool ok = names;
    for (size_t i = 0; ok && i < o->nsan; i++)
        ok = cg_san_add(names, o->san[i], err);
    if (ok && sk_GENERAL_NAME_num(names) == 0)
        ok = cg_san_add_default(names, o->name, o->profile->purpose == CG_PURPOSE_SERVER, err);
    if (!ok) {
        GENERAL_NAMES_free(names);
        return NULL;
    }
    return names;
}

/* A second device must not get the name by mistake, until its certificate is revoked or has expired. */
static bool name_is_free(const struct cg_issuer *issuer, const struct cg_issue_request *issue, struct cg_error *err)
{
    char end[24];
    int64_t until = 0;
    if (!issue->is_live)
        return true;
    X509 *cert = cg_ca_live_cert(issuer->ca, issue->name, err);
    bool ended = cert && cg_time_seconds(X509_get0_notAfter(cert), &until) && until < issuer->now;
    bool is_free = cert && (ended || cg_index_status(&issuer->index, cert) == 'R');
    if (cert && !is_free) {
        cg_date_text(X509_get0_notAfter(cert), end);
        cg_error_set(err,
                     "\"%s\" has a certificate that is valid until %s. For a new one: certguard -C %s renew %s. For "
                     "another device, choose another name, or first: certguard -C %s revoke %s",
                     issue->name, end, issuer->ca->word, issue->name, issuer->ca->word, issue->name);
    }
    X509_free(cert);
    return is_free;
}

void cg_certify_defaults(struct cg_certify_request *wanted, const struct cg_settings *settings)
{
    char key[32];
    snprintf(key, sizeof key, "lifetime.%s", wanted->profile->name);
    if (!wanted->subject.organization)
        wanted->subject.organization = cg_settings_text(settings, "organization");
    if (!wanted->key_type)
        wanted->key_type = cg_settings_text(settings, "key_type");
    if (!wanted->lifetime)
        wanted->lifetime = cg_settings_duration(settings, key);
}

bool cg_certify_prepare(const struct cg_certify_request *wanted, struct cg_certified *certified, struct cg_error *err)
{
    struct cg_subject subject = wanted->subject;
    *certified = (struct cg_certified){.key = NULL};
    if (!subject.common_name)
        subject.common_name = wanted->name;
    certified->key = wanted->csr ? X509_REQ_get_pubkey(wanted->csr) : cg_key_generate(wanted->key_type, err);
    if (!certified->key || !(certified->names = make_names(wanted, err)) ||
        !(certified->subject = cg_subject_make(&subject, err)))
        return false;
    certified->issue = (struct cg_issue_request){
        .name = wanted->name,
        .private_key = !wanted->csr,
        .settings = wanted->settings,
        .request = {.profile = wanted->profile,
                    .subject = certified->subject,
                    .key = certified->key,
                    .names = certified->names,
                    .policy = &wanted->policy,
                    .both_purposes = wanted->both_purposes,
                    .path_length = -2,
                    .lifetime = wanted->lifetime},
    };
    return true;
}

static bool write_p12(const struct cg_ca *ca, const struct cg_certify_request *wanted,
                      const struct cg_certified *certified, struct cg_error *err)
{
    const struct cg_bundle bundle = {ca, wanted->name, certified->issued.cert, certified->key};
    BIO *bio = BIO_new(BIO_s_mem());
    const bool ok = bio && cg_p12_put(bio, &bundle, wanted->p12_passphrase, false, err) &&
                    cg_bio_write(bio, wanted->p12, err);
    BIO_free(bio);
    if (!ok)
        cg_error_prefix(
            err,
            "the certificate was made, but not the PKCS#12 file. Write it with: certguard -C %s export %s --p12 FILE",
            ca->word, wanted->name);
    return ok;
}

bool cg_certify(const struct cg_issuer *issuer, const struct cg_certify_request *wanted, struct cg_certified *certified,
                struct cg_error *err)
{
    const bool dry_run = issuer->ca->options.dry_run;
    struct cg_issue_request *issue = &certified->issue;
    cg_issue_place(issuer->ca, issue);
    return name_is_free(issuer, issue, err) && cg_issue_make(issuer, issue, &certified->issued, err) &&
           (dry_run || cg_issue_write(issuer, issue, &certified->issued, err)) &&
           (dry_run || !wanted->p12 || write_p12(issuer->ca, wanted, certified, err));
}

void cg_certified_clear(struct cg_certified *certified)
{
    EVP_PKEY_free(certified->key);
    GENERAL_NAMES_free(certified->names);
    X509_NAME_free(certified->subject);
    cg_issued_clear(&certified->issued);
    *certified = (struct cg_certified){.key = NULL};
}
