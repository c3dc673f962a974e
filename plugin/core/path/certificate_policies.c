/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "certificate_policies.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

static bool add_policy(X509_VERIFY_PARAM *param, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    if (object && X509_VERIFY_PARAM_add0_policy(param, object))
        return true;
    ASN1_OBJECT_free(object);
    return false;
}

#define ANY_POLICY "2.5.29.32.0"
/* A reserved OID that no certificate has: with it, nothing satisfies the user-initial-policy-set. OpenSSL 3.0 treats
 * an empty set the same way if a policy is required, but does not document that. */
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

static bool has_any_policy(const CERTIFICATEPOLICIES *policies)
{
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++)
        if (OBJ_obj2nid(sk_POLICYINFO_value(policies, i)->policyid) == NID_any_policy)
            return true;
    return false;
}

/* user-initial-policy-set: the OIDs of the policy that the anchor also allows (RFC 5937 3.2). */
static bool set_initial_policies(X509_VERIFY_PARAM *param, const struct cg_strings *oids, const X509 *anchor)
{
    int critical = -1, added = 0;
    bool ok = true;
    CERTIFICATEPOLICIES *anchor_policies = X509_get_ext_d2i(anchor, NID_certificate_policies, &critical, NULL);
    if (!anchor_policies && critical != -1)
        return add_policy(param, NO_POLICY); /* unreadable: it allows no policy */
    if (!anchor_policies || has_any_policy(anchor_policies)) {
        for (size_t i = 0; i < oids->count && ok; i++, added++)
            ok = add_policy(param, oids->item[i]);
        ok = ok && (added > 0 || add_policy(param, ANY_POLICY));
    } else {
        bool any = oids->count == 0;
        for (int i = 0; i < sk_POLICYINFO_num(anchor_policies) && ok; i++) {
            char oid[128];
            int len = OBJ_obj2txt(oid, sizeof oid, sk_POLICYINFO_value(anchor_policies, i)->policyid, 1);
            if (len <= 0 || (size_t)len >= sizeof oid || !(any || wanted(oids, oid)))
                continue;
            ok = add_policy(param, oid);
            added++;
        }
        ok = ok && (added > 0 || add_policy(param, NO_POLICY));
    }
    CERTIFICATEPOLICIES_free(anchor_policies);
    return ok;
}

/* The number of certificates below depth that count for a skipCerts field there: self-issued CA certificates do not. */
static long count_below(const STACK_OF(X509) *path, int depth)
{
    long n = depth > 0;
    for (int i = 1; i < depth; i++)
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

/* OpenSSL starts with the certificate below the anchor, so the anchor's own constraints become initial inputs (RFC
 * 5937 3.2). For requireExplicitPolicy this is exact: in RFC 5280 6.1.5 (g) it only matters whether the counter
 * reaches 0 within this path. For inhibitPolicyMapping and inhibitAnyPolicy the inputs are booleans that apply from
 * the first certificate, although the anchor may exempt the first ones: then the check is stricter than necessary. */
static unsigned long anchor_flags(const STACK_OF(X509) *path, const X509 *anchor)
{
    unsigned long flags = 0;
    int critical = -1;
    long certificates = count_below(path, sk_X509_num(path) - 1);
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

bool cg_policies_set(X509_VERIFY_PARAM *param, unsigned long *flags, const STACK_OF(X509) *path,
                     const struct cg_profile *profile)
{
    const X509 *anchor = sk_X509_value(path, sk_X509_num(path) - 1);
    /* always: constraints in the path apply even if the policy file requires no policy */
    *flags |= X509_V_FLAG_POLICY_CHECK | anchor_flags(path, anchor);
    *flags |= profile->policies.require_explicit ? X509_V_FLAG_EXPLICIT_POLICY : 0;
    *flags |= profile->policies.inhibit_mapping ? X509_V_FLAG_INHIBIT_MAP : 0;
    *flags |= profile->policies.inhibit_any ? X509_V_FLAG_INHIBIT_ANY : 0;
    return set_initial_policies(param, &profile->policies.oids, anchor);
}

/* ---- without OpenSSL's policy tree */

static int by_oid(const POLICYINFO *const *a, const POLICYINFO *const *b)
{
    return OBJ_cmp((*a)->policyid, (*b)->policyid);
}

enum policies_state { POLICIES_ABSENT, POLICIES_VALID, POLICIES_INVALID };

/* RFC 5280 4.2.1.4: at least one policy, and no duplicates. */
static enum policies_state policies_state_of(const X509 *cert)
{
    int critical = -1;
    CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(cert, NID_certificate_policies, &critical, NULL);
    if (!policies)
        return critical == -1 ? POLICIES_ABSENT : POLICIES_INVALID;
    bool valid = sk_POLICYINFO_num(policies) > 0;
    sk_POLICYINFO_set_cmp_func(policies, by_oid); /* a peer may send thousands */
    sk_POLICYINFO_sort(policies);
    for (int i = 1; valid && i < sk_POLICYINFO_num(policies); i++)
        valid = OBJ_cmp(sk_POLICYINFO_value(policies, i - 1)->policyid, sk_POLICYINFO_value(policies, i)->policyid) !=
                0;
    CERTIFICATEPOLICIES_free(policies);
    return valid ? POLICIES_VALID : POLICIES_INVALID;
}

bool cg_policies_openssl_may_try(const STACK_OF(X509) *path)
{
    for (int i = 0; i < sk_X509_num(path) - 1; i++) {
        const X509 *cert = sk_X509_value(path, i);
        enum policies_state policies = policies_state_of(cert);
        if (policies == POLICIES_INVALID ||
            (policies == POLICIES_ABSENT && X509_get_ext_by_NID(cert, NID_policy_constraints, -1) >= 0))
            return false;
    }
    return true;
}

/* X509_V_OK; X509_V_ERR_NO_EXPLICIT_POLICY if the constraints of this certificate require a policy; or
 * X509_V_ERR_INVALID_POLICY_EXTENSION. */
static int required_policy_error(const STACK_OF(X509) *path, int depth)
{
    const X509 *cert = sk_X509_value(path, depth);
    int critical = -1,
        error = policies_state_of(cert) == POLICIES_INVALID ? X509_V_ERR_INVALID_POLICY_EXTENSION : X509_V_OK;
    POLICY_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_policy_constraints, &critical, NULL);
    if (!constraints && critical != -1)
        error = X509_V_ERR_INVALID_POLICY_EXTENSION;
    if (constraints && !error && takes_effect(constraints->requireExplicitPolicy, count_below(path, depth)))
        error = X509_V_ERR_NO_EXPLICIT_POLICY;
    POLICY_CONSTRAINTS_free(constraints);
    return error;
}

int cg_policies_without_tree(const STACK_OF(X509) *path, const struct cg_profile *profile)
{
    int last = sk_X509_num(path) - 1, error = X509_V_OK;
    if (profile->policies.require_explicit ||
        (anchor_flags(path, sk_X509_value(path, last)) & X509_V_FLAG_EXPLICIT_POLICY))
        return X509_V_ERR_NO_EXPLICIT_POLICY;
    for (int i = 0; i < last && error == X509_V_OK; i++)
        error = required_policy_error(path, i);
    return error;
}
