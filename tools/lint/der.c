/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the encoding of a certificate. RFC 5280 4.1 requires DER (X.690), in which each value has one encoding.
 * OpenSSL also reads other encodings, some verifiers do not. These rules check the bytes. */
#include "core/cert/der.h"
#include "base/array.h"
#include "core/base/openssl_const.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32

enum {
    TAG_NULL = 0x05,
    TAG_CONSTRUCTED = 0x20,
    TAG_LONG = 0x1f, /* more octets of the tag follow */
    TAG_VERSION = 0xa0,
    TAG_EXTENSIONS = 0xa3,
    TAG_MINIMUM = 0x80, /* of a GeneralSubtree */
};

static struct cg_der octets_of(const ASN1_STRING *string)
{
    const unsigned char *p = ASN1_STRING_get0_data(string);
    return (struct cg_der){p, p + ASN1_STRING_length(string)};
}

/* X.690 11.2.1: the bits that are not used are zero. */
static bool bits_are_strict(const struct cg_der *c)
{
    size_t len = cg_der_left(c);
    return len > 0 && c->at[0] <= 7 && (len > 1 || c->at[0] == 0) &&
           (len == 1 || (c->end[-1] & ((1U << c->at[0]) - 1)) == 0);
}

/* The fault in a value with this tag; NULL: none. */
static const char *fault_in_value(unsigned tag, const struct cg_der *c)
{
    switch (tag) {
    case CG_DER_BOOLEAN:
        return cg_der_left(c) == 1 && (*c->at == 0 || *c->at == 0xff) ? NULL : "a BOOLEAN that is neither 00 nor FF";
    case CG_DER_INTEGER:
    case CG_DER_ENUMERATED:
        return cg_der_integer_is_minimal(c) ? NULL : "an INTEGER with redundant octets";
    case CG_DER_BIT_STRING:
        return bits_are_strict(c) ? NULL : "a BIT STRING with unused bits that are not zero";
    case CG_DER_OID:
        return cg_der_oid_is_strict(c) ? NULL : "an OBJECT IDENTIFIER with redundant octets";
    case TAG_NULL:
        return cg_der_left(c) == 0 ? NULL : "a NULL with content";
    case CG_DER_BIT_STRING | TAG_CONSTRUCTED:
    case CG_DER_OCTET_STRING | TAG_CONSTRUCTED:
        return "a string in several parts";
    default:
        return NULL;
    }
}

static const char *fault_in_der(struct cg_der in, int depth) /* NOLINT(misc-no-recursion): DEPTH_MAX deep */
{
    while (cg_der_left(&in) > 0) {
        struct cg_der content;
        unsigned tag = *in.at;
        if ((tag & TAG_LONG) == TAG_LONG || depth == DEPTH_MAX)
            return NULL;
        if (!cg_der_take(&in, tag, &content))
            return "a length that is not in the shortest form";
        const char *fault = fault_in_value(tag, &content);
        if (!fault && tag & TAG_CONSTRUCTED)
            fault = fault_in_der(content, depth + 1);
        if (fault)
            return fault;
    }
    return NULL;
}

/* Unknown extensions may contain anything. */
static bool not_der(const struct cg_lint_object *o, char *detail, size_t size)
{
    const char *fault = fault_in_der((struct cg_der){o->der, o->der + o->der_len}, 0);
    if (fault) {
        snprintf(detail, size, "%s", fault);
        return true;
    }
    for (int i = 0; i < X509_get_ext_count(o->cert); i++) {
        CG_OPENSSL4_CONST X509_EXTENSION *e = X509_get_ext(o->cert, i);
        fault = X509V3_EXT_get(e) ? fault_in_der(octets_of(X509_EXTENSION_get_data(e)), 0) : NULL;
        if (!fault)
            continue;
        snprintf(detail, size, "%s: %s", OBJ_nid2sn(OBJ_obj2nid(X509_EXTENSION_get_object(e))), fault);
        return true;
    }
    return false;
}

/* The content of the extension's value. False if the value is not one element with this tag. */
static bool value_of(const struct cg_lint_object *o, int nid, unsigned tag, struct cg_der *content)
{
    int at = X509_get_ext_by_NID(o->cert, nid, -1);
    if (at < 0)
        return false;
    struct cg_der in = octets_of(X509_EXTENSION_get_data(X509_get_ext(o->cert, at)));
    return cg_der_take(&in, tag, content) && cg_der_left(&in) == 0;
}

/* X.690 11.2.2: the last bit in a list of named bits is set. */
static bool bit_list_not_minimal(const struct cg_lint_object *o, char *detail, size_t size)
{
    static const int lists[] = {NID_key_usage, NID_netscape_cert_type};
    for (size_t i = 0; i < CG_COUNT(lists); i++) {
        struct cg_der bits;
        if (!value_of(o, lists[i], CG_DER_BIT_STRING, &bits) || !bits_are_strict(&bits) || cg_der_left(&bits) < 2 ||
            bits.end[-1] >> bits.at[0] & 1)
            continue;
        snprintf(detail, size, "%s", OBJ_nid2sn(lists[i]));
        return true;
    }
    return false;
}

static bool is_false(struct cg_der *in)
{
    struct cg_der value;
    return cg_der_take(in, CG_DER_BOOLEAN, &value) && cg_der_left(&value) == 1 && *value.at == 0;
}

/* tbsCertificate and the list of extensions in it. False if there is no list. */
static bool extensions_of(const struct cg_lint_object *o, struct cg_der *tbs, struct cg_der *list)
{
    struct cg_der in = {o->der, o->der + o->der_len}, certificate, walk, outer;
    if (!cg_der_take(&in, CG_DER_SEQUENCE, &certificate) || !cg_der_take(&certificate, CG_DER_SEQUENCE, tbs))
        return false;
    walk = *tbs;
    while (cg_der_left(&walk) > 0 && !cg_der_is(&walk, TAG_EXTENSIONS))
        if (!cg_der_take(&walk, *walk.at, &outer))
            return false;
    return cg_der_take(&walk, TAG_EXTENSIONS, &outer) && cg_der_take(&outer, CG_DER_SEQUENCE, list);
}

static bool version_is_default(struct cg_der tbs)
{
    struct cg_der outer, number;
    return cg_der_take(&tbs, TAG_VERSION, &outer) && cg_der_take(&outer, CG_DER_INTEGER, &number) &&
           cg_der_left(&number) == 1 && *number.at == 0;
}

static bool critical_is_default(struct cg_der list)
{
    struct cg_der extension, oid;
    while (cg_der_take(&list, CG_DER_SEQUENCE, &extension))
        if (cg_der_take(&extension, CG_DER_OID, &oid) && is_false(&extension))
            return true;
    return false;
}

static bool minimum_is_default(struct cg_der constraints)
{
    struct cg_der list, subtree, base, minimum;
    while (cg_der_left(&constraints) > 0 && cg_der_take(&constraints, *constraints.at, &list))
        while (cg_der_take(&list, CG_DER_SEQUENCE, &subtree))
            if (cg_der_left(&subtree) > 0 && cg_der_take(&subtree, *subtree.at, &base) &&
                cg_der_take(&subtree, TAG_MINIMUM, &minimum) && cg_der_left(&minimum) == 1 && *minimum.at == 0)
                return true;
    return false;
}

/* X.690 11.5 */
static bool default_encoded(const struct cg_lint_object *o, char *detail, size_t size)
{
    struct cg_der tbs = {o->der, o->der}, list = tbs, value;
    bool extended = extensions_of(o, &tbs, &list);
    const char *what = NULL;
    if (version_is_default(tbs))
        what = "version 1";
    else if (extended && critical_is_default(list))
        what = "critical FALSE";
    else if (value_of(o, NID_basic_constraints, CG_DER_SEQUENCE, &value) && is_false(&value))
        what = "basicConstraints: CA FALSE";
    else if (value_of(o, NID_name_constraints, CG_DER_SEQUENCE, &value) && minimum_is_default(value))
        what = "nameConstraints: minimum 0";
    snprintf(detail, size, "%s", what ? what : "");
    return what;
}

/* "SEQUENCE SIZE (1..MAX)". subjectAltName and the constraints have separate rules. */
static bool empty_list(const struct cg_lint_object *o, char *detail, size_t size)
{
    static const int lists[] = {
        NID_issuer_alt_name,      NID_ext_key_usage,
        NID_certificate_policies, NID_policy_mappings,
        NID_info_access,          NID_sinfo_access,
        NID_freshest_crl,         NID_crl_distribution_points,
        NID_tlsfeature,           NID_subject_directory_attributes,
    };
    struct cg_der tbs, list;
    for (size_t i = 0; i < CG_COUNT(lists); i++)
        if (value_of(o, lists[i], CG_DER_SEQUENCE, &list) && cg_der_left(&list) == 0) {
            snprintf(detail, size, "%s", OBJ_nid2sn(lists[i]));
            return true;
        }
    snprintf(detail, size, "the list of extensions");
    return extensions_of(o, &tbs, &list) && cg_der_left(&list) == 0;
}

static const struct cg_lint_rule rules[] = {
    {{"der_not_strict", CG_LINT_ERROR, "RFC 5280 4.1",
      "The certificate is not encoded in DER. Some verifiers reject it or read it differently from others.",
      CG_AGAIN_ANY},
     .found = not_der},
    {{"der_bit_list", CG_LINT_ERROR, "RFC 5280 4.1",
      "A list of named bits ends with bits that are not set. DER leaves them out.", CG_AGAIN_ANY},
     .found = bit_list_not_minimal},
    {{"der_default", CG_LINT_ERROR, "RFC 5280 4.1", "A default value is encoded. DER leaves it out.", CG_AGAIN_ANY},
     .found = default_encoded},
    {{"extension_empty", CG_LINT_ERROR, "RFC 5280 4.2", "A list is empty although it needs an entry.", CG_AGAIN_ANY},
     .found = empty_list},
};

const struct cg_lint_rules cg_lint_der_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
