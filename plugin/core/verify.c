/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "verify.h"

#include "path.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Errors without a row here are CG_REASON_PATH_OTHER. */
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

/* What the callbacks find in X509_STORE_CTX's app data. */
struct run {
    const STACK_OF(X509) *path;
    struct cg_path_errors *errors;
    bool signatures_enforced, without_policies;
};

/* Keeps OpenSSL on our path: where names are ambiguous it would pick the first that fits. */
static int issued_on_path(X509_STORE_CTX *ctx, X509 *subject, X509 *issuer)
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
    if (error == X509_V_ERR_OUT_OF_MEM || error == X509_V_ERR_UNSPECIFIED || error == X509_V_ERR_INVALID_CALL)
        return 0;
    /* errors of the path as a whole (policies) leave a stale depth behind and no certificate; rules look at each
     * certificate of the path, so none may be left outside of it */
    int depth = X509_STORE_CTX_get_current_cert(ctx) ? X509_STORE_CTX_get_error_depth(ctx) : 0;
    if (!add_error(run->errors, error, depth >= 0 && depth < sk_X509_num(run->path) ? depth : 0))
        return 0;
    /* name constraints and the policy tree come later, and can be made costly: not for what nobody vouches for */
    run->errors->cut_short = run->signatures_enforced && reason_of(error) == CG_REASON_BAD_SIGNATURE;
    return !run->errors->cut_short;
}

static bool add_policy(X509_VERIFY_PARAM *param, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    if (object && X509_VERIFY_PARAM_add0_policy(param, object))
        return true;
    ASN1_OBJECT_free(object);
    return false;
}

#define ANY_POLICY "2.5.29.32.0"
/* An OID that no certificate can be issued under: the user-initial-policy-set that nothing satisfies. An empty one
 * would fail chains that need no policy at all, or mean any. */
#define NO_POLICY "0.0"

static bool wanted(const struct cg_strings *oids, const char *oid)
{
    if (oids->count == 0)
        return true;
    for (size_t i = 0; i < oids->count; i++)
        if (strcmp(oids->item[i], oid) == 0 || strcmp(oids->item[i], ANY_POLICY) == 0)
            return true;
    return false;
}

static bool holds_any(const CERTIFICATEPOLICIES *policies)
{
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++)
        if (OBJ_obj2nid(sk_POLICYINFO_value(policies, i)->policyid) == NID_any_policy)
            return true;
    return false;
}

/* user-initial-policy-set: the policy's OIDs, cut down to those that the anchor may vouch for (RFC 5937 3.2). */
static bool set_initial_policies(X509_VERIFY_PARAM *param, const struct cg_strings *oids, const X509 *anchor)
{
    int critical = -1, added = 0;
    bool ok = true;
    CERTIFICATEPOLICIES *of_anchor = X509_get_ext_d2i(anchor, NID_certificate_policies, &critical, NULL);
    if (!of_anchor && critical != -1)
        return add_policy(param, NO_POLICY); /* unreadable: it vouches for nothing */
    if (!of_anchor || holds_any(of_anchor)) {
        for (size_t i = 0; i < oids->count && ok; i++, added++)
            ok = add_policy(param, oids->item[i]);
        ok = ok && (added > 0 || add_policy(param, ANY_POLICY));
    } else {
        bool any = oids->count == 0;
        for (int i = 0; i < sk_POLICYINFO_num(of_anchor) && ok; i++) {
            char oid[128];
            int len = OBJ_obj2txt(oid, sizeof oid, sk_POLICYINFO_value(of_anchor, i)->policyid, 1);
            if (len <= 0 || (size_t)len >= sizeof oid || !(any || wanted(oids, oid)))
                continue;
            ok = add_policy(param, oid);
            added++;
        }
        ok = ok && (added > 0 || add_policy(param, NO_POLICY));
    }
    CERTIFICATEPOLICIES_free(of_anchor);
    return ok;
}

/* Certificates below the anchor that count for a skipCerts field: self-issued CA certificates do not. */
static long counted(const STACK_OF(X509) *path)
{
    long n = 1;
    for (int i = 1; i < sk_X509_num(path) - 1; i++)
        n += !(X509_get_extension_flags(sk_X509_value(path, i)) & EXFLAG_SI);
    return n;
}

static bool takes_effect(const ASN1_INTEGER *skip, long certificates)
{
    if (!skip)
        return false;
    int64_t n = 0;
    return !ASN1_INTEGER_get_int64(&n, skip) || n < 0 || n <= certificates;
}

/* OpenSSL starts with the certificate below the anchor, so the anchor's own constraints become initial inputs
 * (RFC 5937 3.2). Exact for requireExplicitPolicy: the state of RFC 5280 6.1.5 (g) only asks whether the counter
 * reaches 0 within this path. For inhibitPolicyMapping and inhibitAnyPolicy the inputs are booleans that hold from the
 * first certificate on, where the anchor may allow some certificates first: then we are stricter than need be. */
static unsigned long anchor_flags(const STACK_OF(X509) *path, const X509 *anchor)
{
    unsigned long flags = 0;
    int critical = -1;
    long certificates = counted(path);
    POLICY_CONSTRAINTS *constraints = X509_get_ext_d2i(anchor, NID_policy_constraints, &critical, NULL);
    if (!constraints && critical != -1)
        flags |= X509_V_FLAG_EXPLICIT_POLICY | X509_V_FLAG_INHIBIT_MAP;
    if (constraints && takes_effect(constraints->requireExplicitPolicy, certificates))
        flags |= X509_V_FLAG_EXPLICIT_POLICY;
    if (constraints && takes_effect(constraints->inhibitPolicyMapping, certificates))
        flags |= X509_V_FLAG_INHIBIT_MAP;
    POLICY_CONSTRAINTS_free(constraints);
    critical = -1;
    ASN1_INTEGER *inhibit_any = X509_get_ext_d2i(anchor, NID_inhibit_any_policy, &critical, NULL);
    if ((!inhibit_any && critical != -1) || takes_effect(inhibit_any, certificates))
        flags |= X509_V_FLAG_INHIBIT_ANY;
    ASN1_INTEGER_free(inhibit_any);
    return flags;
}

static bool set_param(X509_VERIFY_PARAM *param, const struct run *run, const struct cg_profile *profile)
{
    const STACK_OF(X509) *path = run->path;
    const X509 *anchor = sk_X509_value(path, sk_X509_num(path) - 1);
    unsigned long flags = X509_V_FLAG_NO_CHECK_TIME; /* our own rules, with the caller's time and skew */
    if (profile->strict)
        flags |= X509_V_FLAG_X509_STRICT;
    if (profile->mode[CG_REASON_CERTIFICATE_POLICIES] != CG_OFF && !run->without_policies) {
        /* always: constraints in the path hold whether the policy file asks for a policy or not */
        flags |= X509_V_FLAG_POLICY_CHECK | anchor_flags(path, anchor);
        flags |= profile->policies.require_explicit ? X509_V_FLAG_EXPLICIT_POLICY : 0;
        flags |= profile->policies.inhibit_mapping ? X509_V_FLAG_INHIBIT_MAP : 0;
        flags |= profile->policies.inhibit_any ? X509_V_FLAG_INHIBIT_ANY : 0;
        if (!set_initial_policies(param, &profile->policies.oids, anchor))
            return false;
    }
    X509_VERIFY_PARAM_set_depth(param, 100); /* max_depth is our own rule */
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

/* In place of OpenSSL's own, which verifies signatures and dates: dates are rules of ours. */
static int signatures_were_verified(X509_STORE_CTX *ctx)
{
    (void)ctx;
    return 1;
}

/* 1: errors holds all that is wrong; 0: it could not be done; -1: for want of memory. */
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
    if (!set_param(X509_STORE_CTX_get0_param(ctx), run, profile))
        goto out;
    if (X509_verify_cert(ctx) > 0 || run->errors->cut_short)
        /* the rules speak of this path: never let them judge another one than OpenSSL verified */
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
                    struct cg_path_errors *errors, enum cg_reason *reason)
{
    struct run run = {
        .path = path,
        .errors = errors,
        .signatures_enforced = profile->mode[CG_REASON_BAD_SIGNATURE] == CG_ENFORCE,
    };
    ERR_set_mark();
    int result = verify(&run, profile, signatures_known);
    if (result < 0 && profile->mode[CG_REASON_CERTIFICATE_POLICIES] != CG_OFF) {
        /* OpenSSL says the same of a policy tree beyond its bound: then it is done without one, and that is told */
        run.without_policies = true;
        result = verify(&run, profile, signatures_known);
        if (result == 1)
            result = add_error(errors, X509_V_ERR_INVALID_POLICY_EXTENSION, 0);
    }
    ERR_pop_to_mark();
    *reason = result < 0 ? CG_REASON_NO_MEMORY : CG_REASON_INTERNAL_ERROR;
    return result == 1;
}
