/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "identity.h"

#include "core/cert/name.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct source_row {
    const char *words;
    int san; /* GEN_*, or -1 */
    int nid; /* of the subject attribute, or NID_undef */
};

static const struct source_row sources[] = {
    [CG_IDENTITY_NONE] = {"no source", -1, NID_undef},
    [CG_IDENTITY_SAN_URI] = {"URI in subjectAltName", GEN_URI, NID_undef},
    [CG_IDENTITY_SAN_DNS] = {"DNS name in subjectAltName", GEN_DNS, NID_undef},
    [CG_IDENTITY_SAN_EMAIL] = {"email address in subjectAltName", GEN_EMAIL, NID_undef},
    [CG_IDENTITY_CN] = {"commonName in the subject", -1, NID_commonName},
    [CG_IDENTITY_SUBJECT] = {"subject", -1, NID_undef},
};

__attribute__((format(printf, 3, 4))) static void set_reason(struct cg_identity *out, enum cg_reason reason,
                                                             const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    out->reason = reason;
    out->name[0] = '\0';
    cg_text_escape(text, strlen(text), out->detail, sizeof out->detail);
}

/* The name becomes part of topics through %u: it must not contain a wildcard or a level separator, or start a system
 * topic. */
static bool is_safe(const char *name)
{
    return *name && *name != '$' && !strpbrk(name, "+#/*");
}

/* If client ids are compared with the name, its end must be unambiguous. */
static bool is_unambiguous(const char *name, const struct cg_identity_policy *policy)
{
    if (policy->client_id == CG_CLIENT_ID_ANY)
        return true;
    return !strchr(name, '~') && !(policy->separator && strstr(name, policy->separator));
}

/* Examines one candidate. False: the certificate has no usable name, and the search ends. */
static bool try_candidate(const char *bytes, size_t len, const struct cg_identity_policy *policy,
                          struct cg_identity *out)
{
    const char *words = sources[policy->username].words;
    char name[CG_IDENTITY_MAX], shown[80];
    size_t prefix = policy->strip_prefix ? strlen(policy->strip_prefix) : 0;
    if (len < prefix || (prefix && memcmp(bytes, policy->strip_prefix, prefix) != 0))
        return true;
    bytes += prefix;
    len -= prefix;
    cg_text_escape(bytes, len, shown, sizeof shown);
    if (!cg_text_escape(bytes, len, name, sizeof name) || !is_safe(name)) {
        set_reason(out, CG_REASON_IDENTITY_INVALID,
                   "The %s gives the name '%s', which cannot be a username: expected 1 to 255 bytes of UTF-8 without "
                   "control characters, + # / * or a leading $",
                   words, shown);
        return false;
    }
    if (!is_unambiguous(name, policy)) {
        set_reason(out, CG_REASON_IDENTITY_INVALID,
                   "The %s gives the name '%s', which contains identity.separator or '~': client ids that begin with "
                   "it could belong to another client",
                   words, shown);
        return false;
    }
    if (out->reason == CG_REASON_OK && strcmp(out->name, name) != 0) {
        set_reason(out, CG_REASON_IDENTITY_INVALID, "Expected one %s, found different ones, for example '%s'", words,
                   shown);
        return false;
    }
    out->reason = CG_REASON_OK;
    memcpy(out->name, name, sizeof name);
    return true;
}

static void try_sans(const X509 *certificate, const struct cg_identity_policy *policy, struct cg_identity *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool more = true;
    for (int i = 0; more && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(names, i);
        if (san->type != sources[policy->username].san)
            continue;
        const ASN1_STRING *text = san->d.ia5;
        more = try_candidate((const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text), policy, out);
    }
    GENERAL_NAMES_free(names);
}

static void try_attributes(const X509_NAME *subject, const struct cg_identity_policy *policy, struct cg_identity *out)
{
    bool more = true;
    int at = -1;
    while (more && (at = X509_NAME_get_index_by_NID(subject, sources[policy->username].nid, at)) >= 0) {
        unsigned char *utf8 = NULL;
        int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        if (len < 0) {
            set_reason(out, CG_REASON_IDENTITY_INVALID, "The %s is not text", sources[policy->username].words);
            return;
        }
        more = try_candidate((const char *)utf8, (size_t)len, policy, out);
        OPENSSL_free(utf8);
    }
}

static void find_name(const X509 *certificate, const struct cg_identity_policy *policy, struct cg_identity *out)
{
    const X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;
    if (!certificate || policy->username == CG_IDENTITY_NONE) {
        set_reason(out, CG_REASON_IDENTITY_MISSING, "Cannot find a name: %s",
                   certificate ? "the policy names no field (identity.username)" : "there is no certificate");
        return;
    }
    if (policy->username == CG_IDENTITY_SUBJECT) {
        char text[2 * CG_IDENTITY_MAX];
        cg_name_text(subject, text, sizeof text);
        if (*text)
            try_candidate(text, strlen(text), policy, out);
    } else if (sources[policy->username].san >= 0) {
        try_sans(certificate, policy, out);
    } else {
        try_attributes(subject, policy, out);
    }
    if (out->reason == CG_REASON_UNSET && policy->strip_prefix)
        set_reason(out, CG_REASON_IDENTITY_MISSING, "Expected a %s that starts with '%s', found none",
                   sources[policy->username].words, policy->strip_prefix);
    else if (out->reason == CG_REASON_UNSET)
        set_reason(out, CG_REASON_IDENTITY_MISSING, "Expected a %s, found none", sources[policy->username].words);
}

void cg_identity_of(const X509 *certificate, const struct cg_identity_policy *policy, struct cg_identity *out)
{
    memset(out, 0, sizeof *out);
    /* A name that cannot be decoded leaves errors in the queue, and the next SSL_read would report them. */
    ERR_set_mark();
    find_name(certificate, policy, out);
    ERR_pop_to_mark();
}

const struct cg_certificate_match *cg_identity_in(const struct cg_certificate_list *list, const X509 *certificate,
                                                  const struct cg_identity_policy *policy, bool *fault)
{
    struct cg_identity identity;
    const struct cg_certificate_match *found = cg_list_find(list, certificate, fault);
    if (found || *fault || policy->username == CG_IDENTITY_NONE || !list->by_identity)
        return found;
    cg_identity_of(certificate, policy, &identity);
    return cg_list_find_identity(list, identity.name);
}

/* The client id after the name; NULL: it does not begin with the name, or there is no name. */
static const char *after_name(const char *name, const char *client_id)
{
    const size_t len = name ? strlen(name) : 0;
    return len > 0 && client_id && strncmp(client_id, name, len) == 0 ? client_id + len : NULL;
}

bool cg_identity_is_renewal(const struct cg_identity_policy *policy, const char *name, const char *client_id)
{
    const char *rest = after_name(name, client_id);
    bool restricted = policy->client_id != CG_CLIENT_ID_ANY || policy->one_client;
    return policy->renews && restricted && rest && strcmp(rest, CG_RENEW_ID_SUFFIX) == 0;
}

bool cg_identity_allows(const struct cg_identity_policy *policy, const char *name, const char *client_id)
{
    if (policy->client_id == CG_CLIENT_ID_ANY)
        return true;
    const char *rest = after_name(name, client_id);
    if (!rest)
        return false;
    if (!*rest || cg_identity_is_renewal(policy, name, client_id))
        return true;
    return policy->client_id == CG_CLIENT_ID_PREFIX && policy->separator &&
           strncmp(rest, policy->separator, strlen(policy->separator)) == 0;
}

/* Applies the mode of a rule that is violated. False: it is enforced, and *out has the reason. */
static bool passes_mode(const struct cg_listener_policy *listener, enum cg_reason reason, const char *detail,
                        struct cg_client_verdict *out)
{
    enum cg_mode mode = listener->client.mode[reason];
    if (mode == CG_ENFORCE) {
        out->reason = reason;
        snprintf(out->detail, sizeof out->detail, "%s", detail);
        return false;
    }
    if (mode == CG_AUDIT) {
        struct cg_finding *finding = &out->findings[out->nfindings++];
        finding->reason = reason;
        finding->mode = mode;
        snprintf(finding->detail, sizeof finding->detail, "%s", detail);
    }
    return true;
}

static bool check_name(const struct cg_listener_policy *listener, const X509 *leaf, struct cg_client_verdict *out)
{
    struct cg_identity identity;
    if (listener->identity.username == CG_IDENTITY_NONE)
        return true;
    cg_identity_of(leaf, &listener->identity, &identity);
    memcpy(out->name, identity.name, sizeof out->name);
    return identity.reason == CG_REASON_OK || passes_mode(listener, identity.reason, identity.detail, out);
}

/* The size of a peer's name in a detail, escaped; the rest of the detail needs space too. */
#define SHOWN_MAX 56

static bool check_client_id(const struct cg_listener_policy *listener, const char *client_id,
                            struct cg_client_verdict *out)
{
    char id[SHOWN_MAX], name[SHOWN_MAX], detail[192];
    if (cg_identity_allows(&listener->identity, out->name, client_id))
        return true;
    cg_text_escape(client_id, strlen(client_id), id, sizeof id);
    cg_text_escape(out->name, strlen(out->name), name, sizeof name);
    snprintf(detail, sizeof detail, "Expected the client id '%s'%s, found '%s'", name,
             listener->identity.client_id == CG_CLIENT_ID_PREFIX ? ", alone or followed by identity.separator" : "",
             id);
    return passes_mode(listener, CG_REASON_CLIENT_ID_MISMATCH, detail, out);
}

void cg_check_client(const struct cg_listener_policy *listener, const X509 *leaf, const char *client_id,
                     struct cg_client_verdict *out)
{
    memset(out, 0, sizeof *out);
    if (leaf && !(check_name(listener, leaf, out) && check_client_id(listener, client_id, out)))
        return;
    out->decision = CG_ACCEPT;
    out->reason = CG_REASON_OK;
    out->authenticates = listener->identity.authenticates && out->name[0] && out->nfindings == 0;
}
