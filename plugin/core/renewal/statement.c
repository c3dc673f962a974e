/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "statement.h"
#include "request_check.h"

#include "core/base/datetime.h"
#include "core/cert/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DIGEST 32

static bool malformed(struct cg_refusal *refusal, const char *expected)
{
    return cg_refuse(refusal, CG_REASON_RENEWAL_MALFORMED, "statement: expected %s", expected);
}

static bool not_accepted(struct cg_refusal *refusal, const char *found)
{
    return cg_refuse(refusal, CG_REASON_RENEWAL_NOT_ACCEPTED, "%s", found);
}

/* False without a reason: there is nothing to do. */
static bool nothing(struct cg_refusal *refusal)
{
    refusal->reason = CG_REASON_OK;
    refusal->detail[0] = '\0';
    return false;
}

static bool digest_of(const X509 *cert, unsigned char digest[DIGEST])
{
    return X509_digest(cert, EVP_sha256(), digest, NULL) == 1;
}

static bool read_drop(struct cg_der in, struct cg_statement *out, struct cg_refusal *refusal)
{
    if (cg_der_left(&in) <= 1 + DIGEST)
        return malformed(refusal, "0x00, a digest of 32 octets, and a signature");
    memcpy(out->digest, in.at + 1, DIGEST);
    out->drop = true;
    out->signature = (struct cg_der){in.at + 1 + DIGEST, in.end};
    return true;
}

bool cg_statement_parse(const unsigned char *data, size_t len, struct cg_statement *out, struct cg_refusal *refusal)
{
    struct cg_der in = {data, data + len};
    memset(out, 0, sizeof *out);
    if (len == 0 || len > CG_STATEMENT_MAX)
        return malformed(refusal, "1 to 16384 octets");
    if (*data == 0x00)
        return read_drop(in, out, refusal);
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, &out->root) || in.at == in.end)
        return malformed(refusal, "a certificate in DER, and a signature");
    out->signature = in;
    return EVP_Digest(out->root.at, cg_der_left(&out->root), out->digest, NULL, EVP_sha256(), NULL) == 1 ||
           cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
}

/* prefix, digest, rest; OPENSSL_malloc'ed. */
static unsigned char *join(const char *prefix, const unsigned char digest[DIGEST], const struct cg_der *rest,
                           size_t *len)
{
    const size_t prefix_len = strlen(prefix), rest_len = cg_der_left(rest);
    unsigned char *tbs = OPENSSL_malloc(prefix_len + DIGEST + rest_len);
    if (!tbs)
        return NULL;
    memcpy(tbs, prefix, prefix_len);
    memcpy(tbs + prefix_len, digest, DIGEST);
    if (rest_len)
        memcpy(tbs + prefix_len + DIGEST, rest->at, rest_len);
    *len = prefix_len + DIGEST + rest_len;
    return tbs;
}

unsigned char *cg_statement_tbs(const struct cg_statement *statement, const X509 *holder, size_t *len)
{
    unsigned char digest[DIGEST];
    if (statement->drop)
        return join(CG_STATEMENT_DROP_PREFIX, statement->digest, &statement->root, len);
    return holder && digest_of(holder, digest) ? join(CG_STATEMENT_ROOT_PREFIX, digest, &statement->root, len) : NULL;
}

static bool is_signed_by(const struct cg_statement *statement, const X509 *holder)
{
    size_t len = 0;
    unsigned char *tbs = cg_statement_tbs(statement, holder, &len);
    const bool ok = tbs && cg_renewal_signature_ok(X509_get0_pubkey(holder), tbs, len, &statement->signature);
    OPENSSL_free(tbs);
    return ok;
}

/* The held root with this digest; NULL if there is none. */
static const X509 *find_held(const struct cg_held_roots *held, const unsigned char digest[DIGEST])
{
    unsigned char found[DIGEST];
    for (int i = 0; i < sk_X509_num(held->roots); i++)
        if (digest_of(sk_X509_value(held->roots, i), found) && memcmp(found, digest, DIGEST) == 0)
            return sk_X509_value(held->roots, i);
    return NULL;
}

static bool was_dropped(const struct cg_held_roots *held, const unsigned char digest[DIGEST])
{
    for (size_t i = 0; i < held->ndropped; i++)
        if (memcmp(held->dropped + i * DIGEST, digest, DIGEST) == 0)
            return true;
    return false;
}

/* The held root whose key signed the statement. */
static const X509 *find_signer(const struct cg_statement *statement, const struct cg_held_roots *held)
{
    for (int i = 0; i < sk_X509_num(held->roots); i++)
        if (is_signed_by(statement, sk_X509_value(held->roots, i)))
            return sk_X509_value(held->roots, i);
    return NULL;
}

/* NULL: not a certificate in DER. */
static X509 *read_root(const struct cg_der *der)
{
    const unsigned char *at = der->at;
    X509 *root = d2i_X509(NULL, &at, (long)cg_der_left(der));
    unsigned char *again = NULL;
    const int len = root ? i2d_X509(root, &again) : -1;
    const struct cg_der encoded = {again, again + (len > 0 ? len : 0)};
    if (len > 0 && at == der->end && cg_der_equal(&encoded, der)) {
        OPENSSL_free(again);
        return root;
    }
    OPENSSL_free(again);
    X509_free(root);
    return NULL;
}

static bool is_self_signed(X509 *root)
{
    EVP_PKEY *key = X509_get0_pubkey(root);
    return key && X509_NAME_cmp(X509_get_subject_name(root), X509_get_issuer_name(root)) == 0 &&
           X509_verify(root, key) == 1;
}

static bool is_root(const struct cg_cert *cert, int64_t now, struct cg_refusal *refusal)
{
    if (cert->flags & EXFLAG_INVALID)
        return not_accepted(refusal, "the new root has a malformed extension");
    if (!is_self_signed(cert->x509))
        return not_accepted(refusal, "the new root is not self-signed");
    if (!(cert->flags & EXFLAG_CA) || !(cert->flags & EXFLAG_BCONS))
        return not_accepted(refusal, "the new root is not a CA certificate");
    if (cert->key_usage == UINT32_MAX || !(cert->key_usage & KU_KEY_CERT_SIGN))
        return not_accepted(refusal, "the new root lacks the key usage keyCertSign");
    if (!cert->dates_ok || (now != CG_TIME_NONE && cert->not_after < now))
        return not_accepted(refusal, "the new root has ended, or its dates are malformed");
    return true;
}

/* A root with fewer constraints would permit names that its holder's owner did not permit. */
static bool constraints_are_same(const X509 *holder, const X509 *root, struct cg_refusal *refusal)
{
    struct cg_der old, new;
    const int count = cg_cert_extension(holder, NID_name_constraints, &old);
    if (count == 0)
        return true;
    return (count == 1 && cg_cert_extension(root, NID_name_constraints, &new) == 1 && cg_der_equal(&old, &new)) ||
           not_accepted(refusal, "the new root does not have the name constraints of the root that signed for it");
}

static bool root_is_good(X509 *root, const X509 *holder, int64_t now, struct cg_refusal *refusal)
{
    struct cg_cert cert;
    const bool ok = cg_cert_read(&cert, root) ? is_root(&cert, now, refusal)
                                              : cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    cg_cert_clear(&cert);
    return ok && constraints_are_same(holder, root, refusal);
}

static bool take_root(const struct cg_statement *statement, const struct cg_held_roots *held, int64_t now, X509 **root,
                      struct cg_refusal *refusal)
{
    if (statement->drop)
        return malformed(refusal, "a new root");
    if (find_held(held, statement->digest))
        return nothing(refusal);
    if (was_dropped(held, statement->digest))
        return not_accepted(refusal, "the root was dropped before");
    const X509 *holder = find_signer(statement, held);
    if (!holder)
        return cg_refuse(refusal, CG_REASON_RENEWAL_BAD_SIGNATURE, "no held root signed the statement");
    *root = read_root(&statement->root);
    if (!*root)
        return malformed(refusal, "a certificate in DER");
    return root_is_good(*root, holder, now, refusal);
}

bool cg_statement_new_root(const struct cg_statement *statement, const struct cg_held_roots *held, int64_t now,
                           X509 **root, struct cg_refusal *refusal)
{
    *root = NULL;
    ERR_set_mark();
    const bool ok = take_root(statement, held, now, root, refusal);
    ERR_pop_to_mark();
    if (!ok) {
        X509_free(*root);
        *root = NULL;
    }
    return ok;
}

static bool may_drop(const struct cg_statement *statement, const struct cg_held_roots *held, const X509 *reached,
                     const X509 *own, struct cg_refusal *refusal)
{
    unsigned char reached_digest[DIGEST], own_digest[DIGEST];
    if (!statement->drop)
        return malformed(refusal, "a drop");
    if (!find_held(held, statement->digest))
        return nothing(refusal);
    if (!reached || !own)
        return not_accepted(refusal, "no broker was reached yet, or the current certificate's root is not known");
    if (!digest_of(reached, reached_digest) || !digest_of(own, own_digest))
        return cg_refuse(refusal, CG_REASON_NO_MEMORY, "out of memory");
    if (memcmp(own_digest, statement->digest, DIGEST) == 0)
        return not_accepted(refusal, "the current certificate is from this root");
    if (memcmp(reached_digest, statement->digest, DIGEST) == 0 || !find_held(held, reached_digest))
        return not_accepted(refusal, "the broker was not reached by another held root");
    return is_signed_by(statement, reached) ||
           cg_refuse(refusal, CG_REASON_RENEWAL_BAD_SIGNATURE, "the root by which the broker was reached did not sign");
}

bool cg_statement_drops(const struct cg_statement *statement, const struct cg_held_roots *held, const X509 *reached,
                        const X509 *own, struct cg_refusal *refusal)
{
    ERR_set_mark();
    const bool ok = may_drop(statement, held, reached, own, refusal);
    ERR_pop_to_mark();
    return ok;
}
