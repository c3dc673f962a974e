/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on what the key of a certificate may be used for, and on key identifiers: basicConstraints, keyUsage,
 * extendedKeyUsage, subjectKeyIdentifier, authorityKeyIdentifier. */
#include "base/array.h"
#include "rules.h"

#include <stdio.h>

static bool pathlen_without_ca(const struct cg_lint_object *o)
{
    return o->bc && o->bc->pathlen && (!o->bc->ca || (o->ku && !(o->key_usage & KU_KEY_CERT_SIGN)));
}

static bool no_pathlen(const struct cg_lint_object *o)
{
    return o->bc && o->bc->ca && !o->bc->pathlen;
}

static bool ca_ku_lacks_sign(const struct cg_lint_object *o)
{
    return o->ku && !(o->key_usage & KU_KEY_CERT_SIGN);
}

static bool ca_ku_lacks_crl(const struct cg_lint_object *o)
{
    return o->ku && !(o->key_usage & KU_CRL_SIGN);
}

static bool ku_empty(const struct cg_lint_object *o)
{
    return o->ku && o->key_usage == 0;
}

static bool leaf_may_sign(const struct cg_lint_object *o)
{
    return o->bc && !o->bc->ca && o->ku && o->key_usage & KU_KEY_CERT_SIGN;
}

static bool leaf_no_signature(const struct cg_lint_object *o)
{
    return o->ku && !(o->key_usage & KU_DIGITAL_SIGNATURE);
}

/* RFC 8813 section 3 for EC, RFC 9295 for Ed25519 and Ed448. */
static bool ku_unfit(const struct cg_lint_object *o, char *detail, size_t size)
{
    const uint32_t encrypting = KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT;
    if (!o->ku || !o->key)
        return false;
    snprintf(detail, size, "keyEncipherment or keyAgreement with %s", EVP_PKEY_get0_type_name(o->key));
    if (EVP_PKEY_is_a(o->key, "EC"))
        return o->key_usage & encrypting;
    if (EVP_PKEY_is_a(o->key, "ED25519") || EVP_PKEY_is_a(o->key, "ED448"))
        return o->key_usage & (encrypting | KU_KEY_AGREEMENT);
    return false;
}

static bool any_eku(const struct cg_lint_object *o)
{
    return o->any_purpose;
}

static bool both_ekus(const struct cg_lint_object *o)
{
    return o->server && o->client;
}

static bool no_aki(const struct cg_lint_object *o)
{
    return !o->self_signed && (!cg_lint_has(o, NID_authority_key_identifier) || (o->aki && !o->aki->keyid));
}

static bool aki_by_serial(const struct cg_lint_object *o)
{
    return o->aki && (o->aki->issuer || o->aki->serial);
}

static const struct cg_lint_rule rules[] = {
    {{"ca_basic_constraints_missing", CG_LINT_ERROR, "RFC 5280 4.2.1.9",
      "The certificate signs certificates but lacks basicConstraints with CA:TRUE.", CG_CA_AGAIN},
     CG_SCOPE_CA,
     .lacks = NID_basic_constraints},
    {{"ca_basic_constraints_not_critical", CG_LINT_ERROR, "RFC 5280 4.2.1.9",
      "The basicConstraints of a CA are not critical.", CG_CA_AGAIN},
     CG_SCOPE_CA,
     .not_critical = NID_basic_constraints},
    {{"pathlen_without_ca", CG_LINT_ERROR, "RFC 5280 4.2.1.9",
      "The certificate has a path length but may not sign certificates.", CG_AGAIN_ANY},
     .holds = pathlen_without_ca},
    {{"ca_pathlen_missing", CG_LINT_NOTICE, "RFC 5280 4.2.1.9",
      "The CA has no path length. A CA below it may create further CAs.", CG_CA_AGAIN},
     CG_SCOPE_CA,
     .holds = no_pathlen},
    {{"ca_key_usage_missing", CG_LINT_ERROR, "RFC 5280 4.2.1.3",
      "The CA has no keyUsage. Strict verifiers reject it (openssl: error 92).", CG_CA_AGAIN},
     CG_SCOPE_CA,
     .lacks = NID_key_usage},
    {{"ca_key_usage_no_sign", CG_LINT_ERROR, "RFC 5280 4.2.1.3", "The keyUsage of the CA lacks keyCertSign.",
      CG_CA_AGAIN},
     CG_SCOPE_CA,
     .holds = ca_ku_lacks_sign},
    {{"ca_key_usage_no_crl", CG_LINT_WARNING, "RFC 5280 4.2.1.3",
      "The keyUsage of the CA lacks cRLSign. Verifiers reject its CRLs.", CG_CA_AGAIN},
     CG_SCOPE_CA,
     .holds = ca_ku_lacks_crl},
    {{"key_usage_not_critical", CG_LINT_WARNING, "RFC 5280 4.2.1.3", "The keyUsage is not critical.", CG_AGAIN_ANY},
     .not_critical = NID_key_usage},
    {{"key_usage_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.3", "The keyUsage allows nothing.", CG_AGAIN_ANY},
     .holds = ku_empty},
    {{"key_usage_missing", CG_LINT_WARNING, "RFC 5280 4.2.1.3",
      "The certificate has no keyUsage, so the key may be used for anything.", CG_AGAIN},
     CG_SCOPE_LEAF,
     .lacks = NID_key_usage},
    {{"key_usage_sign_without_ca", CG_LINT_ERROR, "RFC 5280 4.2.1.9",
      "The keyUsage has keyCertSign, but the basicConstraints say that this is not a CA.", CG_AGAIN},
     CG_SCOPE_LEAF,
     .holds = leaf_may_sign},
    {{"key_usage_no_signature", CG_LINT_WARNING, "RFC 8446 4.4.2.2",
      "The keyUsage lacks digitalSignature, which TLS 1.3 needs.", CG_AGAIN},
     CG_SCOPE_LEAF,
     .holds = leaf_no_signature},
    {{"key_usage_unfit", CG_LINT_ERROR, "RFC 8813 3",
      "The keyUsage includes a use that this type of key does not support.", CG_AGAIN_ANY},
     .found = ku_unfit},
    {{"eku_missing", CG_LINT_ERROR, "RFC 5280 4.2.1.12",
      "The certificate has no extendedKeyUsage. Anyone who holds this key can impersonate the broker.",
      "Issue it again with serverAuth for brokers or clientAuth for clients: certguard issue"},
     CG_SCOPE_LEAF,
     .lacks = NID_ext_key_usage},
    {{"eku_any", CG_LINT_WARNING, "RFC 5280 4.2.1.12", "The extendedKeyUsage allows any purpose.", CG_AGAIN},
     CG_SCOPE_LEAF,
     .holds = any_eku},
    {{"eku_both", CG_LINT_WARNING, "RFC 5280 4.2.1.12",
      "The certificate has both serverAuth and clientAuth. With a client's key, one can impersonate the broker.",
      "Issue a separate certificate for each purpose."},
     CG_SCOPE_LEAF,
     .holds = both_ekus},
    {{"ca_ski_missing", CG_LINT_ERROR, "RFC 5280 4.2.1.2", "The CA has no subjectKeyIdentifier.", CG_CA_AGAIN},
     CG_SCOPE_CA,
     .lacks = NID_subject_key_identifier},
    {{"ski_missing", CG_LINT_NOTICE, "RFC 5280 4.2.1.2", "The certificate has no subjectKeyIdentifier.", CG_AGAIN},
     CG_SCOPE_LEAF,
     .lacks = NID_subject_key_identifier},
    {{"aki_missing", CG_LINT_ERROR, "RFC 5280 4.2.1.1",
      "The certificate has no authorityKeyIdentifier with a key identifier. After the CA changes its key, nothing "
      "shows which key signed it.",
      CG_AGAIN_ANY},
     .holds = no_aki},
    {{"aki_by_serial", CG_LINT_NOTICE, "RFC 5280 4.2.1.1",
      "The authorityKeyIdentifier contains the issuer's serial number. It no longer matches after the CA is renewed "
      "with the same key.",
      "Issue it again with authorityKeyIdentifier = keyid"},
     .holds = aki_by_serial},
};

const struct cg_lint_rules cg_lint_use_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
