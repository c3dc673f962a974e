/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "sign.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "key.h"
#include "store/clock.h"

#include <openssl/rand.h>

#include <stdio.h>

/* 159 random bits: positive without a leading zero byte, at most 20 bytes (RFC 5280 4.1.2.2). The first byte is never zero,
 * so that all serial numbers have the same length. */
static bool set_serial(X509 *cert, const ASN1_INTEGER *given)
{
    unsigned char bytes[20];
    if (given)
        return X509_set_serialNumber(cert, (ASN1_INTEGER *)(uintptr_t)given) == 1; /* copied */
    do {
        if (RAND_bytes(bytes, sizeof bytes) != 1)
            return false;
        bytes[0] &= 0x7f;
    } while (bytes[0] == 0);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

struct validity {
    int64_t start, end;
};

static bool validity_of(const struct cg_certificate_request *request, const X509 *issuer, struct validity *out,
                        bool *shortened, struct cg_error *err)
{
    int64_t lifetime = request->lifetime ? request->lifetime : request->profile->lifetime, last = 0, first = 0;
    *out = (struct validity){request->now - CG_BACKDATE, request->now + lifetime - 1};
    *shortened = false;
    if (issuer) {
        if (!cg_time_seconds(X509_get0_notAfter(issuer), &last) ||
            !cg_time_seconds(X509_get0_notBefore(issuer), &first))
            return cg_fail_text(err, "cannot read the dates of the CA's certificate");
        *shortened = out->end > last;
        out->end = *shortened ? last : out->end;
        out->start = out->start < first ? first : out->start;
    }
    if (out->end <= CG_TIME_LAST)
        return true;
    return cg_fail_text(err,
                        "cannot make the certificate: it would end after the year 9999. Choose a shorter --lifetime");
}

static bool add(X509 *cert, int nid, const void *value, int critical)
{
    /* X509_add1_ext_i2d only reads value */
    return value && X509_add1_ext_i2d(cert, nid, (void *)(uintptr_t)value, critical, X509V3_ADD_DEFAULT) == 1;
}

/* An extension in the syntax of x509v3_config(5). */
static bool add_text(X509 *cert, int nid, const char *text)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, text);
    bool ok = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

static bool add_basic_constraints(X509 *cert, const struct cg_certificate_request *request)
{
    char text[64] = "critical,CA:FALSE";
    int length = request->path_length == -2 ? request->profile->path_length : request->path_length;
    if (request->profile->is_ca)
        snprintf(text, sizeof text, length < 0 ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:%d", length);
    return add_text(cert, NID_basic_constraints, text);
}

/* RFC 5280 4.2.1.3 and 4.2.1.12 */
static bool add_usages(X509 *cert, const struct cg_certificate_request *request)
{
    const char *eku = request->both_purposes ? "serverAuth,clientAuth" : request->profile->eku;
    if (request->profile->is_ca)
        return add_text(cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_text(cert, NID_key_usage,
                    EVP_PKEY_is_a(request->key, "RSA") ? "critical,digitalSignature,keyEncipherment"
                                                       : "critical,digitalSignature") &&
           add_text(cert, NID_ext_key_usage, eku);
}

/* RFC 7093 section 2, method 1: SHA-256 truncated to 160 bits; SHA-1 is not available everywhere */
static bool add_key_identifiers(X509 *cert, const X509 *issuer, const ASN1_OCTET_STRING *given)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    ASN1_OCTET_STRING *own = given ? ASN1_OCTET_STRING_dup(given) : ASN1_OCTET_STRING_new();
    bool ok = own &&
              (given ||
               (X509_pubkey_digest(cert, EVP_sha256(), digest, &len) && ASN1_OCTET_STRING_set(own, digest, 20))) &&
              add(cert, NID_subject_key_identifier, own, 0);
    const ASN1_OCTET_STRING *theirs = issuer ? X509_get0_subject_key_id((X509 *)(uintptr_t)issuer) : own;
    AUTHORITY_KEYID *authority = ok && theirs ? AUTHORITY_KEYID_new() : NULL;
    if (authority) {
        authority->keyid = ASN1_OCTET_STRING_dup(theirs);
        ok = authority->keyid && add(cert, NID_authority_key_identifier, authority, 0);
    }
    AUTHORITY_KEYID_free(authority);
    ASN1_OCTET_STRING_free(own);
    return ok;
}

static bool add_qualifier(POLICYINFO *info, int nid, POLICYQUALINFO *qualifier)
{
    if (!qualifier)
        return false;
    qualifier->pqualid = OBJ_nid2obj(nid);
    if (!info->qualifiers)
        info->qualifiers = sk_POLICYQUALINFO_new_null();
    if (info->qualifiers && sk_POLICYQUALINFO_push(info->qualifiers, qualifier) > 0)
        return true;
    POLICYQUALINFO_free(qualifier);
    return false;
}

static POLICYQUALINFO *cps_qualifier(const char *url)
{
    POLICYQUALINFO *qualifier = POLICYQUALINFO_new();
    if (qualifier && (qualifier->d.cpsuri = ASN1_IA5STRING_new()) && ASN1_STRING_set(qualifier->d.cpsuri, url, -1))
        return qualifier;
    POLICYQUALINFO_free(qualifier);
    return NULL;
}

/* explicitText as UTF8String, no noticeRef: RFC 5280 4.2.1.4 */
static POLICYQUALINFO *notice_qualifier(const char *text)
{
    POLICYQUALINFO *qualifier = POLICYQUALINFO_new();
    USERNOTICE *notice = USERNOTICE_new();
    if (qualifier && notice && (notice->exptext = ASN1_UTF8STRING_new()) &&
        ASN1_STRING_set(notice->exptext, text, -1)) {
        qualifier->d.usernotice = notice;
        return qualifier;
    }
    USERNOTICE_free(notice);
    POLICYQUALINFO_free(qualifier);
    return NULL;
}

static bool add_policies(X509 *cert, const struct cg_certificate_policy *policy)
{
    CERTIFICATEPOLICIES *policies = sk_POLICYINFO_new_null();
    POLICYINFO *info = POLICYINFO_new();
    bool ok = policies && info && sk_POLICYINFO_push(policies, info) > 0;
    if (!ok)
        POLICYINFO_free(info);
    ok = ok && (info->policyid = OBJ_txt2obj(policy->oid, 1)) &&
         (!policy->cps || add_qualifier(info, NID_id_qt_cps, cps_qualifier(policy->cps))) &&
         (!policy->text || add_qualifier(info, NID_id_qt_unotice, notice_qualifier(policy->text))) &&
         add(cert, NID_certificate_policies, policies, 0);
    sk_POLICYINFO_pop_free(policies, POLICYINFO_free);
    return ok;
}

static bool add_extensions(X509 *cert, const struct cg_certificate_request *request, const X509 *issuer)
{
    return add_basic_constraints(cert, request) && add_usages(cert, request) &&
           add_key_identifiers(cert, issuer, request->key_id) &&
           (!request->names || add(cert, NID_subject_alt_name, request->names, 0)) &&
           (!request->constraints || add(cert, NID_name_constraints, request->constraints, 1)) &&
           (!request->policies || add(cert, NID_certificate_policies, request->policies, 0)) &&
           (!request->policy || !request->policy->oid || add_policies(cert, request->policy));
}

X509 *cg_sign_certificate(const struct cg_certificate_request *request, X509 *issuer, EVP_PKEY *issuer_key,
                          bool *shortened, struct cg_error *err)
{
    struct validity validity;
    if (!validity_of(request, issuer, &validity, shortened, err))
        return NULL;
    X509 *cert = X509_new();
    bool ok = cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert, request->serial) &&
              X509_set_subject_name(cert, request->subject) &&
              X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : request->subject) &&
              X509_set_pubkey(cert, request->key) && cg_time_set(X509_getm_notBefore(cert), validity.start) &&
              cg_time_set(X509_getm_notAfter(cert), validity.end) && add_extensions(cert, request, issuer) &&
              X509_sign(cert, issuer_key, cg_key_digest(issuer_key)) > 0;
    if (!ok) {
        cg_fail_openssl(err, "make", "the certificate");
        X509_free(cert);
        return NULL;
    }
    /* makes OpenSSL cache the extensions of the signed certificate */
    X509_check_purpose(cert, -1, 0);
    return cert;
}
