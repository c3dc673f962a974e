/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "verify.h"

#include "certificate_policies.h"
#include "core/base/openssl_const.h"
#include "path.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Errors without a row are CG_REASON_PATH_OTHER. */
static const struct {
    int first, last; /* X509_V_ERR_* */
    enum cg_reason reason;
} reasons[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, CG_REASON_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, CG_REASON_BAD_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, X509_V_ERR_CERT_SIGNATURE_FAILURE, CG_REASON_BAD_SIGNATURE},
    {X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, CG_REASON_MALFORMED},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, CG_REASON_UNTRUSTED},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_CERT_CHAIN_TOO_LONG, CG_REASON_TOO_DEEP},
    {X509_V_ERR_NO_ISSUER_PUBLIC_KEY, X509_V_ERR_NO_ISSUER_PUBLIC_KEY, CG_REASON_BAD_SIGNATURE},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_PATH_LENGTH_EXCEEDED, CG_REASON_PATH_LENGTH},
    {X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_REJECTED, CG_REASON_UNTRUSTED},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_V_ERR_KEYUSAGE_NO_CERTSIGN, CG_REASON_CA_KEY_USAGE},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
     CG_REASON_UNKNOWN_CRITICAL_EXTENSION},
    {X509_V_ERR_INVALID_NON_CA, X509_V_ERR_INVALID_NON_CA, CG_REASON_CA_AS_END_ENTITY},
    {X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED, X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, CG_REASON_PROXY_CERTIFICATE},
    {X509_V_ERR_INVALID_EXTENSION, X509_V_ERR_INVALID_EXTENSION, CG_REASON_MALFORMED},
    {X509_V_ERR_INVALID_POLICY_EXTENSION, X509_V_ERR_NO_EXPLICIT_POLICY, CG_REASON_CERTIFICATE_POLICIES},
    {X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_SUBTREE_MINMAX, CG_REASON_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, CG_REASON_NAME_CONSTRAINTS},
    {X509_V_ERR_PROXY_SUBJECT_NAME_VIOLATION, X509_V_ERR_PROXY_SUBJECT_NAME_VIOLATION, CG_REASON_PROXY_CERTIFICATE},
    {X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, CG_REASON_BAD_SIGNATURE},
    {X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, CG_REASON_STRICT},
    {X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_CA, CG_REASON_NOT_A_CA},
    {X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, CG_REASON_STRICT},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, CG_REASON_EC_PARAMETERS},
};

static enum cg_reason reason_of(int error)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (error >= reasons[i].first && error <= reasons[i].last)
            return reasons[i].reason;
    return CG_REASON_PATH_OTHER;
}

/* The app data of the X509_STORE_CTX, for the callbacks. */
struct run {
    const STACK_OF(X509) *path;
    struct cg_path_errors *errors;
    struct cg_signature_cache *signatures;
    bool signatures_enforced, policies;
};

/* Keeps OpenSSL on this path. If names are ambiguous, it would use the first certificate that fits. */
static int issued_on_path(X509_STORE_CTX *ctx, CG_OPENSSL4_CONST X509 *subject, CG_OPENSSL4_CONST X509 *issuer)
{
    const struct run *run = X509_STORE_CTX_get_app_data(ctx);
    if (subject == issuer)
        return cg_path_may_have_issued(issuer, subject);
    for (int i = 0; i + 1 < sk_X509_num(run->path); i++)
        if (sk_X509_value(run->path, i) == subject)
            return sk_X509_value(run->path, i + 1) == issuer;
    return 0;
}

static bool add_error(struct cg_path_errors *errors, int error, int depth)
{
    for (int i = 0; i < errors->count; i++)
        if (errors->item[i].error == error)
            return true;
    if (errors->count == CG_PATH_ERRORS_MAX)
        return false;
    errors->item[errors->count].error = error;
    errors->item[errors->count].depth = depth;
    errors->item[errors->count++].reason = reason_of(error);
    return true;
}

static int note_error(int ok, X509_STORE_CTX *ctx)
{
    const struct run *run = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    if (ok)
        return 1;
    /* Not a finding, since a rule in audit mode would accept it. If memory ran out, check.c refuses as well. */
    if (error == X509_V_ERR_OUT_OF_MEM || error == X509_V_ERR_UNSPECIFIED || error == X509_V_ERR_INVALID_CALL)
        return 0;
    /* errors of the whole path (policies) have a stale depth and no certificate; rules check depths within the path */
    int depth = X509_STORE_CTX_get_current_cert(ctx) ? X509_STORE_CTX_get_error_depth(ctx) : 0;
    if (!add_error(run->errors, error, depth >= 0 && depth < sk_X509_num(run->path) ? depth : 0))
        return 0;
    /* name constraints and the policy tree are checked later and can be made expensive: not for an untrusted path */
    run->errors->stopped_early = run->signatures_enforced && reason_of(error) == CG_REASON_BAD_SIGNATURE;
    return !run->errors->stopped_early;
}

static bool set_param(X509_VERIFY_PARAM *param, const struct run *run, const struct cg_profile *profile)
{
    unsigned long flags = X509_V_FLAG_NO_CHECK_TIME; /* rules_validity.c checks it, with the caller's time and skew */
    if (profile->strict)
        flags |= X509_V_FLAG_X509_STRICT;
    if (run->policies && !cg_policies_set(param, &flags, run->path, profile))
        return false;
    /* rules_constraints.c checks the subject: OpenSSL treats an address as a host name */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* an anchor that is not a root (trust.intermediate_anchors); otherwise OpenSSL requires a root */
    if (!(X509_get_extension_flags(sk_X509_value(run->path, sk_X509_num(run->path) - 1)) & EXFLAG_SS))
        flags |= X509_V_FLAG_PARTIAL_CHAIN;
    X509_VERIFY_PARAM_set_depth(param, 100); /* rules_path.c checks max_depth */
    return X509_VERIFY_PARAM_set_flags(param, flags) == 1;
}

static bool same_path(const STACK_OF(X509) *a, const STACK_OF(X509) *b)
{
    if (sk_X509_num(a) != sk_X509_num(b))
        return false;
    for (int i = 0; i < sk_X509_num(a); i++)
        if (sk_X509_value(a, i) != sk_X509_value(b, i))
            return false;
    return true;
}

/* Replaces OpenSSL's function, which verifies signatures and dates; rules_validity.c checks the dates. */
static int signatures_were_verified(X509_STORE_CTX *ctx)
{
    (void)ctx;
    return 1;
}

static int report(X509_STORE_CTX *ctx, X509 *cert, int depth, int error)
{
    X509_STORE_CTX_set_error(ctx, error);
    X509_STORE_CTX_set_error_depth(ctx, depth);
    X509_STORE_CTX_set_current_cert(ctx, cert);
    return note_error(0, ctx);
}

/* Replaces it too, with the same errors in the same order, but verifies only the signatures that the cache does not
 * know. */
static int verify_unknown(X509_STORE_CTX *ctx)
{
    const struct run *run = X509_STORE_CTX_get_app_data(ctx);
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    for (int i = sk_X509_num(chain) - 2; i >= 0; i--) {
        X509 *subject = sk_X509_value(chain, i), *issuer = sk_X509_value(chain, i + 1);
        if (cg_signature_cache_has(run->signatures, subject, issuer))
            continue;
        run->errors->signatures_new = true;
        const int allowed = X509_check_issued(issuer, subject); /* its names are those of the path */
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        if (allowed != X509_V_OK && !report(ctx, issuer, i + 1, allowed))
            return 0;
        if (!key && !report(ctx, issuer, i + 1, X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY))
            return 0;
        if (key && X509_verify(subject, key) <= 0 && !report(ctx, subject, i, X509_V_ERR_CERT_SIGNATURE_FAILURE))
            return 0;
    }
    return 1;
}

/* 1: errors lists everything that is wrong; 0: the path could not be verified; -1: because memory ran out. */
static int verify(const struct run *run, const struct cg_profile *profile, bool signatures_known)
{
    int result = -1, last = sk_X509_num(run->path) - 1;
    X509_STORE *store = X509_STORE_new(); /* empty: it only carries the callback */
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *anchors = sk_X509_new_null(), *between = sk_X509_new_null();
    memset(run->errors, 0, sizeof *run->errors);
    if (!store || !ctx || !anchors || !between || !sk_X509_push(anchors, sk_X509_value(run->path, last)))
        goto out;
    for (int i = 1; i < last; i++)
        if (!sk_X509_push(between, sk_X509_value(run->path, i)))
            goto out;
    X509_STORE_set_check_issued(store, issued_on_path);
    if (!X509_STORE_CTX_init(ctx, store, sk_X509_value(run->path, 0), between))
        goto out;
    X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
    if (!X509_STORE_CTX_set_app_data(ctx, (void *)(uintptr_t)run))
        goto out;
    X509_STORE_CTX_set_verify_cb(ctx, note_error);
    if (signatures_known)
        X509_STORE_CTX_set_verify(ctx, signatures_were_verified);
    else if (run->signatures)
        X509_STORE_CTX_set_verify(ctx, verify_unknown);
    if (!set_param(X509_STORE_CTX_get0_param(ctx), run, profile))
        goto out;
    if (X509_verify_cert(ctx) > 0 || run->errors->stopped_early)
        /* the rules check this path: OpenSSL must have verified the same one */
        result = same_path(X509_STORE_CTX_get0_chain(ctx), run->path) ||
                 add_error(run->errors, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0);
    else if (X509_STORE_CTX_get_error(ctx) != X509_V_ERR_OUT_OF_MEM)
        result = 0;
out:
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(between);
    sk_X509_free(anchors);
    return result;
}

bool cg_path_verify(const STACK_OF(X509) *path, const struct cg_profile *profile, bool signatures_known,
                    struct cg_signature_cache *signatures, struct cg_path_errors *errors, enum cg_reason *reason)
{
    bool policies = profile->mode[CG_REASON_CERTIFICATE_POLICIES] != CG_OFF;
    struct run run = {
        .path = path,
        .errors = errors,
        .signatures = signatures,
        .signatures_enforced = profile->mode[CG_REASON_BAD_SIGNATURE] == CG_ENFORCE,
        .policies = policies && cg_policies_openssl_may_try(path),
    };
    ERR_set_mark();
    int result = verify(&run, profile, signatures_known), error = X509_V_OK;
    if (policies && !run.policies && result == 1 && !errors->stopped_early)
        error = cg_policies_without_tree(path, profile);
    if (run.policies && result < 0) {
        /* OpenSSL returns the same for a policy tree beyond its limit: verify without one, and add that error */
        run.policies = false;
        result = verify(&run, profile, signatures_known);
        error = X509_V_ERR_INVALID_POLICY_EXTENSION;
    }
    if (result == 1 && error != X509_V_OK)
        result = add_error(errors, error, 0);
    ERR_pop_to_mark();
    *reason = result < 0 ? CG_REASON_NO_MEMORY : CG_REASON_INTERNAL_ERROR;
    return result == 1;
}
