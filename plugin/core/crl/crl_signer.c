/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_signer.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CANDIDATES_MAX 16 /* each costs a hash over the whole CRL */
#define RELATED_MAX    64
#define DIGEST_MIN     28 /* octets: SHA-224 */

bool cg_same_key(const X509 *a, const X509 *b)
{
    X509_ALGOR *algorithm_a, *algorithm_b;
    const unsigned char *key_a, *key_b;
    int len_a, len_b;
    if (!X509_PUBKEY_get0_param(NULL, &key_a, &len_a, &algorithm_a, X509_get_X509_PUBKEY(a)) ||
        !X509_PUBKEY_get0_param(NULL, &key_b, &len_b, &algorithm_b, X509_get_X509_PUBKEY(b)))
        return false;
    return len_a == len_b && memcmp(key_a, key_b, (size_t)len_a) == 0 && X509_ALGOR_cmp(algorithm_a, algorithm_b) == 0;
}

static bool signed_by(X509 *cert, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return key && X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 &&
           X509_verify(cert, key) == 1;
}

static const EVP_MD *mgf1_digest(const X509_ALGOR *mask)
{
    if (!mask)
        return EVP_sha1();
    if (OBJ_obj2nid(mask->algorithm) != NID_mgf1)
        return NULL;
    X509_ALGOR *hash = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), mask->parameter);
    const EVP_MD *digest = hash ? EVP_get_digestbyobj(hash->algorithm) : NULL;
    X509_ALGOR_free(hash);
    return digest;
}

/* The parameters of RSASSA-PSS contain its digests and salt (RFC 4055 3.1); each has a default. */
static bool set_up_pss(EVP_PKEY_CTX *context, const RSA_PSS_PARAMS *pss, const EVP_MD *digest)
{
    const EVP_MD *mgf1 = mgf1_digest(pss->maskGenAlgorithm);
    int64_t salt = 20, trailer = 1;
    if ((pss->saltLength && !ASN1_INTEGER_get_int64(&salt, pss->saltLength)) ||
        (pss->trailerField && !ASN1_INTEGER_get_int64(&trailer, pss->trailerField)))
        return false;
    return mgf1 && trailer == 1 && salt >= 0 && salt <= 1024 &&
           EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_signature_md(context, digest) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf1) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)salt) > 0;
}

static RSA_PSS_PARAMS *pss_of(const X509_ALGOR *algorithm)
{
    int type;
    const void *value;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    return type == V_ASN1_SEQUENCE ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter)
                                   : NULL;
}

/* A parsed AlgorithmIdentifier. digest is NULL for algorithms that include their digest, such as Ed25519. */
struct algorithm {
    X509_ALGOR *id;
    RSA_PSS_PARAMS *pss;
    const EVP_MD *digest;
    int key_type; /* NID */
};

static void algorithm_clear(struct algorithm *algorithm)
{
    X509_ALGOR_free(algorithm->id);
    RSA_PSS_PARAMS_free(algorithm->pss);
}

static bool algorithm_read(const struct cg_der *der, struct algorithm *out)
{
    const unsigned char *at = der->at;
    int digest_nid;
    memset(out, 0, sizeof *out);
    if (cg_der_left(der) > INT_MAX || !(out->id = d2i_X509_ALGOR(NULL, &at, (long)cg_der_left(der))))
        return false;
    if (!OBJ_find_sigid_algs(OBJ_obj2nid(out->id->algorithm), &digest_nid, &out->key_type))
        return false;
    if (out->key_type == NID_rsassaPss) {
        out->pss = pss_of(out->id);
        if (!out->pss)
            return false;
        out->digest = out->pss->hashAlgorithm ? EVP_get_digestbyobj(out->pss->hashAlgorithm->algorithm) : EVP_sha1();
        return out->digest != NULL;
    }
    if (digest_nid == NID_undef)
        return true;
    out->digest = EVP_get_digestbynid(digest_nid);
    return out->digest != NULL;
}

static bool key_fits(const EVP_PKEY *key, const struct algorithm *algorithm)
{
    return EVP_PKEY_is_a(key, OBJ_nid2sn(algorithm->key_type)) || (algorithm->pss && EVP_PKEY_is_a(key, "RSA"));
}

/* Directly over the caller's bytes: ASN1_item_verify would first encode, and so copy, the whole CRL. */
static bool signature_is_good(const struct cg_crl_head *head, const struct algorithm *algorithm, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    bool ok = context && key_fits(key, algorithm) &&
              EVP_DigestVerifyInit(context, &key_context, algorithm->digest, NULL, key) == 1 &&
              (!algorithm->pss || set_up_pss(key_context, algorithm->pss, algorithm->digest)) &&
              EVP_DigestVerify(context, head->signature.at, cg_der_left(&head->signature), head->signed_bytes.at,
                               cg_der_left(&head->signed_bytes)) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

/* True unless the two contradict each other: authorityKeyIdentifier is only a selection aid (RFC 5280 5.2.1). */
static bool key_id_fits(const AUTHORITY_KEYID *wanted, X509 *candidate)
{
    const ASN1_OCTET_STRING *has = X509_get0_subject_key_id(candidate);
    return !wanted || !wanted->keyid || !has || ASN1_OCTET_STRING_cmp(has, wanted->keyid) == 0;
}

static bool may_sign_crls(X509 *cert)
{
    return X509_get_key_usage(cert) & KU_CRL_SIGN; /* all bits are set if there is no keyUsage */
}

static X509 *try_candidates(const struct cg_crl_head *head, const X509_NAME *name, const STACK_OF(X509) *issuers,
                            const struct algorithm *algorithm, const AUTHORITY_KEYID *key_id, struct cg_error *err)
{
    int named = 0, allowed = 0, tried = 0;
    for (int i = 0; i < sk_X509_num(issuers) && tried < CANDIDATES_MAX; i++) {
        X509 *one = sk_X509_value(issuers, i);
        if (X509_NAME_cmp(X509_get_subject_name(one), name) != 0)
            continue;
        named++;
        if (!may_sign_crls(one))
            continue;
        allowed++;
        EVP_PKEY *key = X509_get0_pubkey(one);
        if (!key || !key_id_fits(key_id, one))
            continue;
        tried++;
        if (signature_is_good(head, algorithm, key))
            return one;
    }
    if (named == 0)
        cg_error_set(err, "its issuer is not among the certificates of trust (RFC 5280 6.3.3). Add the CA's "
                          "certificate to trust.intermediates, which does not make it a trust anchor");
    else if (allowed == 0)
        cg_error_set(err, "its issuer's keyUsage lacks cRLSign (RFC 5280 4.2.1.3)");
    else if (tried == 0)
        cg_error_set(
            err,
            "no certificate of its issuer has a readable key that matches its authorityKeyIdentifier (RFC 5280 5.2.1)");
    else
        cg_error_set(err, "bad signature: no certificate of its issuer verifies it (RFC 5280 6.3.3 g)");
    return NULL;
}

static X509 *parent_of(X509 *cert, const STACK_OF(X509) *issuers)
{
    int tried = 0;
    for (int i = 0; i < sk_X509_num(issuers) && tried < CANDIDATES_MAX; i++) {
        X509 *one = sk_X509_value(issuers, i);
        if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(one)) != 0)
            continue;
        tried++;
        if (signed_by(cert, one))
            return one;
    }
    return NULL;
}

/* The signer is another key of the CA, or a CRL issuer certified by the CA or its superior: one of the two signed the
 * other, or one key, of a CA in the path of ca, signed both. The path of ca is validated anyway, so each of these
 * relations leads to the anchor of that path, as RFC 5280 6.3.3 f requires. */
static bool is_related(X509 *signer, X509 *parent, X509 *ca)
{
    return signed_by(ca, signer) || signed_by(signer, ca) || (parent && signed_by(ca, parent));
}

/* Only a certificate with keyUsage may sign CRLs for another key than its own. */
static bool may_represent(X509 *cert)
{
    uint32_t flags = X509_get_extension_flags(cert);
    return (flags & EXFLAG_KUSAGE) && !(flags & (EXFLAG_INVALID | EXFLAG_CRITICAL));
}

/* False without memory. */
static bool find_other_cas(struct cg_crl_signer *signer, const X509_NAME *name, const STACK_OF(X509) *issuers,
                           bool indirect)
{
    int tried = 0;
    bool self_signed = signed_by(signer->cert, signer->cert), parent_known = self_signed;
    if (!may_represent(signer->cert))
        return true;
    for (int i = 0; i < sk_X509_num(issuers) && tried < RELATED_MAX; i++) {
        X509 *ca = sk_X509_value(issuers, i);
        if ((!indirect && X509_NAME_cmp(X509_get_subject_name(ca), name) != 0) || cg_same_key(ca, signer->cert))
            continue;
        tried++;
        if (!parent_known) {
            signer->parent = parent_of(signer->cert, issuers);
            if (!signer->parent)
                return true; /* a signer of unknown origin covers no other key */
            X509_up_ref(signer->parent);
            parent_known = true;
        }
        if (!is_related(signer->cert, signer->parent, ca))
            continue;
        if ((!signer->other_cas && !(signer->other_cas = sk_X509_new_null())) || !X509_up_ref(ca))
            return false;
        if (!sk_X509_push(signer->other_cas, ca)) {
            X509_free(ca);
            return false;
        }
    }
    return true;
}

bool cg_crl_signer_find(const struct cg_crl_head *head, const X509_NAME *name, const STACK_OF(X509) *issuers,
                        bool strict, bool indirect, struct cg_crl_signer *out, struct cg_error *err)
{
    struct algorithm algorithm;
    AUTHORITY_KEYID *key_id = NULL;
    const struct cg_der *value = &head->extensions.authority_key_id;
    const unsigned char *at = value->at;
    bool ok = false;
    memset(out, 0, sizeof *out);
    if (!algorithm_read(&head->algorithm, &algorithm)) {
        cg_error_set(err, "this OpenSSL does not support the signature algorithm (RFC 5280 5.1.1.2)");
        goto out;
    }
    if (strict && algorithm.digest && EVP_MD_get_size(algorithm.digest) < DIGEST_MIN) {
        cg_error_set(err, "signed with %s, which can be forged. Have the CA sign with SHA-256 or better",
                     EVP_MD_get0_name(algorithm.digest));
        goto out;
    }
    if (at && (cg_der_left(value) > INT_MAX || !(key_id = d2i_AUTHORITY_KEYID(NULL, &at, (long)cg_der_left(value))) ||
               at != value->end)) {
        cg_error_set(err, "authorityKeyIdentifier is malformed (RFC 5280 5.2.1)");
        goto out;
    }
    out->cert = try_candidates(head, name, issuers, &algorithm, key_id, err);
    if (!out->cert)
        goto out;
    X509_up_ref(out->cert);
    ok = find_other_cas(out, name, issuers, indirect);
    if (!ok)
        cg_error_set(err, "out of memory");
out:
    AUTHORITY_KEYID_free(key_id);
    algorithm_clear(&algorithm);
    if (!ok)
        cg_crl_signer_clear(out);
    return ok;
}

void cg_crl_signer_clear(struct cg_crl_signer *signer)
{
    X509_free(signer->cert);
    X509_free(signer->parent);
    sk_X509_pop_free(signer->other_cas, X509_free);
    memset(signer, 0, sizeof *signer);
}

enum cg_crl_signer_relation cg_crl_signer_match(const struct cg_crl_signer *signer, const X509 *issuer)
{
    if (cg_same_key(signer->cert, issuer))
        return CG_CRL_SIGNER_SAME_KEY;
    for (int i = 0; i < sk_X509_num(signer->other_cas); i++)
        if (cg_same_key(sk_X509_value(signer->other_cas, i), issuer) &&
            X509_NAME_cmp(X509_get_subject_name(sk_X509_value(signer->other_cas, i)), X509_get_subject_name(issuer)) ==
                0)
            return CG_CRL_SIGNER_RELATED;
    return CG_CRL_SIGNER_NONE;
}
