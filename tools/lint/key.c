/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on keys: the public key of a certificate, and private keys in files. */
#include "base/array.h"
#include "core/file/file.h"
#include "rules.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define READ_ONLY                                                                                                      \
    " on a read-only file system. Set the mode at the source of the file. For a Kubernetes secret, use "               \
    "defaultMode: 0440 and the pod's fsGroup"

static bool is_rsa(const EVP_PKEY *key)
{
    return key && (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"));
}

static bool is_ec(const EVP_PKEY *key)
{
    return key && EVP_PKEY_is_a(key, "EC");
}

static bool key_unknown(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "OpenSSL cannot read it");
    return !o->key && !o->encrypted;
}

static bool rsa_small(const struct cg_lint_object *o, char *detail, size_t size)
{
    if (!is_rsa(o->key))
        return false;
    snprintf(detail, size, "%d bits, at least 2048", EVP_PKEY_get_bits(o->key));
    return EVP_PKEY_get_bits(o->key) < 2048;
}

static bool rsa_large(const struct cg_lint_object *o, char *detail, size_t size)
{
    if (!is_rsa(o->key))
        return false;
    snprintf(detail, size, "%d bits, at most 8192", EVP_PKEY_get_bits(o->key));
    return EVP_PKEY_get_bits(o->key) > 8192;
}

static bool rsa_exponent(const struct cg_lint_object *o, char *detail, size_t size)
{
    BIGNUM *e = NULL;
    bool bad = false;
    if (is_rsa(o->key) && EVP_PKEY_get_bn_param(o->key, OSSL_PKEY_PARAM_RSA_E, &e)) {
        char *text = BN_bn2dec(e);
        snprintf(detail, size, "e = %.32s", text ? text : "?");
        OPENSSL_free(text);
        bad = !BN_is_odd(e) || BN_num_bits(e) < 17;
    }
    BN_free(e);
    return bad;
}

static bool ec_explicit(const struct cg_lint_object *o)
{
    char form[32] = "";
    return is_ec(o->key) &&
           EVP_PKEY_get_utf8_string_param(o->key, OSSL_PKEY_PARAM_EC_ENCODING, form, sizeof form, NULL) &&
           strcmp(form, "explicit") == 0;
}

static bool ec_curve(const struct cg_lint_object *o, char *detail, size_t size)
{
    static const char *const usual[] = {"prime256v1", "secp384r1", "secp521r1"};
    char group[64] = "";
    if (!is_ec(o->key) || !EVP_PKEY_get_group_name(o->key, group, sizeof group, NULL))
        return false;
    snprintf(detail, size, "%s", group);
    for (size_t i = 0; i < CG_COUNT(usual); i++)
        if (strcmp(group, usual[i]) == 0)
            return false;
    return true;
}

static bool dsa_key(const struct cg_lint_object *o)
{
    return o->key && EVP_PKEY_is_a(o->key, "DSA");
}

static bool eddsa_key(const struct cg_lint_object *o)
{
    return o->key && (EVP_PKEY_is_a(o->key, "ED25519") || EVP_PKEY_is_a(o->key, "ED448"));
}

static bool open_to_all(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "mode %04o%s", (unsigned)(o->mode & 07777),
             o->file[0] && cg_file_is_read_only(o->file) ? READ_ONLY : "");
    return o->file[0] && o->mode & (S_IROTH | S_IWOTH);
}

static bool open_to_group(const struct cg_lint_object *o, char *detail, size_t size)
{
    snprintf(detail, size, "mode %04o", (unsigned)(o->mode & 07777));
    return o->file[0] && !(o->mode & (S_IROTH | S_IWOTH)) && o->mode & (S_IRGRP | S_IWGRP);
}

static bool ca_key_clear(const struct cg_lint_object *o, char *detail, size_t size)
{
    if (o->encrypted || !o->owner || !o->owner->ca)
        return false;
    snprintf(detail, size, "key of %s", o->owner->file);
    return true;
}

static bool old_cipher(const struct cg_lint_object *o)
{
    return o->old_cipher;
}

#define NEW_KEY "Create a new key: P-256, or RSA with 3072 bits." CG_NEW_CA

static const struct cg_lint_rule public_rules[] = {
    {{"key_unknown", CG_LINT_ERROR, "RFC 5280 4.1.2.7", "The public key cannot be read.",
      "Issue the certificate again with a key that OpenSSL supports."},
     .found = key_unknown},
    {{"rsa_small", CG_LINT_ERROR, "RFC 9325 4.5",
      "The RSA key is too small. The broker starts, but every handshake fails with \"key too small\".", NEW_KEY},
     .found = rsa_small},
    {{"rsa_large", CG_LINT_WARNING, "", "The RSA key is so large that every handshake is slow.", NEW_KEY},
     .found = rsa_large},
    {{"rsa_exponent", CG_LINT_ERROR, "RFC 8017 3.1", "The public exponent of the RSA key is even or below 65537.",
      NEW_KEY},
     .found = rsa_exponent},
    {{"ec_explicit", CG_LINT_ERROR, "RFC 5480 2.1.1",
      "The EC key describes its curve by parameters instead of naming it.", NEW_KEY},
     .holds = ec_explicit},
    {{"ec_curve", CG_LINT_WARNING, "RFC 8446 4.2.7", "TLS 1.3 has no signature scheme for this curve.", NEW_KEY},
     .found = ec_curve},
    {{"dsa_key", CG_LINT_ERROR, "RFC 8446 4.2.3", "TLS 1.3 does not support DSA keys.", NEW_KEY}, .holds = dsa_key},
    {{"eddsa_key", CG_LINT_NOTICE, "", "Devices with mbedTLS (ESP32 and similar) cannot use Ed25519 or Ed448.",
      "Use P-256 if such devices connect."},
     .holds = eddsa_key},
};

const struct cg_lint_rules cg_lint_pkey_rules = {CG_LINT_CERTIFICATE, public_rules, CG_COUNT(public_rules)};

static const struct cg_lint_rule private_rules[] = {
    {{"key_unreadable", CG_LINT_ERROR, "", "The private key cannot be read.",
      "Restore it from a backup, or create a new one."},
     .found = key_unknown},
    {{"key_open_to_all", CG_LINT_ERROR, "", "Every user on this machine may read or change the private key.",
      "Make the user that needs the key its owner (chown), then run: chmod o-rwx FILE. If others had access, create a "
      "new key."},
     .found = open_to_all},
    {{"ca_key_in_clear", CG_LINT_ERROR, "",
      "The CA's private key has no passphrase. Anyone who can read this file can issue certificates.",
      "Encrypt it with: openssl pkcs8 -topk8 -scrypt -in FILE -out NEWFILE. Then delete the old file."},
     .found = ca_key_clear},
    {{"key_open_to_group", CG_LINT_NOTICE, "", "The group of the file may read or change the private key.",
      "This is fine if only the broker is in the group. If not, make the broker's user the owner (chown), then run: "
      "chmod go-rwx FILE"},
     .found = open_to_group},
    {{"key_rsa_small", CG_LINT_ERROR, "RFC 9325 4.5", "The RSA key is too small.", NEW_KEY}, .found = rsa_small},
    {{"key_old_cipher", CG_LINT_WARNING, "RFC 1421 4.6",
      "The key is encrypted in an old format: one round of MD5, so the passphrase is quickly guessed.",
      "Encrypt it again with: openssl pkcs8 -topk8 -scrypt -in FILE -out NEWFILE"},
     .holds = old_cipher},
};

const struct cg_lint_rules cg_lint_key_rules = {CG_LINT_KEY, private_rules, CG_COUNT(private_rules)};
