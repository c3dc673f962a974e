/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules that need two objects: a CA's key beside the broker's, serials that count up. They see what was given in one run, so lint of a whole folder finds the most. */
#include "base/array.h"
#include "core/cert/name.h"
#include "relations.h"
#include "rules.h"

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
    return both_certificates(a, b) && !same_certificate(a, b) && cg_lint_same_issuer(a, b);
}

/* The tutorial's "cp MiCA.* /etc/mosquitto/...": both keys in one folder. */
static bool ca_key_beside(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!a->owner || !b->owner || !a->owner->ca || b->owner->ca || b->owner->client ||
        !cg_lint_same_folder(a->file, b->file))
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

static bool key_shared(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!both_certificates(a, b) || same_certificate(a, b) || a->ca || b->ca || !cg_lint_same_key(a, b) ||
        X509_NAME_cmp(X509_get_subject_name(a->cert), X509_get_subject_name(b->cert)) == 0)
        return false;
    snprintf(detail, size, "also in %s", b->file);
    return true;
}

/* RFC 8446 4.4.2: each certificate should be followed by its issuer. A trust bundle (CAs only) has no order. */
static bool order(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return strcmp(a->file, b->file) == 0 && a > b && cg_lint_is_issuer(b, a) && !a->ca;
}

static bool twice_in_file(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return a->file[0] && strcmp(a->file, b->file) == 0 && a > b && same_certificate(a, b);
}

const struct cg_lint_pair_rule cg_lint_pair_rules[] = {
    {{"ca_key_beside_broker", CG_LINT_ERROR, "",
      "The CA's private key lies beside the broker's: who breaks into the broker can make certificates for anyone.",
      "Move it to another machine or a removable disk; the broker needs the CA's certificate alone."},
     .found = ca_key_beside},
    {{"serial_repeated", CG_LINT_ERROR, "RFC 5280 4.1.2.2",
      "Two certificates of one issuer have the same serial number.",
      "Issue one of them again; a CRL can't tell them apart."},
     .found = serial_twice},
    {{"serial_counts_up", CG_LINT_WARNING, "RFC 5280 4.1.2.2",
      "The serial number follows that of another certificate: serials count up instead of being random.",
      "Issue with random serial numbers; certguard draws 159 bits."},
     .found = serial_counts_up},
    {{"key_shared", CG_LINT_WARNING, "", "Two certificates for different names have the same key.",
      "Give each device and each broker its own key."},
     .found = key_shared},
    {{"chain_order", CG_LINT_ERROR, "RFC 8446 4.4.2",
      "The certificate stands after its issuer; the end entity comes first.",
      "Write it in order: cat leaf.pem intermediate.pem >fullchain.pem"},
     .holds = order},
    {{"certificate_twice", CG_LINT_WARNING, "", "The certificate is twice in the file.", "Remove one of them."},
     .holds = twice_in_file},
};
const size_t cg_lint_pair_rules_count = CG_COUNT(cg_lint_pair_rules);
