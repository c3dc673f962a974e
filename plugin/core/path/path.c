/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "path.h"

#include "core/cert/key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#define CHEAP_KEY_BITS      4096
#define CHEAP_EXPONENT_BITS 32

struct edge {
    const X509 *subject, *issuer;
    bool ok;
};

struct search {
    const struct cg_search_input *in;
    cg_path_visit *visit;
    void *context;
    STACK_OF(X509) *path;
    unsigned paths, steps, nedges, forged;
    struct edge edges[CG_PATH_EDGES_MAX];
    enum cg_search_end end; /* CG_SEARCH_EXHAUSTED while the search continues */
};

static bool contains(const STACK_OF(X509) *certs, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0)
            return true;
    return false;
}

/* A path that returns to the same name and key makes no progress (RFC 4158 2.4.1). */
static bool on_path(const STACK_OF(X509) *path, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(path); i++) {
        const X509 *other = sk_X509_value(path, i);
        if (X509_NAME_cmp(X509_get_subject_name(other), X509_get_subject_name(cert)) == 0 &&
            X509_PUBKEY_eq(X509_get_X509_PUBKEY(other), X509_get_X509_PUBKEY(cert)) == 1)
            return true;
    }
    return false;
}

bool cg_path_may_have_issued(CG_OPENSSL4_CONST X509 *issuer, CG_OPENSSL4_CONST X509 *subject)
{
    if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(subject)) != 0)
        return false;
    int error = X509_check_issued(issuer, subject);
    return error == X509_V_OK || error == X509_V_ERR_KEYUSAGE_NO_CERTSIGN ||
           error == X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE;
}

/* The bits of an RSA key's exponent, 0 for other keys. A long exponent makes each use of the key expensive. */
static int exponent_bits(const EVP_PKEY *key)
{
    struct cg_rsa_exponent exponent;
    return cg_rsa_exponent(key, &exponent) ? exponent.bits : 0;
}

static const struct edge *find_edge(const struct search *search, const X509 *issuer, const X509 *subject)
{
    for (unsigned i = 0; i < search->nedges; i++)
        if (search->edges[i].subject == subject && search->edges[i].issuer == issuer)
            return &search->edges[i];
    return NULL;
}

/* Each signature is verified at most once per search. */
static bool signature_holds(struct search *search, X509 *issuer, X509 *subject)
{
    const struct edge *known = find_edge(search, issuer, subject);
    if (known)
        return known->ok;
    if (search->nedges == CG_PATH_EDGES_MAX || search->forged == CG_PATH_FORGED_MAX) {
        search->end = CG_SEARCH_LIMIT;
        return false;
    }
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    /* the rule rsa_exponent refuses longer ones anyway */
    bool ok = key && exponent_bits(key) <= CG_RSA_EXPONENT_BITS_MAX &&
              (cg_signature_cache_has(search->in->signatures, subject, issuer) || X509_verify(subject, key) == 1);
    search->edges[search->nedges++] = (struct edge){subject, issuer, ok};
    search->forged += !ok && subject != search->in->leaf && contains(search->in->sent, subject);
    return ok;
}

static bool signatures_hold(struct search *search)
{
    for (int i = sk_X509_num(search->path) - 2; i >= 0; i--)
        if (!signature_holds(search, sk_X509_value(search->path, i + 1), sk_X509_value(search->path, i)))
            return false;
    return true;
}

static bool may_follow(const struct search *search, X509 *issuer, X509 *subject)
{
    const struct edge *known = find_edge(search, issuer, subject);
    return (!known || known->ok) && cg_path_may_have_issued(issuer, subject);
}

static void visit_path(struct search *search)
{
    bool verified = search->paths > 0;
    if (search->paths == CG_PATHS_MAX) {
        search->end = CG_SEARCH_LIMIT;
        return;
    }
    if (verified && !signatures_hold(search))
        return;
    search->paths++;
    if (search->visit(search->context, search->path, verified))
        search->end = CG_SEARCH_STOPPED;
}

static void extend(struct search *search);

static void follow(struct search *search, X509 *issuer, bool anchor)
{
    if (!sk_X509_push(search->path, issuer)) {
        search->end = CG_SEARCH_FAULT;
        return;
    }
    if (anchor)
        visit_path(search);
    else
        extend(search);
    (void)sk_X509_pop(search->path);
}

static void follow_intermediates(struct search *search, X509 *subject, const STACK_OF(X509) *from,
                                 const STACK_OF(X509) *except)
{
    for (int i = 0; search->end == CG_SEARCH_EXHAUSTED && i < sk_X509_num(from); i++) {
        X509 *issuer = sk_X509_value(from, i);
        /* OpenSSL stops at self-signed certificates, so one that is not an anchor leads nowhere */
        if (may_follow(search, issuer, subject) && !(X509_get_extension_flags(issuer) & EXFLAG_SS) &&
            !on_path(search->path, issuer) && !contains(except, issuer))
            follow(search, issuer, false);
    }
}

static void extend(struct search *search)
{
    X509 *subject = sk_X509_value(search->path, sk_X509_num(search->path) - 1);
    if (++search->steps > CG_PATH_STEPS_MAX || sk_X509_num(search->path) >= CG_PATH_LENGTH) {
        search->end = CG_SEARCH_LIMIT;
        return;
    }
    for (int i = 0; i < sk_X509_num(search->in->anchors) && search->end == CG_SEARCH_EXHAUSTED; i++)
        if (may_follow(search, sk_X509_value(search->in->anchors, i), subject))
            follow(search, sk_X509_value(search->in->anchors, i), true);
    follow_intermediates(search, subject, search->in->sent, NULL);
    follow_intermediates(search, subject, search->in->intermediates, search->in->sent);
}

/* Anyone may send a self-signed certificate whose key takes ten milliseconds per use. */
static bool is_cheap(const EVP_PKEY *key)
{
    int from_explicit = 0; /* stays 0 if there is no curve */
    (void)EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &from_explicit);
    return EVP_PKEY_get_bits(key) <= CHEAP_KEY_BITS && !from_explicit && exponent_bits(key) <= CHEAP_EXPONENT_BITS &&
           !EVP_PKEY_is_a(key, "DSA");
}

bool cg_path_is_self_signed(X509 *cert)
{
    EVP_PKEY *key = X509_get_extension_flags(cert) & EXFLAG_SS ? X509_get0_pubkey(cert) : NULL;
    return key && (!is_cheap(key) || X509_verify(cert, key) == 1);
}

/* Roots that a peer sends are ignored: what matters is whether the policy has one of that name. */
static X509 *find_intermediate(const STACK_OF(X509) *sent, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(sent); i++) {
        X509 *issuer = sk_X509_value(sent, i);
        if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(cert)) == 0 &&
            !(X509_get_extension_flags(issuer) & EXFLAG_SI))
            return issuer;
    }
    return NULL;
}

X509 *cg_path_dead_end(X509 *leaf, const STACK_OF(X509) *sent)
{
    X509 *end = leaf, *issuer;
    /* at most one step per certificate: names may form a loop */
    for (int i = 0; i < sk_X509_num(sent); i++) {
        if ((X509_get_extension_flags(end) & (EXFLAG_INVALID | EXFLAG_SI)) || !(issuer = find_intermediate(sent, end)))
            break;
        end = issuer;
    }
    return end;
}

enum cg_search_end cg_path_search(const struct cg_search_input *in, cg_path_visit *visit, void *context)
{
    struct search search = {.in = in, .visit = visit, .context = context, .end = CG_SEARCH_EXHAUSTED};
    search.path = sk_X509_new_reserve(NULL, 8);
    if (!search.path || !sk_X509_push(search.path, in->leaf))
        search.end = CG_SEARCH_FAULT;
    else if (contains(in->anchors, in->leaf))
        visit_path(&search); /* an end entity that is itself an anchor is the whole path */
    else if (!(X509_get_extension_flags(in->leaf) & EXFLAG_SS))
        extend(&search);
    sk_X509_free(search.path);
    return search.end;
}
