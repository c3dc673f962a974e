/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules that compare two objects, for example a CA's key in the broker's folder, or serial numbers that count up. They
 * see only what was given in one run, so lint finds more in a whole folder. */
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

/* The result of "cp MiCA.* /etc/mosquitto/..." in a tutorial. */
static bool ca_key_beside(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size)
{
    if (!a->owner || !b->owner || !a->owner->ca || b->owner->ca || b->owner->client ||
        !cg_lint_same_folder(a->file, b->file))
        return false;
    snprintf(detail, size, "in the folder of %s", b->file);
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

/* RFC 8446 4.4.2: a certificate is followed by its issuer. A trust bundle (CAs only) has no order. */
static bool is_after_issuer(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return strcmp(a->file, b->file) == 0 && a > b && cg_lint_is_issuer(b, a) && !a->ca;
}

static bool twice_in_file(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return a->file[0] && strcmp(a->file, b->file) == 0 && a > b && same_certificate(a, b);
}

const struct cg_lint_pair_rule cg_lint_pair_rules[] = {
    {{"ca_key_beside_broker", CG_LINT_ERROR, "",
      "The CA's private key is in the same folder as the broker's. Anyone who breaks into the broker can issue "
      "certificates.",
      "Move it to another machine or a removable disk. The broker needs only the CA's certificate."},
     .found = ca_key_beside},
    {{"serial_repeated", CG_LINT_ERROR, "RFC 5280 4.1.2.2",
      "Two certificates from one issuer have the same serial number.",
      "Issue one of them again. A CRL cannot distinguish them."},
     .found = serial_twice},
    {{"serial_counts_up", CG_LINT_WARNING, "RFC 5280 4.1.2.2",
      "The serial number is the one after that of another certificate: serial numbers are counted instead of random.",
      "Issue with random serial numbers. certguard uses 159 random bits."},
     .found = serial_counts_up},
    {{"key_shared", CG_LINT_WARNING, "", "Two certificates for different names have the same key.",
      "Give each device and each broker its own key."},
     .found = key_shared},
    {{"chain_order", CG_LINT_ERROR, "RFC 8446 4.4.2",
      "The certificate is after its issuer in the file. The end entity must be first.",
      "Write the file in order: cat leaf.pem intermediate.pem >fullchain.pem"},
     .holds = is_after_issuer},
    {{"certificate_twice", CG_LINT_WARNING, "", "The file contains the certificate twice.", "Remove one of them."},
     .holds = twice_in_file},
};
const size_t cg_lint_pair_rules_count = CG_COUNT(cg_lint_pair_rules);
