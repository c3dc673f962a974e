/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Decodes a certificate, each fact from its own extension. OpenSSL's cached flags are not used: in them, a malformed
 * extension or a keyUsage without keyCertSign changes the facts about other extensions. */
#include "object.h"

#include "core/base/openssl_const.h"
#include "core/cert/name.h"
#include "core/path/path.h"

#include <openssl/err.h>
#include <stdio.h>

bool cg_lint_has(const struct cg_lint_object *o, int nid)
{
    return o->crl ? X509_CRL_get_ext_by_NID(o->crl, nid, -1) >= 0 : X509_get_ext_by_NID(o->cert, nid, -1) >= 0;
}

bool cg_lint_is_critical(const struct cg_lint_object *o, int nid)
{
    int at = X509_get_ext_by_NID(o->cert, nid, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(o->cert, at));
}

static void *decoded(const X509 *cert, int nid)
{
    return X509_get_ext_d2i(cert, nid, NULL, NULL);
}

/* The first two octets of a named bit list; the first bit is 0x80, as in KU_* and NS_*. */
static uint32_t bits_of(const ASN1_BIT_STRING *bits)
{
    const unsigned char *p = ASN1_STRING_get0_data(bits);
    int len = ASN1_STRING_length(bits);
    return (len > 0 ? p[0] : 0U) | (len > 1 ? (uint32_t)p[1] << 8 : 0U);
}

static bool has_purpose(const struct cg_lint_object *o, int nid)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(o->eku); i++)
        if (OBJ_obj2nid(sk_ASN1_OBJECT_value(o->eku, i)) == nid)
            return true;
    return false;
}

static bool is_netscape_ca(const X509 *cert)
{
    ASN1_BIT_STRING *type = decoded(cert, NID_netscape_cert_type);
    bool ca = type && bits_of(type) & NS_ANY_CA;
    ASN1_BIT_STRING_free(type);
    return ca;
}

/* The basicConstraints are malformed, or it is a certificate of version 1 that may be a root. */
static bool may_be_ca(const struct cg_lint_object *o)
{
    return X509_get_version(o->cert) == X509_VERSION_1 ? o->self_signed
                                                       : !o->bc && cg_lint_has(o, NID_basic_constraints);
}

static bool is_ca(const struct cg_lint_object *o)
{
    if (o->bc)
        return o->bc->ca;
    return (o->ku && o->key_usage & KU_KEY_CERT_SIGN) || is_netscape_ca(o->cert);
}

bool cg_lint_read_facts(struct cg_lint_object *o)
{
    X509 *cert = o->cert;
    int len = i2d_X509(cert, &o->der);
    if (len <= 0)
        return false;
    o->der_len = (size_t)len;
    o->key = X509_get_pubkey(cert);
    o->self_issued = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
    o->self_signed = cg_path_is_self_signed(cert);
    const bool from = cg_time_seconds(X509_get0_notBefore(cert), &o->not_before);
    const bool to = cg_time_seconds(X509_get0_notAfter(cert), &o->not_after);
    o->times_ok = from && to;
    o->bc = decoded(cert, NID_basic_constraints);
    o->ku = decoded(cert, NID_key_usage);
    o->eku = decoded(cert, NID_ext_key_usage);
    o->san = decoded(cert, NID_subject_alt_name);
    o->ian = decoded(cert, NID_issuer_alt_name);
    o->ski = decoded(cert, NID_subject_key_identifier);
    o->aki = decoded(cert, NID_authority_key_identifier);
    o->policies = decoded(cert, NID_certificate_policies);
    o->mappings = decoded(cert, NID_policy_mappings);
    o->nc = decoded(cert, NID_name_constraints);
    o->pcons = decoded(cert, NID_policy_constraints);
    o->points = decoded(cert, NID_crl_distribution_points);
    o->key_usage = o->ku ? bits_of(o->ku) : 0;
    o->server = has_purpose(o, NID_server_auth);
    o->client = has_purpose(o, NID_client_auth);
    o->any_purpose = has_purpose(o, NID_anyExtendedKeyUsage);
    o->ca = is_ca(o);
    o->unclear = !o->ca && may_be_ca(o);
    ERR_clear_error();
    return true;
}

void cg_lint_free_facts(struct cg_lint_object *o)
{
    OPENSSL_free(o->der);
    BASIC_CONSTRAINTS_free(o->bc);
    ASN1_BIT_STRING_free(o->ku);
    EXTENDED_KEY_USAGE_free(o->eku);
    GENERAL_NAMES_free(o->san);
    GENERAL_NAMES_free(o->ian);
    ASN1_OCTET_STRING_free(o->ski);
    AUTHORITY_KEYID_free(o->aki);
    CERTIFICATEPOLICIES_free(o->policies);
    sk_POLICY_MAPPING_pop_free(o->mappings, POLICY_MAPPING_free);
    NAME_CONSTRAINTS_free(o->nc);
    POLICY_CONSTRAINTS_free(o->pcons);
    CRL_DIST_POINTS_free(o->points);
}

bool cg_lint_is_weak_digest(int nid)
{
    return nid == NID_sha1 || nid == NID_md5 || nid == NID_md4 || nid == NID_md2 || nid == NID_md5_sha1 ||
           nid == NID_ripemd160;
}

int cg_lint_count_characters(const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(&utf8, value), count = len < 0 ? len : 0;
    for (int i = 0; i < len; i++)
        count += (utf8[i] & 0xc0) != 0x80;
    OPENSSL_free(utf8);
    return count;
}

void cg_lint_object_text(const struct cg_lint_object *o, char *out, size_t size)
{
    char name[96] = "";
    if (o->kind == CG_LINT_KEY) {
        snprintf(out, size, "private key");
        return;
    }
    cg_name_text(o->cert ? X509_get_subject_name(o->cert) : X509_CRL_get_issuer(o->crl), name, sizeof name);
    snprintf(out, size, "%s %s", o->cert ? "certificate" : "CRL of", name[0] ? name : "(no name)");
}
