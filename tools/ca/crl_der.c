/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_der.h"
#include "core/base/datetime.h"
#include "key.h"

#include <openssl/asn1t.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

/* TBSCertList and CertificateList, RFC 5280 5.1, with the entries in DER. */
typedef struct {
    ASN1_INTEGER *version;
    X509_ALGOR *algorithm;
    X509_NAME *issuer;
    ASN1_TIME *this_update, *next_update;
    ASN1_STRING *entries;
    STACK_OF(X509_EXTENSION) *extensions;
} cg_crl_content;

typedef struct {
    cg_crl_content *content;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
} cg_crl_signed;

/* clang-format off */
ASN1_SEQUENCE(cg_crl_content) = {
    ASN1_SIMPLE(cg_crl_content, version, ASN1_INTEGER),
    ASN1_SIMPLE(cg_crl_content, algorithm, X509_ALGOR),
    ASN1_SIMPLE(cg_crl_content, issuer, X509_NAME),
    ASN1_SIMPLE(cg_crl_content, this_update, ASN1_TIME),
    ASN1_SIMPLE(cg_crl_content, next_update, ASN1_TIME),
    ASN1_OPT(cg_crl_content, entries, ASN1_SEQUENCE),
    ASN1_EXP_SEQUENCE_OF(cg_crl_content, extensions, X509_EXTENSION, 0),
} static_ASN1_SEQUENCE_END(cg_crl_content)

ASN1_SEQUENCE(cg_crl_signed) = {
    ASN1_SIMPLE(cg_crl_signed, content, cg_crl_content),
    ASN1_SIMPLE(cg_crl_signed, algorithm, X509_ALGOR),
    ASN1_SIMPLE(cg_crl_signed, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(cg_crl_signed)
/* clang-format on */

/* Room for n more bytes; NULL: out of memory. */
static unsigned char *reserve(struct cg_crl_der *crl, size_t n)
{
    if (n > crl->size - crl->len) {
        const size_t size = 2 * crl->size + n;
        unsigned char *bigger = realloc(crl->entries, size);
        if (!bigger)
            return NULL;
        crl->entries = bigger;
        crl->size = size;
    }
    return crl->entries + crl->len;
}

/* SEQUENCE { serial, date, [ SEQUENCE { SEQUENCE { reasonCode, OCTET STRING { ENUMERATED } } } ] } */
static bool add(struct cg_crl_der *crl, const ASN1_INTEGER *serial, const char *date, int reason)
{
    const unsigned char extensions[] = {0x30, 12, 0x30, 10, 6, 3, 0x55, 0x1d, 0x15, 4, 3, 10, 1, (unsigned char)reason};
    const int date_len = (int)strlen(date), number_len = i2d_ASN1_INTEGER(serial, NULL);
    const int reason_len = reason > 0 ? (int)sizeof extensions : 0;
    const int len = number_len + 2 + date_len + reason_len, whole = ASN1_object_size(1, len, V_ASN1_SEQUENCE);
    unsigned char *at = number_len > 0 && whole > 0 ? reserve(crl, (size_t)whole) : NULL;
    if (!at)
        return false;
    ASN1_put_object(&at, 1, len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    i2d_ASN1_INTEGER(serial, &at);
    /* two digits of the year make it a UTCTime */
    *at++ = date_len == (int)strlen("YYMMDDhhmmssZ") ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME;
    *at++ = (unsigned char)date_len;
    memcpy(at, date, (size_t)date_len);
    memcpy(at + date_len, extensions, (size_t)reason_len);
    crl->len += (size_t)whole;
    return true;
}

bool cg_crl_der_add(struct cg_crl_der *crl, const char *serial, int64_t when, int reason)
{
    char date[CG_TIME_ASN1_MAX];
    BIGNUM *number = NULL;
    ASN1_INTEGER *value = BN_hex2bn(&number, serial) > 0 ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    const bool ok = value && cg_time_asn1_text(when, date) && add(crl, value, date, reason);
    ASN1_INTEGER_free(value);
    BN_free(number);
    return ok;
}

bool cg_crl_der_copy(struct cg_crl_der *crl, const X509_REVOKED *entry)
{
    const int len = i2d_X509_REVOKED(entry, NULL);
    unsigned char *at = len > 0 ? reserve(crl, (size_t)len) : NULL;
    const bool ok = at && i2d_X509_REVOKED(entry, &at) == len;
    crl->len += ok ? (size_t)len : 0;
    return ok;
}

/* RFC 5280 5.1.2.6: without entries, the list is absent. */
static bool put_entries(cg_crl_content *content, const struct cg_crl_der *crl)
{
    if (!crl->len)
        return true;
    const int len = crl->len < INT32_MAX / 2 ? (int)crl->len : 0;
    const int whole = len ? ASN1_object_size(1, len, V_ASN1_SEQUENCE) : 0;
    unsigned char *der = whole > 0 ? OPENSSL_malloc((size_t)whole) : NULL, *at = der;
    if (!der || !(content->entries = ASN1_STRING_type_new(V_ASN1_SEQUENCE))) {
        OPENSSL_free(der);
        return false;
    }
    ASN1_put_object(&at, 1, len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy(at, crl->entries, crl->len);
    ASN1_STRING_set0(content->entries, der, whole);
    return true;
}

/* The CRL number, and the AKI: an imported CA may have no SKI, then it is omitted. */
static bool put_extensions(cg_crl_content *content, const X509 *issuer, const BIGNUM *number)
{
    ASN1_INTEGER *value = BN_to_ASN1_INTEGER(number, NULL);
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    const ASN1_OCTET_STRING *keyid = X509_get0_subject_key_id((X509 *)(uintptr_t)issuer);
    bool ok = value && authority && X509V3_add1_i2d(&content->extensions, NID_crl_number, value, 0, 0) == 1;
    if (ok && keyid)
        ok = (authority->keyid = ASN1_OCTET_STRING_dup(keyid)) &&
             X509V3_add1_i2d(&content->extensions, NID_authority_key_identifier, authority, 0, 0) == 1;
    AUTHORITY_KEYID_free(authority);
    ASN1_INTEGER_free(value);
    return ok;
}

bool cg_crl_der_sign(const struct cg_crl_der *crl, const X509 *issuer, EVP_PKEY *key, const BIGNUM *number,
                     int64_t this_update, int64_t next_update, unsigned char **der, int *len)
{
    cg_crl_signed *list = (cg_crl_signed *)ASN1_item_new(ASN1_ITEM_rptr(cg_crl_signed));
    cg_crl_content *content = list ? list->content : NULL;
    const bool ok = content && ASN1_INTEGER_set(content->version, X509_CRL_VERSION_2) &&
                    X509_NAME_set(&content->issuer, X509_get_subject_name(issuer)) &&
                    cg_time_set(content->this_update, this_update) && cg_time_set(content->next_update, next_update) &&
                    put_entries(content, crl) && put_extensions(content, issuer, number) &&
                    ASN1_item_sign(ASN1_ITEM_rptr(cg_crl_content), content->algorithm, list->algorithm, list->signature,
                                   content, key, cg_key_digest(key)) > 0;
    *der = NULL;
    *len = ok ? ASN1_item_i2d((ASN1_VALUE *)list, der, ASN1_ITEM_rptr(cg_crl_signed)) : 0;
    ASN1_item_free((ASN1_VALUE *)list, ASN1_ITEM_rptr(cg_crl_signed));
    return *len > 0;
}

void cg_crl_der_free(struct cg_crl_der *crl)
{
    free(crl->entries);
    *crl = (struct cg_crl_der){0};
}
