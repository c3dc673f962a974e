/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "request_check.h"
#include "due.h"

#include "core/base/datetime.h"
#include "core/cert/cert.h"
#include "core/cert/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#define KEY_CERT_SIGN 5 /* bit of keyUsage (RFC 5280 4.2.1.3) */

/* Keys that can sign, by the names of their types: a name that the library does not know never matches. */
static const struct {
    const char *type;
    bool sha256; /* the data is hashed with SHA-256; else the key's own digest is used */
} signers[] = {
    {"RSA", true},        {"EC", true},         {"ED25519", false},   {"ED448", false},
    {"ML-DSA-44", false}, {"ML-DSA-65", false}, {"ML-DSA-87", false},
};

static bool verify_with(EVP_PKEY *key, const EVP_MD *digest, const unsigned char *tbs, size_t len,
                        const struct cg_der *signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
                    EVP_DigestVerify(ctx, signature->at, cg_der_left(signature), tbs, len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool holds(EVP_PKEY *key, const unsigned char *tbs, size_t len, const struct cg_der *signature)
{
    for (size_t i = 0; key && i < sizeof signers / sizeof *signers; i++)
        if (EVP_PKEY_is_a(key, signers[i].type))
            return verify_with(key, signers[i].sha256 ? EVP_sha256() : NULL, tbs, len, signature);
    return false;
}

bool cg_renewal_signature_ok(EVP_PKEY *key, const unsigned char *tbs, size_t len, const struct cg_der *signature)
{
    ERR_set_mark();
    const bool ok = holds(key, tbs, len, signature);
    ERR_pop_to_mark();
    return ok;
}

/* What failed may have failed only because memory ran out. */
static bool refuse(struct cg_refusal *refusal, enum cg_reason reason, const char *detail)
{
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
        return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    return cg_refuse(refusal, reason, "%s", detail);
}

static bool signed_by(const struct cg_renewal_request *request, X509 *current, struct cg_refusal *refusal)
{
    size_t len = 0;
    unsigned char *tbs = cg_renewal_tbs(current, &request->csr, &len);
    if (!tbs)
        return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    const bool ok = holds(X509_get0_pubkey(current), tbs, len, &request->signature);
    OPENSSL_free(tbs);
    return ok || refuse(refusal, CG_REASON_RENEWAL_BAD_SIGNATURE,
                        "the octets after the CSR are no signature with the key of the current certificate");
}

/* der: of len octets, freed. len is negative if encoding failed. */
static bool is_encoding(unsigned char *der, int len, const struct cg_der *expected)
{
    const struct cg_der found = {der, der + (len > 0 ? len : 0)};
    const bool ok = len > 0 && cg_der_equal(&found, expected);
    OPENSSL_free(der);
    return ok;
}

/* Two readers that see the same octets differently would sign something else than was asked for. What OpenSSL remembered of
 * the encoding is not used: i2d_re_X509_REQ_tbs writes it from the values. */
static bool encodes_same(X509_REQ *csr, const struct cg_renewal_request *request)
{
    unsigned char *whole = NULL, *info = NULL;
    const int whole_len = i2d_X509_REQ(csr, &whole);
    const int info_len = i2d_re_X509_REQ_tbs(csr, &info);
    const bool same = is_encoding(whole, whole_len, &request->csr);
    return is_encoding(info, info_len, &request->info) && same;
}

static X509_REQ *read_csr(const struct cg_renewal_request *request, struct cg_refusal *refusal)
{
    const unsigned char *at = request->csr.at;
    X509_REQ *csr = d2i_X509_REQ(NULL, &at, (long)cg_der_left(&request->csr));
    if (csr && at == request->csr.end && encodes_same(csr, request))
        return csr;
    X509_REQ_free(csr);
    refuse(refusal, CG_REASON_RENEWAL_MALFORMED, "the CSR is not DER: OpenSSL writes it differently");
    return NULL;
}

static bool rsa_is_allowed(EVP_PKEY *key, const struct cg_profile *profile, struct cg_refusal *refusal)
{
    struct cg_rsa_exponent exponent;
    const unsigned bits = (unsigned)EVP_PKEY_get_bits(key);
    if (bits < profile->rsa_min_bits || (profile->rsa_max_bits != 0 && bits > profile->rsa_max_bits))
        return cg_refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_ALLOWED,
                         "the new key is RSA of %u bits, the policy allows %u to %u bits", bits, profile->rsa_min_bits,
                         profile->rsa_max_bits);
    if (!cg_rsa_exponent(key, &exponent))
        return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    return exponent.ok || cg_refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_ALLOWED, "the new key has %s", exponent.text);
}

static bool key_is_allowed(EVP_PKEY *key, const struct cg_renewal_request *request, const struct cg_profile *profile,
                           struct cg_refusal *refusal)
{
    if (!key)
        return refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_ALLOWED,
                      "the new key is not valid, or this OpenSSL library does not know its type");
    if (!(request->key_algorithm & profile->key_algorithms))
        return cg_refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_ALLOWED,
                         "the new key is %s of %d bits, which the policy does not allow", EVP_PKEY_get0_type_name(key),
                         EVP_PKEY_get_bits(key));
    return request->key_algorithm != CG_KEY_RSA || rsa_is_allowed(key, profile, refusal);
}

/* The encoded name as it was signed. */
static bool name_of(const X509_NAME *name, struct cg_der *out)
{
    size_t len = 0;
    out->at = out->end = NULL;
    if (!X509_NAME_get0_der(name, &out->at, &len))
        return false;
    out->end = out->at + len;
    return true;
}

/* requested: with its header. */
static bool is_empty_name(const struct cg_der *requested)
{
    return cg_der_left(requested) == 2; /* SEQUENCE, 0 */
}

static bool names_fit(const struct cg_renewal_request *request, const X509 *current, struct cg_refusal *refusal)
{
    struct cg_der subject, names;
    const bool has_names = cg_cert_extension(current, NID_subject_alt_name, &names) == 1;
    if (!name_of(X509_get_subject_name(current), &subject))
        return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    if (!is_empty_name(&request->subject) && !cg_der_equal(&request->subject, &subject))
        return cg_refuse(refusal, CG_REASON_RENEWAL_NAMES_DIFFER,
                         "the CSR's subject is neither empty nor that of the current certificate");
    if (request->names.at && !(has_names && cg_der_equal(&request->names, &names)))
        return cg_refuse(refusal, CG_REASON_RENEWAL_NAMES_DIFFER,
                         "the CSR's subjectAltName is not that of the current certificate");
    return true;
}

/* The key rules go before the proof, so that no use of the key is expensive. */
static bool csr_is_good(X509_REQ *csr, const struct cg_renewal_request *request, const X509 *current,
                        const struct cg_profile *profile, struct cg_refusal *refusal)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(csr);
    if (!key_is_allowed(key, request, profile, refusal))
        return false;
    if (EVP_PKEY_eq(key, X509_get0_pubkey(current)) == 1)
        return cg_refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_NEW,
                         "the new key is that of the current certificate; make another");
    if (!names_fit(request, current, refusal))
        return false;
    return X509_REQ_verify(csr, key) == 1 ||
           refuse(refusal, CG_REASON_RENEWAL_BAD_PROOF, "the CSR's signature does not verify with its own key");
}

bool cg_renewal_verify(const struct cg_renewal_request *request, X509 *current, const struct cg_profile *profile,
                       struct cg_refusal *refusal)
{
    ERR_set_mark();
    X509_REQ *csr = signed_by(request, current, refusal) ? read_csr(request, refusal) : NULL;
    const bool ok = csr && csr_is_good(csr, request, current, profile, refusal);
    X509_REQ_free(csr);
    ERR_pop_to_mark();
    return ok;
}

bool cg_renewal_window_ok(const X509 *current, int64_t now, struct cg_refusal *refusal)
{
    int64_t opens = 0, end = 0;
    char text[CG_TIME_TEXT_MAX];
    if (!cg_renewal_opens(current, now, &opens) || !cg_time_seconds(X509_get0_notAfter(current), &end))
        return cg_refuse(refusal, CG_REASON_RENEWAL_NOT_ACCEPTED, "the dates of the current certificate are malformed");
    if (now > end) {
        cg_time_print(end, text);
        return cg_refuse(refusal, CG_REASON_RENEWAL_NOT_ACCEPTED, "the current certificate ended at %s", text);
    }
    cg_time_print(opens, text);
    return now >= opens || cg_refuse(refusal, CG_REASON_RENEWAL_TOO_EARLY, "requests are accepted from %s on", text);
}

static bool not_accepted(struct cg_refusal *refusal, const char *found)
{
    return cg_refuse(refusal, CG_REASON_RENEWAL_NOT_ACCEPTED, "the new certificate %s", found);
}

static bool has_key(const X509 *current, const X509 *leaf, const struct cg_renewal_request *request)
{
    if (!request) {
        const EVP_PKEY *key = X509_get0_pubkey(leaf), *old = X509_get0_pubkey(current);
        return key && old && EVP_PKEY_eq(key, old) != 1;
    }
    unsigned char *der = NULL;
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
    return is_encoding(der, len, &request->spki);
}

static bool may_sign_certificates(const X509 *leaf)
{
    ASN1_BIT_STRING *usage = X509_get_ext_d2i(leaf, NID_key_usage, NULL, NULL);
    const bool sign = usage && ASN1_BIT_STRING_get_bit(usage, KEY_CERT_SIGN);
    ASN1_BIT_STRING_free(usage);
    return sign;
}

static bool is_ca(const X509 *leaf)
{
    int critical = -1;
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(leaf, NID_basic_constraints, &critical, NULL);
    const bool ca = constraints ? constraints->ca != 0 : critical != -1; /* -1: there is no such extension */
    BASIC_CONSTRAINTS_free(constraints);
    return ca || may_sign_certificates(leaf);
}

static bool has_client_auth(const X509 *leaf)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    bool found = false;
    for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages); i++)
        found = found || OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == NID_client_auth;
    EXTENDED_KEY_USAGE_free(usages);
    return found;
}

static bool names_are_same(const X509 *current, const X509 *leaf, struct cg_refusal *refusal)
{
    struct cg_der subject, new_subject, names, new_names;
    const int count = cg_cert_extension(current, NID_subject_alt_name, &names);
    const int new_count = cg_cert_extension(leaf, NID_subject_alt_name, &new_names);
    if (!name_of(X509_get_subject_name(current), &subject) || !name_of(X509_get_subject_name(leaf), &new_subject))
        return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    if (!cg_der_equal(&subject, &new_subject))
        return cg_refuse(refusal, CG_REASON_RENEWAL_NAMES_DIFFER, "the new certificate has another subject");
    if (count != new_count || count > 1 || (count == 1 && !cg_der_equal(&names, &new_names)))
        return cg_refuse(refusal, CG_REASON_RENEWAL_NAMES_DIFFER, "the new certificate has another subjectAltName");
    return true;
}

static bool is_successor(const X509 *current, const X509 *leaf, const struct cg_renewal_request *request,
                         struct cg_refusal *refusal)
{
    int64_t start = 0, old_start = 0;
    if (!has_key(current, leaf, request))
        return not_accepted(refusal,
                            request ? "does not have the key of the request" : "has the key of the current one");
    if (!names_are_same(current, leaf, refusal))
        return false;
    if (is_ca(leaf))
        return not_accepted(refusal, "is a CA certificate");
    if (!has_client_auth(leaf))
        return not_accepted(refusal, "lacks the extended key usage clientAuth");
    if (!cg_time_seconds(X509_get0_notBefore(current), &old_start) ||
        !cg_time_seconds(X509_get0_notBefore(leaf), &start) || start < old_start)
        return not_accepted(refusal, "starts before the current one");
    return true;
}

bool cg_renewal_successor_ok(const X509 *current, const X509 *leaf, const struct cg_renewal_request *request,
                             struct cg_refusal *refusal)
{
    ERR_set_mark();
    const bool ok = is_successor(current, leaf, request, refusal);
    ERR_pop_to_mark();
    return ok;
}
