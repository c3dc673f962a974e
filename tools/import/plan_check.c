/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plan_check.h"
#include "ca/issue.h"
#include "ca/key.h"
#include "ca/names.h"
#include "core/base/datetime.h"

#define LIFETIME (3650 * CG_DAY)

/* Signatures of keys that OpenSSL refuses at every security level that brokers run at: no certificate heals that. */
static bool key_is_strong(const struct cg_ca *ca, const struct cg_import_scan *scan, struct cg_error *err)
{
    int bits = EVP_PKEY_get_bits(scan->key);
    if (cg_key_is_strong(scan->key))
        return true;
    cg_error_set(
        err,
        "%s: the CA's key is too small (%s, %d bits): every TLS handshake under it fails with \"ca key too "
        "small\", so it cannot be adopted. Make a new CA (certguard -C %s init), issue for the same names, give "
        "devices the new ca.pem beside the old one, and retire the old CA when the last device has it",
        scan->key_file, EVP_PKEY_get0_type_name(scan->key), bits, ca->word);
    return false;
}

/* easy-rsa writes the CA's serial number into the authorityKeyIdentifier of all that it issues. */
static bool serial_is_named(const struct cg_import_scan *scan)
{
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind == CG_LINT_CERTIFICATE && o->aki && o->aki->serial && cg_import_scan_issued(scan, o->cert))
            return true;
    }
    return false;
}

/* Same name, key and key identifier: what it issued goes on to verify, also for those who trust the old one. */
static bool renew_ca(struct cg_ca *ca, const struct cg_import_scan *scan, bool *keeps_serial, struct cg_error *err)
{
    bool shortened = false;
    if (cg_ca_is_two_tier(ca)) {
        cg_error_set(err, "--renew-ca: %s was issued by another CA; issue it again there, then import",
                     scan->cert_file);
        return false;
    }
    *keeps_serial = serial_is_named(scan);
    const struct cg_certificate_request request = {.profile = cg_ca_profile_find("root"),
                                                   .subject = X509_get_subject_name(scan->cert),
                                                   .key = scan->key,
                                                   .key_id = X509_get0_subject_key_id(scan->cert),
                                                   .serial = *keeps_serial ? X509_get0_serialNumber(scan->cert) : NULL,
                                                   .path_length = -2,
                                                   .now = ca->options.now,
                                                   .lifetime = LIFETIME};
    X509 *cert = cg_sign_certificate(&request, NULL, scan->key, &shortened, err);
    if (!cert || !X509_up_ref(cert))
        return false;
    X509_free(ca->cert);
    X509_free(ca->root);
    ca->cert = ca->root = cert;
    return true;
}

/* What this CA is going to issue must pass the plugin: tried with a certificate that is thrown away. */
static bool can_issue(const struct cg_ca *ca, const struct cg_import_scan *scan, bool renewed, struct cg_error *err)
{
    const struct cg_subject subject = {.common_name = "probe"};
    struct cg_issuer issuer = {.ca = ca, .key = scan->key, .now = ca->options.now};
    struct cg_issued issued = {0};
    struct cg_issue_request issue = {.name = "probe",
                                     .request = {.profile = cg_ca_profile_find("client"), .path_length = -2}};
    X509_NAME *made = cg_subject_make(&subject, err);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = made && names && cg_san_add_default(names, "probe_device", false, err) &&
              (issue.request.key = cg_key_generate(NULL, err)) && cg_ca_checker_open(&issuer.checker, ca, err);
    issue.request.subject = made;
    issue.request.names = names;
    if (ok && !(ok = cg_issue_make(&issuer, &issue, &issued, err)))
        cg_error_prefix(err, "%s: what this CA issues would be refused%s", scan->cert_file,
                        renewed ? "" : "; try --renew-ca, which makes its certificate anew with the same key");
    cg_issued_clear(&issued);
    cg_ca_checker_close(&issuer.checker);
    EVP_PKEY_free(issue.request.key);
    X509_NAME_free(made);
    GENERAL_NAMES_free(names);
    return ok;
}

bool cg_import_check_ca(struct cg_ca *ca, const struct cg_import_scan *scan, bool renew, bool *keeps_serial,
                        struct cg_error *err)
{
    *keeps_serial = false;
    return key_is_strong(ca, scan, err) && X509_up_ref(scan->cert) && (ca->cert = scan->cert) &&
           X509_up_ref(scan->root) && (ca->root = scan->root) && (!renew || renew_ca(ca, scan, keeps_serial, err)) &&
           can_issue(ca, scan, renew, err);
}

/* A CA whose own key was revoked as compromised cannot be told from whoever has that key too. */
bool cg_import_key_is_sound(const struct cg_import_scan *scan, const struct cg_import_plan *plan, struct cg_error *err)
{
    struct cg_key_bans bans;
    bool ok = cg_import_plan_bans(&bans, plan, err) && cg_key_bans_allow(&bans, X509_get0_pubkey(scan->cert), err);
    if (!ok)
        cg_error_prefix(err, "%s cannot be adopted", scan->cert_file);
    cg_key_bans_free(&bans);
    return ok;
}
