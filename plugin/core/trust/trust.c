/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "trust.h"

#include "core/cert/name.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "trust_parts.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_MAX       ((size_t)64 << 20)
#define CERTIFICATES_MAX 100000

struct cg_trust *cg_trust_new(void)
{
    struct cg_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return NULL;
    atomic_init(&trust->references, 1);
    trust->anchors = sk_X509_new_null();
    trust->intermediates = sk_X509_new_null();
    trust->all = sk_X509_new_null();
    trust->crls = cg_crl_set_new();
    bool indexed = cg_trust_index_init(&trust->index);
    if (!trust->anchors || !trust->intermediates || !trust->all || !trust->crls || !indexed) {
        cg_trust_free(trust);
        return NULL;
    }
    return trust;
}

struct cg_trust *cg_trust_ref(struct cg_trust *trust)
{
    if (trust)
        atomic_fetch_add_explicit(&trust->references, 1, memory_order_relaxed);
    return trust;
}

void cg_trust_free(struct cg_trust *trust)
{
    if (!trust || atomic_fetch_sub_explicit(&trust->references, 1, memory_order_acq_rel) != 1)
        return;
    cg_trust_index_clear(&trust->index);
    sk_X509_pop_free(trust->anchors, X509_free);
    sk_X509_pop_free(trust->intermediates, X509_free);
    sk_X509_free(trust->all);
    cg_crl_set_free(trust->crls);
    cg_crl_files_free(trust);
    free(trust);
}

const struct cg_trust_entry *cg_trust_find(const struct cg_trust *trust, const X509_NAME *subject)
{
    return cg_trust_index_find(&trust->index, subject);
}

static bool holds(const struct cg_trust *trust, const X509 *cert)
{
    const struct cg_trust_entry *entry = cg_trust_find(trust, X509_get_subject_name(cert));
    while (entry && X509_cmp(entry->cert, cert) != 0)
        entry = cg_trust_next(entry);
    return entry != NULL;
}

/* Takes a reference on success. A certificate that is already there is not added again. */
static bool add(struct cg_trust *trust, X509 *cert, bool anchor)
{
    STACK_OF(X509) *stack = anchor ? trust->anchors : trust->intermediates;
    if (holds(trust, cert))
        return true;
    if (!sk_X509_push(trust->all, cert))
        return false;
    if (!sk_X509_push(stack, cert)) {
        sk_X509_pop(trust->all);
        return false;
    }
    if (!cg_trust_index_add(&trust->index, cert, anchor)) {
        sk_X509_pop(stack);
        sk_X509_pop(trust->all);
        return false;
    }
    X509_up_ref(cert);
    return true;
}

/* ---- certificates */

enum self_signature { NOT_SELF_SIGNED, SELF_SIGNED, UNCERTAIN };

/* OpenSSL also says no if memory runs out, and caches that in the certificate. A copy is then checked afresh. */
static bool is_surely_not_self_signed(const X509 *cert)
{
    X509 *copy = X509_dup(cert);
    bool same = copy && X509_self_signed(copy, 0) == 0;
    X509_free(copy);
    return same;
}

/* Uncertain: it names itself as its issuer, but its signature does not verify or cannot be checked. As an
 * intermediate, an anchor would be lost silently. */
static enum self_signature self_signature_of(X509 *cert)
{
    ERR_set_mark();
    int claims = X509_self_signed(cert, 0), proves = claims == 1 ? X509_self_signed(cert, 1) : 0;
    if (claims == 0 && (X509_get_extension_flags(cert) & EXFLAG_SI) && !is_surely_not_self_signed(cert))
        claims = -1;
    ERR_pop_to_mark();
    return claims == 0 ? NOT_SELF_SIGNED : proves == 1 ? SELF_SIGNED : UNCERTAIN;
}

static bool may_not_sign(const X509 *cert)
{
    ASN1_BIT_STRING *usage = X509_get_ext_d2i(cert, NID_key_usage, NULL, NULL);
    bool lacks = usage && !ASN1_BIT_STRING_get_bit(usage, 5); /* keyCertSign */
    ASN1_BIT_STRING_free(usage);
    return lacks;
}

/* If the extensions of a certificate are malformed, OpenSSL checks nothing else, including its signature. */
static const char *explain_uncertain(X509 *cert)
{
    if (!(X509_get_extension_flags(cert) & EXFLAG_INVALID))
        return "it names itself as its issuer, but its own key did not sign it (or that cannot be checked), so it is "
               "not a root. Export the CA's own certificate again, or remove this one";
    if (may_not_sign(cert))
        return "its keyUsage lacks keyCertSign, so it may not sign certificates (RFC 5280 4.2.1.3). Issue the CA "
               "certificate again with keyUsage keyCertSign and cRLSign, or remove this one";
    return "an extension of it is malformed (RFC 5280 4.2). Issue the CA certificate again, or remove this one";
}

/* The key of the policy that names the bundle. */
enum bundle { INTERMEDIATES, ANCHORS, INTERMEDIATE_ANCHORS };

static bool may_be_intermediate_anchor(const char *place, int number, X509 *cert, enum self_signature signature,
                                       struct cg_error *err)
{
    char name[256];
    cg_name_text(X509_get_subject_name(cert), name, sizeof name);
    if (signature == SELF_SIGNED)
        cg_error_set(err,
                     "%s: certificate %d: '%s' is a self-signed root, so every certificate below it would be accepted. "
                     "Remove it from this file, which trust.intermediate_anchors names, and leave only the CA to trust",
                     place, number, name);
    else if (!(X509_get_extension_flags(cert) & EXFLAG_CA))
        cg_error_set(err,
                     "%s: certificate %d: '%s' is not a CA (basicConstraints, RFC 5280 4.2.1.9), so it cannot be a "
                     "trust anchor. Remove it from this file, which trust.intermediate_anchors names",
                     place, number, name);
    else
        return true;
    return false;
}

static bool add_certificate(struct cg_trust *trust, const char *place, int number, X509 *cert, enum bundle kind,
                            struct cg_error *err)
{
    enum self_signature signature = kind != INTERMEDIATES ? self_signature_of(cert) : NOT_SELF_SIGNED;
    if (kind == INTERMEDIATE_ANCHORS && signature != UNCERTAIN &&
        !may_be_intermediate_anchor(place, number, cert, signature, err))
        return false;
    if (signature == UNCERTAIN)
        cg_error_set(err, "%s: certificate %d: %s", place, number, explain_uncertain(cert));
    else if (!add(trust, cert, signature == SELF_SIGNED || kind == INTERMEDIATE_ANCHORS))
        cg_error_set(err, "%s: out of memory", place);
    else
        return true;
    return false;
}

static bool add_bundle(struct cg_trust *trust, const char *place, const void *data, size_t len, enum bundle kind,
                       struct cg_error *err)
{
    STACK_OF(X509) *certs = NULL;
    bool ok = false;
    if (len > BUNDLE_MAX) {
        cg_error_set(err, "%s: expected at most %zu bytes of certificates, found %zu", place, BUNDLE_MAX, len);
        return false;
    }
    if (!cg_certificates_read(place, data, len, CERTIFICATES_MAX, &certs, err))
        return false;
    ok = true;
    for (int i = 0; ok && i < sk_X509_num(certs); i++)
        ok = add_certificate(trust, place, i + 1, sk_X509_value(certs, i), kind, err);
    sk_X509_pop_free(certs, X509_free);
    return ok;
}

bool cg_trust_add_anchors(struct cg_trust *trust, const char *place, const void *data, size_t len, struct cg_error *err)
{
    return add_bundle(trust, place, data, len, ANCHORS, err);
}

bool cg_trust_add_intermediate_anchors(struct cg_trust *trust, const char *place, const void *data, size_t len,
                                       struct cg_error *err)
{
    return add_bundle(trust, place, data, len, INTERMEDIATE_ANCHORS, err);
}

bool cg_trust_add_intermediates(struct cg_trust *trust, const char *place, const void *data, size_t len,
                                struct cg_error *err)
{
    return add_bundle(trust, place, data, len, INTERMEDIATES, err);
}

/* ---- files */

static bool load_bundle(struct cg_trust *trust, const char *path, enum bundle kind, struct cg_error *err)
{
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_PUBLIC, BUNDLE_MAX, &bytes, err))
        return false;
    bool ok = add_bundle(trust, path, bytes.data, bytes.len, kind, err);
    cg_bytes_free(&bytes);
    return ok;
}

static bool load_all(struct cg_trust *trust, const struct cg_strings *paths, enum bundle kind, struct cg_error *err)
{
    for (size_t i = 0; i < paths->count; i++)
        if (!load_bundle(trust, paths->item[i], kind, err))
            return false;
    return true;
}

/* Intermediate anchors come first: a certificate that is already there keeps its kind. */
static bool load_bundles(struct cg_trust *trust, const struct cg_trust_files *files, struct cg_error *err)
{
    if (!load_all(trust, &files->intermediate_anchors, INTERMEDIATE_ANCHORS, err) ||
        !load_all(trust, &files->anchors, ANCHORS, err) || !load_all(trust, &files->intermediates, INTERMEDIATES, err))
        return false;
    if (sk_X509_num(trust->anchors) > 0)
        return true;
    if (files->anchors.count == 0)
        cg_error_set(err, "trust.anchors: expected the file of your CA's certificate, found none. Add \"trust\": "
                          "{\"anchors\": \"ca.pem\"} to the policy");
    else
        cg_error_set(err,
                     "%s: expected at least one self-signed CA certificate, found only intermediates. Add the root's "
                     "certificate. To trust these CAs but not their root, name the file in trust.intermediate_anchors "
                     "of the policy",
                     files->anchors.item[0]);
    return false;
}

struct cg_trust *cg_trust_load_certificates(const struct cg_trust_files *files, struct cg_error *err)
{
    struct cg_trust *trust = cg_trust_new();
    if (!trust)
        cg_error_set(err, "trust: out of memory");
    else if (load_bundles(trust, files, err))
        return trust;
    cg_trust_free(trust);
    return NULL;
}

static bool same_stack(const STACK_OF(X509) *a, const STACK_OF(X509) *b)
{
    int count = sk_X509_num(a);
    if (count != sk_X509_num(b))
        return false;
    for (int i = 0; i < count; i++)
        if (X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)) != 0)
            return false;
    return true;
}

bool cg_trust_same_certificates(const struct cg_trust *a, const struct cg_trust *b)
{
    return same_stack(a->anchors, b->anchors) && same_stack(a->intermediates, b->intermediates);
}

static bool add_all(struct cg_trust *trust, const STACK_OF(X509) *certs, bool anchors)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (!add(trust, sk_X509_value(certs, i), anchors))
            return false;
    return true;
}

struct cg_trust *cg_trust_copy_certificates(const struct cg_trust *other)
{
    struct cg_trust *trust = cg_trust_new();
    if (trust && add_all(trust, other->anchors, true) && add_all(trust, other->intermediates, false))
        return trust;
    cg_trust_free(trust);
    return NULL;
}

static bool record_all(const struct cg_strings *paths, struct cg_file_states *file_states)
{
    for (size_t i = 0; i < paths->count; i++)
        if (!cg_file_states_add(file_states, paths->item[i]))
            return false;
    return true;
}

bool cg_trust_record_certificates(const struct cg_trust_files *files, struct cg_file_states *file_states)
{
    return record_all(&files->intermediate_anchors, file_states) && record_all(&files->anchors, file_states) &&
           record_all(&files->intermediates, file_states);
}

bool cg_trust_load(struct cg_trust *trust, const struct cg_trust_files *files, struct cg_error *err)
{
    return load_bundles(trust, files, err) && cg_trust_read_crls(trust, files, NULL, NULL, err);
}

const STACK_OF(X509) *cg_trust_anchors(const struct cg_trust *trust)
{
    return trust->anchors;
}

const STACK_OF(X509) *cg_trust_intermediates(const struct cg_trust *trust)
{
    return trust->intermediates;
}

const struct cg_crl_set *cg_trust_crls(const struct cg_trust *trust)
{
    return trust->crls;
}
