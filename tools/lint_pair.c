/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules that need two objects: a CA's key in clear or beside the broker's, serials that count up, a leaf that
 * outlives its CA. They see what was given in one run, so lint of a whole folder finds the most. */
#include "cli.h"
#include "core/name.h"
#include "lint_rules.h"

#include <openssl/bn.h>
#include <stdio.h>
#include <string.h>

static bool both_certificates(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return a->kind == CG_LINT_CERTIFICATE && b->kind == CG_LINT_CERTIFICATE;
}

static bool same_certificate(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return both_certificates(a, b) && X509_cmp(a->cert, b->cert) == 0;
}

static bool same_issuer(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return both_certificates(a, b) && !same_certificate(a, b) &&
           X509_NAME_cmp(X509_get_issuer_name(a->cert), X509_get_issuer_name(b->cert)) == 0;
}

static bool same_key(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return a->key && b->key && EVP_PKEY_eq(a->key, b->key) == 1;
}

static bool is_issuer(const struct cg_lint_object *ca, const struct cg_lint_object *cert)
{
    return both_certificates(ca, cert) && ca->ca && X509_check_issued(ca->cert, cert->cert) == X509_V_OK &&
           !same_certificate(ca, cert);
}

static const char *folder_end(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

static bool same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(folder_end(a) - a), m = (size_t)(folder_end(b) - b);
    return n == m && strncmp(a, b, n) == 0;
}

/* MiCA.key belongs to MiCA.crt, also when a passphrase hides it. */
static bool same_stem(const char *a, const char *b)
{
    const char *x = folder_end(a), *y = folder_end(b), *p = strrchr(x, '.'), *q = strrchr(y, '.');
    size_t n = p ? (size_t)(p - x) : strlen(x), m = q ? (size_t)(q - y) : strlen(y);
    return same_folder(a, b) && n == m && n && strncmp(x, y, n) == 0;
}

static bool is_key_of(const struct cg_lint_object *key, const struct cg_lint_object *cert)
{
    return key->kind == CG_LINT_KEY && cert->kind == CG_LINT_CERTIFICATE &&
           (same_key(key, cert) || (key->encrypted && same_stem(key->file, cert->file)));
}

void cg_lint_find_owners(struct cg_lint_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        for (size_t j = 0; objects->item[i].kind == CG_LINT_KEY && j < objects->count; j++)
            if (is_key_of(&objects->item[i], &objects->item[j]))
                objects->item[i].owner = &objects->item[j];
}

/* The tutorial's "cp MiCA.* /etc/mosquitto/...": both keys in one folder. */
static bool ca_key_beside(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!a->owner || !b->owner || !a->owner->ca || b->owner->ca || b->owner->client || !same_folder(a->file, b->file))
        return false;
    snprintf(detail, size, "beside %s", b->file);
    return true;
}

static bool serial_twice(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!same_issuer(a, b) || ASN1_INTEGER_cmp(X509_get0_serialNumber(a->cert), X509_get0_serialNumber(b->cert)) != 0)
        return false;
    cg_serial_text(X509_get0_serialNumber(a->cert), detail, size);
    return true;
}

static bool serial_counts_up(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!same_issuer(a, b))
        return false;
    BIGNUM *x = ASN1_INTEGER_to_BN(X509_get0_serialNumber(a->cert), NULL);
    BIGNUM *y = ASN1_INTEGER_to_BN(X509_get0_serialNumber(b->cert), NULL);
    bool next = x && y && BN_add_word(y, 1) && BN_cmp(x, y) == 0;
    BN_free(x);
    BN_free(y);
    if (next)
        cg_serial_text(X509_get0_serialNumber(a->cert), detail, size);
    return next;
}

static bool outlives_issuer(const struct cg_lint_object *cert, const struct cg_lint_object *ca, char *detail,
                            size_t size)
{
    char mine[32], theirs[32];
    if (!is_issuer(ca, cert) || cert->not_after <= ca->not_after)
        return false;
    cg_time_text(cert->not_after, mine, sizeof mine);
    cg_time_text(ca->not_after, theirs, sizeof theirs);
    snprintf(detail, size, "until %s, the issuer until %s", mine, theirs);
    return true;
}

static bool key_shared(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!both_certificates(a, b) || same_certificate(a, b) || a->ca || b->ca || !same_key(a, b) ||
        X509_NAME_cmp(X509_get_subject_name(a->cert), X509_get_subject_name(b->cert)) == 0)
        return false;
    snprintf(detail, size, "also in %s", b->file);
    return true;
}

/* RFC 8446 4.4.2: each certificate should be followed by its issuer. A trust bundle (CAs only) has no order. */
static bool order(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    (void)detail, (void)size;
    return strcmp(a->file, b->file) == 0 && a > b && is_issuer(b, a) && !a->ca;
}

static bool twice_in_file(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    (void)detail, (void)size;
    return a->file[0] && strcmp(a->file, b->file) == 0 && a > b && same_certificate(a, b);
}

const struct cg_lint_pair_rule cg_lint_pair_rules[] = {
    {{"ca_key_beside_broker", CG_LINT_ERROR, "",
      "The CA's private key lies beside the broker's: who breaks into the broker can make certificates for anyone.",
      "Move it to another machine or a removable disk; the broker needs the CA's certificate alone."},
     ca_key_beside},
    {{"serial_repeated", CG_LINT_ERROR, "RFC 5280 4.1.2.2",
      "Two certificates of one issuer have the same serial number.",
      "Issue one of them again; a CRL can't tell them apart."},
     serial_twice},
    {{"serial_counts_up", CG_LINT_WARNING, "RFC 5280 4.1.2.2",
      "The serial number follows that of another certificate: serials count up instead of being random.",
      "Issue with random serial numbers; certguard draws 159 bits."},
     serial_counts_up},
    {{"outlives_issuer", CG_LINT_WARNING, "RFC 5280 4.1.2.5",
      "The certificate is dated to live longer than its CA: it will break earlier than it says.",
      "Issue for less time, or replace the CA first."},
     outlives_issuer},
    {{"key_shared", CG_LINT_WARNING, "", "Two certificates for different names have the same key.",
      "Give each device and each broker its own key."},
     key_shared},
    {{"chain_order", CG_LINT_ERROR, "RFC 8446 4.4.2",
      "The certificate stands after its issuer; the end entity comes first.",
      "Write it in order: cat leaf.pem intermediate.pem >fullchain.pem"},
     order},
    {{"certificate_twice", CG_LINT_WARNING, "", "The certificate is twice in the file.", "Remove one of them."},
     twice_in_file},
};
const size_t cg_lint_pair_rules_count = CG_COUNT(cg_lint_pair_rules);
