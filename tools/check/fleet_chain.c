/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fleet_chain.h"
#include "base/failure.h"
#include "core/cert/pem.h"
#include "core/path/path.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

bool cg_fleet_chain_init(struct cg_fleet_chain *chain, struct cg_error *err)
{
    *chain = (struct cg_fleet_chain){.len = 0};
    return pthread_mutex_init(&chain->lock, NULL) == 0 || cg_fail_memory(err);
}

void cg_fleet_chain_clear(struct cg_fleet_chain *chain)
{
    free(chain->text);
    sk_X509_pop_free(chain->certs, X509_free);
    sk_X509_pop_free(chain->above, X509_free);
    pthread_mutex_destroy(&chain->lock);
}

/* ---- the text */

/* Where the first PEM block ends; DER is one certificate. */
static size_t first_block(const unsigned char *data, size_t len)
{
    static const char mark[] = "-----END ";
    const unsigned char *end = cg_is_der(data, len) ? NULL : memmem(data, len, mark, sizeof mark - 1);
    const unsigned char *feed = end ? memchr(end, '\n', len - (size_t)(end - data)) : NULL;
    return feed ? (size_t)(feed - data) + 1 : len;
}

static STACK_OF(X509) *find_certs(struct cg_fleet_chain *chain, const unsigned char *text, size_t len)
{
    pthread_mutex_lock(&chain->lock);
    const bool same = chain->certs && chain->len == len && memcmp(chain->text, text, len) == 0;
    STACK_OF(X509) *certs = same ? X509_chain_up_ref(chain->certs) : NULL;
    pthread_mutex_unlock(&chain->lock);
    return certs;
}

/* If memory runs out, the next file is decoded whole. */
static void keep_certs(struct cg_fleet_chain *chain, const unsigned char *text, size_t len, const STACK_OF(X509) *sent)
{
    unsigned char *copy = malloc(len + 1);
    STACK_OF(X509) *certs = X509_chain_up_ref((STACK_OF(X509) *)(uintptr_t)sent);
    if (!copy || !certs) {
        free(copy);
        sk_X509_pop_free(certs, X509_free);
        return;
    }
    memcpy(copy, text, len);
    X509_free(sk_X509_shift(certs));
    pthread_mutex_lock(&chain->lock);
    free(chain->text);
    sk_X509_pop_free(chain->certs, X509_free);
    chain->text = copy;
    chain->len = len;
    chain->certs = certs;
    pthread_mutex_unlock(&chain->lock);
}

bool cg_fleet_chain_read(struct cg_fleet_chain *chain, const char *place, const void *data, size_t len, size_t max,
                         STACK_OF(X509) **out, struct cg_error *err)
{
    const unsigned char *text = data;
    const size_t first = first_block(text, len);
    STACK_OF(X509) *certs = find_certs(chain, text + first, len - first);
    bool ok = cg_certificates_read(place, data, certs ? first : len, max, out, err);
    if (ok && !certs)
        keep_certs(chain, text + first, len - first, *out);
    if (ok && certs && !sk_X509_insert(certs, sk_X509_shift(*out), 0))
        ok = cg_fail_memory(err);
    if (certs) {
        sk_X509_pop_free(*out, X509_free);
        *out = certs;
    }
    return ok;
}

/* ---- the path */

struct candidate {
    X509 *issuer;
    int count;
    bool anchor;
};

/* As the search follows them: self-signed certificates only as anchors. A copy of an intermediate gives no other path. */
static void count_issuers(const STACK_OF(X509) *from, X509 *subject, bool anchors, struct candidate *found)
{
    for (int i = 0; i < sk_X509_num(from); i++) {
        X509 *issuer = sk_X509_value(from, i);
        if (!cg_path_may_have_issued(issuer, subject) || (!anchors && (X509_get_extension_flags(issuer) & EXFLAG_SS)) ||
            (found->issuer && !found->anchor && X509_cmp(found->issuer, issuer) == 0))
            continue;
        found->issuer = issuer;
        found->anchor = anchors;
        found->count++;
    }
}

static bool extend(const struct cg_check_input *in, STACK_OF(X509) *path, bool *anchored)
{
    X509 *subject = sk_X509_value(path, sk_X509_num(path) - 1);
    struct candidate found = {.count = 0};
    count_issuers(cg_trust_anchors(in->trust), subject, true, &found);
    count_issuers(in->sent, subject, false, &found);
    count_issuers(cg_trust_intermediates(in->trust), subject, false, &found);
    *anchored = found.anchor;
    return found.count == 1 && sk_X509_push(path, found.issuer);
}

static bool is_above(const STACK_OF(X509) *above, const STACK_OF(X509) *path)
{
    if (!above || sk_X509_num(above) + 1 != sk_X509_num(path))
        return false;
    for (int i = 0; i < sk_X509_num(above); i++)
        if (sk_X509_value(above, i) != sk_X509_value(path, i + 1))
            return false;
    return true;
}

static bool signature_holds(const STACK_OF(X509) *path, int depth)
{
    EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(path, depth + 1));
    return key && X509_verify(sk_X509_value(path, depth), key) == 1;
}

static void keep_above(struct cg_fleet_chain *chain, const STACK_OF(X509) *path)
{
    STACK_OF(X509) *above = X509_chain_up_ref((STACK_OF(X509) *)(uintptr_t)path);
    if (!above)
        return;
    X509_free(sk_X509_shift(above));
    pthread_mutex_lock(&chain->lock);
    sk_X509_pop_free(chain->above, X509_free);
    chain->above = above;
    pthread_mutex_unlock(&chain->lock);
}

/* From the anchor down: a key is used only after its certificate was verified. */
static bool signatures_hold(struct cg_fleet_chain *chain, const STACK_OF(X509) *path)
{
    pthread_mutex_lock(&chain->lock);
    const bool known = is_above(chain->above, path);
    pthread_mutex_unlock(&chain->lock);
    bool ok = true;
    for (int depth = known ? 0 : sk_X509_num(path) - 2; ok && depth >= 0; depth--)
        ok = signature_holds(path, depth);
    if (ok && !known)
        keep_above(chain, path);
    return ok;
}

static bool is_leaf_only(const struct cg_check_input *in)
{
    const STACK_OF(X509) *anchors = cg_trust_anchors(in->trust);
    for (int i = 0; i < sk_X509_num(anchors); i++)
        if (X509_cmp(sk_X509_value(anchors, i), in->leaf) == 0)
            return true;
    return X509_get_extension_flags(in->leaf) & EXFLAG_SS;
}

STACK_OF(X509) *cg_fleet_chain_path(struct cg_fleet_chain *chain, const struct cg_check_input *in)
{
    STACK_OF(X509) *path = in->trust && !is_leaf_only(in) ? sk_X509_new_null() : NULL;
    bool anchored = false, ok = path && sk_X509_push(path, in->leaf);
    ERR_set_mark();
    while (ok && !anchored)
        ok = sk_X509_num(path) < CG_PATH_LENGTH && extend(in, path, &anchored);
    ok = ok && signatures_hold(chain, path);
    ERR_pop_to_mark();
    if (ok)
        return path;
    sk_X509_free(path);
    return NULL;
}
