/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Chains: every chain that cg_check accepts must also be accepted by OpenSSL's X509_verify_cert with equivalent flags.
 * A fuzzer cannot find a valid signature, so the input contains TBSCertificates, which are signed here with fixed keys
 * (chain_input.h). */
#include "chain_input.h"
#include "core/check.h"
#include "core/policy/policy_load.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct cg_policy *policy;

/* The profile for the options: the strict default, with settings that a policy may add or relax within RFC 5280. */
static struct cg_profile profile_of(const struct chain_input *input)
{
    static const char *oids[] = {"1.2.3.4"};
    struct cg_error err = {""};
    if (!policy && !(policy = cg_policy_default("none.pem", &err)))
        abort();
    struct cg_profile profile = chain_option(input, CHAIN_SERVER) ? policy->base.server : policy->base.client;
    profile.strict = chain_option(input, CHAIN_STRICT);
    profile.allow_missing_eku = chain_option(input, CHAIN_MISSING_EKU);
    profile.policies.require_explicit = chain_option(input, CHAIN_EXPLICIT_POLICY);
    profile.policies.inhibit_mapping = chain_option(input, CHAIN_INHIBIT_MAPPING);
    profile.policies.inhibit_any = chain_option(input, CHAIN_INHIBIT_ANY);
    if (chain_option(input, CHAIN_NAMED_POLICY))
        profile.policies.oids = (struct cg_strings){oids, 1};
    return profile;
}

static unsigned long flags_of(const struct cg_profile *profile)
{
    unsigned long flags = X509_V_FLAG_POLICY_CHECK;
    flags |= profile->strict ? X509_V_FLAG_X509_STRICT : 0;
    flags |= profile->policies.require_explicit ? X509_V_FLAG_EXPLICIT_POLICY : 0;
    flags |= profile->policies.inhibit_mapping ? X509_V_FLAG_INHIBIT_MAP : 0;
    flags |= profile->policies.inhibit_any ? X509_V_FLAG_INHIBIT_ANY : 0;
    return flags;
}

/* RFC 5280 6.1.1 (c): an empty list means any-policy. OpenSSL needs it explicitly: otherwise a path that requires a policy
 * fails with any policy. */
static void set_param(X509_VERIFY_PARAM *param, const struct cg_profile *profile, const struct cg_check_input *in)
{
    X509_VERIFY_PARAM_set_flags(param, flags_of(profile));
    X509_VERIFY_PARAM_set_time(param, (time_t)in->now);
    X509_VERIFY_PARAM_set_purpose(param,
                                  in->purpose == CG_PURPOSE_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
    for (size_t i = 0; i < profile->policies.oids.count; i++)
        X509_VERIFY_PARAM_add0_policy(param, OBJ_txt2obj(profile->policies.oids.item[i], 1));
    if (profile->policies.oids.count == 0)
        X509_VERIFY_PARAM_add0_policy(param, OBJ_nid2obj(NID_any_policy));
}

static bool same_chain(const STACK_OF(X509) *a, const STACK_OF(X509) *b)
{
    bool same = sk_X509_num(a) == sk_X509_num(b);
    for (int i = 0; same && i < sk_X509_num(a); i++)
        same = X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)) == 0;
    return same;
}

/* The validity includes the last second (RFC 5280 4.1.2.5), but OpenSSL's ends one second earlier. */
static bool in_last_second(const STACK_OF(X509) *path, int64_t now)
{
    for (int i = 0; i < sk_X509_num(path); i++) {
        struct tm tm;
        if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(path, i)), &tm) && timegm(&tm) == now)
            return true;
    }
    return false;
}

/* OpenSSL gets only the certificates of the accepted path. If equal names lead it to another path through them, there is
 * nothing to compare. */
static void compare_with_openssl(const struct cg_profile *profile, const struct cg_check_input *in,
                                 const struct cg_verdict *verdict)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = X509_chain_up_ref(verdict->path);
    X509 *anchor = sk_X509_pop(untrusted);
    if (!store || !ctx || X509_STORE_add_cert(store, anchor) != 1 ||
        X509_STORE_CTX_init(ctx, store, in->leaf, untrusted) != 1)
        abort();
    set_param(X509_STORE_CTX_get0_param(ctx), profile, in);
    if (X509_verify_cert(ctx) != 1 && same_chain(X509_STORE_CTX_get0_chain(ctx), verdict->path) &&
        !in_last_second(verdict->path, in->now)) {
        fprintf(stderr, "accepted, but OpenSSL refuses at depth %d: %s\n", X509_STORE_CTX_get_error_depth(ctx),
                X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
        abort();
    }
    X509_free(anchor);
    sk_X509_pop_free(untrusted, X509_free);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
}

/* A live session is re-checked with the path it was accepted with. The verdict must be the same. */
static void check_known_path(const struct cg_check_input *in, const struct cg_verdict *first)
{
    struct cg_check_input again = *in;
    struct cg_verdict verdict;
    again.known_path = first->path;
    cg_check(&again, &verdict);
    if (verdict.decision != CG_ACCEPT || !same_chain(verdict.path, first->path))
        abort();
    cg_verdict_clear(&verdict);
}

/* The signatures of every accepted input so far are remembered. */
static void check_remembered(const struct cg_check_input *in, const struct cg_verdict *first)
{
    static struct cg_signature_cache *cache;
    struct cg_check_input again = *in;
    if (!cache && !(cache = cg_signature_cache_new(CG_SIGNATURE_CACHE_BYTES)))
        abort();
    again.signatures = cache;
    for (int i = 0; i < 2; i++) {
        struct cg_verdict verdict;
        cg_check(&again, &verdict);
        if (verdict.decision != first->decision || verdict.reason != first->reason ||
            strcmp(verdict.detail, first->detail) != 0)
            abort();
        cg_verdict_clear(&verdict);
    }
}

static void check_chain(const struct chain_input *input, const struct cg_trust *trust)
{
    struct cg_profile profile = profile_of(input);
    struct cg_verdict verdict;
    const struct cg_check_input in = {.profile = &profile,
                                      .trust = trust,
                                      .purpose = chain_option(input, CHAIN_SERVER) ? CG_PURPOSE_SERVER
                                                                                   : CG_PURPOSE_CLIENT,
                                      .leaf = sk_X509_value(input->certs, 0),
                                      .sent = input->certs,
                                      .now = input->now};
    cg_check(&in, &verdict);
    check_remembered(&in, &verdict);
    if (verdict.decision == CG_ACCEPT) {
        if (sk_X509_num(cg_trust_anchors(trust)) == 0 || verdict.reason != CG_REASON_OK || !verdict.path)
            abort();
        compare_with_openssl(&profile, &in, &verdict);
        check_known_path(&in, &verdict);
    }
    cg_verdict_clear(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chain_input input;
    struct cg_error err = {""};
    if (chain_input_read(&input, data, size)) {
        struct cg_trust *trust = cg_trust_new();
        unsigned char *der = NULL;
        int len = i2d_X509(sk_X509_value(input.certs, sk_X509_num(input.certs) - 1), &der);
        if (!trust || len <= 0)
            abort();
        (void)cg_trust_add_anchors(trust, "anchor.der", der, (size_t)len, &err);
        check_chain(&input, trust);
        cg_trust_free(trust);
        OPENSSL_free(der);
    }
    chain_input_clear(&input);
    ERR_clear_error();
    return 0;
}
