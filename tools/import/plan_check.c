/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plan_check.h"
#include "base/failure.h"
#include "ca/certify.h"
#include "core/base/datetime.h"

#define LIFETIME (3650 * CG_DAY)

/* OpenSSL refuses signatures of smaller keys at every security level of brokers, whatever the certificates. */
static bool key_is_strong(const struct cg_ca *ca, const struct cg_import_scan *scan, struct cg_error *err)
{
    int bits = EVP_PKEY_get_bits(scan->key);
    if (cg_key_is_strong(scan->key))
        return true;
    return cg_fail_text(
        err,
        "cannot import the CA: its key %s is too small (%s, %d bits), and every TLS handshake fails with \"ca key "
        "too small\". Make a new CA (certguard -C %s init), issue for the same names, give devices the new ca.pem "
        "together with the old one, and retire the old CA when all devices have it",
        scan->key_file, EVP_PKEY_get0_type_name(scan->key), bits, ca->word);
}

/* easy-rsa writes the CA's serial number into the authorityKeyIdentifier of its certificates. */
static bool serial_is_named(const struct cg_import_scan *scan)
{
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind == CG_LINT_CERTIFICATE && o->aki && o->aki->serial && cg_import_scan_issued(scan, o->cert))
            return true;
    }
    return false;
}

/* With the same name, key and key identifier its certificates still verify, also for peers that trust the old one. */
static bool renew_ca(struct cg_ca *ca, const struct cg_import_scan *scan, bool *keeps_serial, struct cg_error *err)
{
    bool shortened = false;
    if (cg_ca_is_two_tier(ca))
        return cg_fail_text(err, "cannot use --renew-ca: another CA issued %s. Issue it again there, then import",
                            scan->cert_file);
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

/* The plugin must accept the certificates of this CA: tested with a certificate that is discarded. */
static bool can_issue(const struct cg_ca *ca, const struct cg_import_scan *scan, bool renewed, struct cg_error *err)
{
    const struct cg_certify_request wanted = {.profile = cg_ca_profile_find("client"), .name = "probe_device"};
    struct cg_issuer issuer = {.ca = ca, .key = scan->key, .now = ca->options.now};
    struct cg_certified probe;
    bool ok = cg_certify_prepare(&wanted, &probe, err) && cg_ca_checker_open(&issuer.checker, ca, err);
    if (ok && !(ok = cg_issue_make(&issuer, &probe.issue, &probe.issued, err)))
        cg_error_prefix(err, "the plugin would refuse certificates issued by %s%s", scan->cert_file,
                        renewed ? "" : " (try --renew-ca, which makes a new certificate for the same key)");
    cg_certified_clear(&probe);
    cg_ca_checker_close(&issuer.checker);
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

/* If the CA's own key was revoked as compromised, someone else may issue with it. */
bool cg_import_key_is_sound(const struct cg_import_scan *scan, const struct cg_import_plan *plan, struct cg_error *err)
{
    struct cg_key_bans bans;
    bool ok = cg_import_plan_bans(&bans, plan, err) && cg_key_bans_allow(&bans, X509_get0_pubkey(scan->cert), err);
    if (!ok)
        cg_error_prefix(err, "cannot import %s", scan->cert_file);
    cg_key_bans_free(&bans);
    return ok;
}
