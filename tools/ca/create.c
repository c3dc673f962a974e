/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "create.h"
#include "base/failure.h"
#include "base/secrets.h"
#include "core/cert/name.h"
#include "crl.h"
#include "issue.h"
#include "store/change.h"

#include <stdio.h>
#include <stdlib.h>

/* One of the one or two CAs. */
struct tier {
    const char *folder; /* "ca", "root" */
    EVP_PKEY *key;
    X509 *cert;
    char *pem;
    const char *uri;        /* of the key; NULL: key.pem is written */
    const char *passphrase; /* encrypts key.pem; NULL: unencrypted */
    struct cg_crl_made crl;
};

static void tier_clear(struct tier *tier)
{
    EVP_PKEY_free(tier->key);
    X509_free(tier->cert);
    free(tier->pem);
    cg_crl_made_clear(&tier->crl);
}

static EVP_PKEY *key_at(const struct cg_ca *ca, const char *uri, struct cg_error *err)
{
    EVP_PKEY *key = cg_key_by_uri(&ca->options.passphrase, uri, err);
    if (!key || cg_key_is_strong(key))
        return key;
    cg_error_set(
        err,
        "cannot use the key %s: %d bits are too few for a CA, and every handshake would fail. Make a P-256 or RSA "
        "3072 key",
        uri, EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
    return NULL;
}

/* Leaves room for one more CA, so that this root can certify a later root. */
static int path_length_of(const struct cg_create_request *wanted, bool is_root)
{
    return !is_root ? -2 : wanted->path_length_is_given ? wanted->path_length : wanted->intermediate ? 2 : 1;
}

static bool make_tier(const struct cg_ca *ca, const struct cg_create_request *wanted, const char *profile,
                      struct tier *tier, const struct tier *parent, struct cg_error *err)
{
    char name[128];
    bool shortened = false;
    const bool is_root = !parent, constrained = is_root && (wanted->permitted.ndns || wanted->permitted.nip);
    const char *base = wanted->subject.common_name ? wanted->subject.common_name : "MQTT CA";
    struct cg_subject subject = wanted->subject;
    snprintf(name, sizeof name, "%s%s", base, is_root && !wanted->intermediate ? "" : is_root ? " Root" : " Issuing");
    subject.common_name = name;
    struct cg_certificate_request request = {.profile = cg_ca_profile_find(profile),
                                             .path_length = path_length_of(wanted, is_root),
                                             .now = ca->options.now,
                                             .lifetime = is_root ? wanted->lifetime : wanted->intermediate_lifetime};
    NAME_CONSTRAINTS *constraints = constrained ? cg_constraints_make(&wanted->permitted, err) : NULL;
    tier->key = tier->uri ? key_at(ca, tier->uri, err) : cg_key_generate(wanted->key_type, err);
    X509_NAME *made = cg_subject_make(&subject, err);
    request.subject = made;
    request.constraints = constraints;
    request.key = tier->key;
    if (tier->key && request.subject && (constraints || !constrained))
        tier->cert = cg_sign_certificate(&request, parent ? parent->cert : NULL, parent ? parent->key : tier->key,
                                         &shortened, err);
    NAME_CONSTRAINTS_free(constraints);
    X509_NAME_free(made);
    return tier->cert && ((tier->pem = cg_cert_pem(tier->cert)) || cg_fail_memory(err));
}

static bool put_key(struct cg_change *change, const struct tier *tier, struct cg_error *err)
{
    char target[32];
    snprintf(target, sizeof target, "%s/key.%s", tier->folder, tier->uri ? "uri" : "pem");
    return tier->uri ? cg_change_put_text(change, target, tier->uri, 0600, err)
                     : cg_key_put(change, target, tier->key, tier->passphrase, err);
}

static bool put_crl(struct cg_change *change, struct tier *tier, int64_t lifetime, const char *other,
                    struct cg_error *err)
{
    const struct cg_crl_write_request request = {.folder = tier->folder,
                                                 .issuer = tier->cert,
                                                 .key = tier->key,
                                                 .now = change->ca->options.now,
                                                 .lifetime = lifetime,
                                                 .other = other};
    return cg_crl_write(change, &request, &tier->crl, err);
}

static bool put_journal(struct cg_change *change, const struct tier *tier, struct cg_error *err)
{
    char subject[512], serial[64];
    cg_name_text(X509_get_subject_name(tier->cert), subject, sizeof subject);
    cg_serial_text(X509_get0_serialNumber(tier->cert), serial, sizeof serial);
    cJSON *entry = cg_json_of("subject", subject, "serial", serial);
    return cg_change_journal(change, "made a CA", entry, err);
}

/* ca/cert.pem is last: it makes the folder a CA. */
static bool write_ca(const struct cg_ca *ca, const struct cg_create_request *wanted, struct tier *root,
                     struct tier *issuing, struct cg_error *err)
{
    struct cg_change change;
    struct tier *issuer = issuing ? issuing : root;
    const char *chain = issuing ? issuing->pem : "";
    bool ok = cg_change_begin(&change, ca, false, err) && put_key(&change, root, err);
    if (issuing)
        ok = ok && put_key(&change, issuing, err) && put_crl(&change, root, 0, "", err) &&
             cg_change_put_text(&change, "root/cert.pem", root->pem, 0644, err) && put_journal(&change, issuing, err);
    ok = ok && put_crl(&change, issuer, wanted->crl_lifetime, issuing ? root->crl.pem : "", err) &&
         put_journal(&change, root, err) && cg_change_put_text(&change, "index.txt", "", 0600, err) &&
         cg_change_put_text(&change, "index.txt.attr", "unique_subject = no\n", 0600, err) &&
         (!wanted->settings || cg_settings_put(&change, wanted->settings, err)) &&
         cg_change_put_text(&change, "chain.pem", chain, 0644, err) &&
         cg_change_put_text(&change, "ca.pem", root->pem, 0644, err) &&
         cg_change_put_text(&change, "ca/cert.pem", issuer->pem, 0644, err);
    return cg_change_end(&change, ok, err);
}

static bool make_all(const struct cg_ca *ca, const struct cg_create_request *wanted, struct tier *root,
                     struct tier *issuing, struct cg_error *err)
{
    struct tier *second = wanted->intermediate ? issuing : NULL;
    cg_secrets_lock();
    return make_tier(ca, wanted, "root", root, NULL, err) &&
           (!second || make_tier(ca, wanted, "intermediate", second, root, err)) &&
           (ca->options.dry_run || write_ca(ca, wanted, root, second, err));
}

bool cg_ca_create(const struct cg_ca *ca, const struct cg_create_request *wanted, struct cg_created *created,
                  struct cg_error *err)
{
    struct tier root = {.folder = wanted->intermediate ? "root" : "ca"}, issuing = {.folder = "ca"};
    struct tier *issuer = wanted->intermediate ? &issuing : &root;
    *created = (struct cg_created){0};
    if (wanted->intermediate)
        root.passphrase = wanted->root_passphrase;
    issuer->passphrase = wanted->passphrase;
    issuer->uri = wanted->key_uri;
    const bool ok = make_all(ca, wanted, &root, &issuing, err);
    if (ok) {
        *created = (struct cg_created){root.cert, issuing.cert};
        root.cert = issuing.cert = NULL;
    }
    tier_clear(&root);
    tier_clear(&issuing);
    return ok;
}

void cg_created_clear(struct cg_created *created)
{
    X509_free(created->root);
    X509_free(created->issuing);
    *created = (struct cg_created){0};
}
