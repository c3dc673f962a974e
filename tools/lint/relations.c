/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "relations.h"

#include <string.h>

bool cg_lint_same_key(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return a->key && b->key && EVP_PKEY_eq(a->key, b->key) == 1;
}

static const char *file_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

bool cg_lint_same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(file_name(a) - a), m = (size_t)(file_name(b) - b);
    return n == m && strncmp(a, b, n) == 0;
}

/* MiCA.key belongs to MiCA.crt. An encrypted key has nothing else to compare. */
static bool same_stem(const char *a, const char *b)
{
    const char *x = file_name(a), *y = file_name(b), *p = strrchr(x, '.'), *q = strrchr(y, '.');
    size_t n = p ? (size_t)(p - x) : strlen(x), m = q ? (size_t)(q - y) : strlen(y);
    return cg_lint_same_folder(a, b) && n == m && n && strncmp(x, y, n) == 0;
}

static bool is_key_of(const struct cg_lint_object *key, const struct cg_lint_object *cert)
{
    return cert->kind == CG_LINT_CERTIFICATE &&
           (cg_lint_same_key(key, cert) || (key->encrypted && same_stem(key->file, cert->file)));
}

/* RFC 5280 4.2.1.1: the issuer by its key identifier, or by its serial number. */
static bool names_key_of(const AUTHORITY_KEYID *aki, const struct cg_lint_object *issuer)
{
    if (aki && aki->keyid && issuer->ski && ASN1_OCTET_STRING_cmp(aki->keyid, issuer->ski) != 0)
        return false;
    return !aki || !aki->serial || ASN1_INTEGER_cmp(aki->serial, X509_get0_serialNumber(issuer->cert)) == 0;
}

/* Is the signature of the type that the certificate's own key makes? */
static bool fits_own_key(const struct cg_lint_object *o)
{
    int key = NID_undef;
    return !o->key || !X509_get_signature_info(o->cert, NULL, &key, NULL, NULL) || key == EVP_PKEY_get_base_id(o->key);
}

bool cg_lint_looks_self_signed(const struct cg_lint_object *o)
{
    return o->self_signed || (o->self_issued && fits_own_key(o) && names_key_of(o->aki, o));
}

static const ASN1_OCTET_STRING *issuer_key_id(const struct cg_lint_object *o)
{
    return o->aki && o->aki->keyid ? o->aki->keyid : o->self_signed ? o->ski : NULL;
}

/* CAs with the same name and different key identifiers are different issuers. */
bool cg_lint_same_issuer(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    const ASN1_OCTET_STRING *x = issuer_key_id(a), *y = issuer_key_id(b);
    return X509_NAME_cmp(X509_get_issuer_name(a->cert), X509_get_issuer_name(b->cert)) == 0 &&
           (!x || !y || ASN1_OCTET_STRING_cmp(x, y) == 0);
}

/* By names and key identifiers. A self-signed certificate has no other issuer, even if another CA certified its key. */
static bool may_issue(const struct cg_lint_object *issuer, const struct cg_lint_object *cert)
{
    return issuer->kind == CG_LINT_CERTIFICATE && cert->kind == CG_LINT_CERTIFICATE && !cert->self_signed &&
           X509_NAME_cmp(X509_get_subject_name(issuer->cert), X509_get_issuer_name(cert->cert)) == 0 &&
           names_key_of(cert->aki, issuer) && X509_cmp(issuer->cert, cert->cert) != 0;
}

bool cg_lint_is_issuer(const struct cg_lint_object *issuer, const struct cg_lint_object *cert)
{
    return issuer->ca && may_issue(issuer, cert);
}

static void find_certificate(struct cg_lint_object *key, const struct cg_lint_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        if (is_key_of(key, &objects->item[i]))
            key->owner = &objects->item[i];
}

static void find_issuer(struct cg_lint_object *cert, const struct cg_lint_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        const struct cg_lint_object *other = &objects->item[i];
        if (cg_lint_is_issuer(other, cert) && (!cert->issuer || other->not_after > cert->issuer->not_after))
            cert->issuer = other;
    }
}

/* A certificate that issued another object is a CA. */
static void resolve_unclear(struct cg_lint_object *old_root, const struct cg_lint_objects *objects)
{
    for (size_t i = 0; old_root->unclear && i < objects->count; i++)
        if (may_issue(old_root, &objects->item[i])) {
            old_root->ca = true;
            old_root->unclear = false;
        }
}

void cg_lint_relate(struct cg_lint_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        resolve_unclear(&objects->item[i], objects);
    for (size_t i = 0; i < objects->count; i++) {
        if (objects->item[i].kind == CG_LINT_KEY)
            find_certificate(&objects->item[i], objects);
        if (objects->item[i].kind == CG_LINT_CERTIFICATE)
            find_issuer(&objects->item[i], objects);
    }
}
