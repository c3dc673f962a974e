/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on cryptography: the keys of all certificates, and the signatures of those below the anchor. */
#include "rule.h"

#include "core/cert/key.h"
#include "core/path/path.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

#define RSA_KEYS (CG_KEY_RSA | CG_KEY_RSA_PSS)

struct key_text {
    char text[80];
};

static struct key_text key_text(const struct cg_cert *cert)
{
    struct key_text out = {""};
    cg_cert_key_text(cert, out.text, sizeof out.text);
    return out;
}

enum cg_rule_result cg_rule_key_algorithm(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                          char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    if (cert->key_algorithm & facts->in->profile->key_algorithms)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "the key of %s is %s, which the policy does not allow",
                        cg_rule_cert_label(facts, depth).text, key_text(cert).text);
}

enum cg_rule_result cg_rule_key_size(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    const struct cg_profile *profile = facts->in->profile;
    if (!(cert->key_algorithm & RSA_KEYS) ||
        (cert->key_bits >= (int)profile->rsa_min_bits &&
         (profile->rsa_max_bits == 0 || cert->key_bits <= (int)profile->rsa_max_bits)))
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "the key of %s is %s, the policy allows %u to %u bits",
                        cg_rule_cert_label(facts, depth).text, key_text(cert).text, profile->rsa_min_bits,
                        profile->rsa_max_bits);
}

enum cg_rule_result cg_rule_rsa_exponent(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                         char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    struct cg_rsa_exponent exponent;
    if (!(cert->key_algorithm & RSA_KEYS))
        return CG_RULE_PASS;
    if (!cg_rsa_exponent(cert->key, &exponent))
        return CG_RULE_FAULT;
    if (exponent.ok)
        return CG_RULE_PASS;
    return cg_rule_fail(detail, "%s has %s", cg_rule_cert_label(facts, depth).text, exponent.text);
}

/* RFC 5480 2.1.1: namedCurve only. */
enum cg_rule_result cg_rule_ec_parameters(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                          char *detail)
{
    const struct cg_cert *cert = &facts->cert[depth];
    if (cert->ec_explicit)
        return cg_rule_fail(detail, "%s: its key has explicit curve parameters, not a named curve",
                            cg_rule_cert_label(facts, depth).text);
    return cg_rule_x509(facts, reason, depth, detail);
}

enum cg_rule_result cg_rule_signature_digest(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                             char *detail)
{
    (void)reason;
    const struct cg_cert *cert = &facts->cert[depth];
    if (cert->digest & facts->in->profile->digests)
        return CG_RULE_PASS;
    const char *name = OBJ_nid2ln(X509_get_signature_nid(cert->x509));
    return cg_rule_fail(detail, "%s is signed with %s, which the policy does not allow",
                        cg_rule_cert_label(facts, depth).text, name ? name : "an unknown algorithm");
}
