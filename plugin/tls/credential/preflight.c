/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "preflight.h"

#include "serve.h"
#include "tls/openssl/ciphers.h"
#include "tls/openssl/loopback.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static bool handshake(const struct cg_credential *credential)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
    struct cg_loopback pair;
    bool ok = cg_loopback_open(&pair, server, client) && cg_serve(pair.server, credential) &&
              cg_loopback_shake_hands(&pair);
    cg_loopback_close(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return ok;
}

static bool test_credential(const struct cg_credential *credential, const struct cg_listener_policy *listener,
                            struct cg_error *err)
{
    const struct cg_strength strength = cg_strength_of(credential->leaf, credential->chain);
    if (!cg_ciphers_fit(credential->file, "the policy's tls", &listener->tls, &strength, credential->file, err))
        return false;
    ERR_set_mark();
    bool ok = handshake(credential);
    const char *text = ok ? NULL : ERR_reason_error_string(ERR_peek_last_error());
    if (!ok)
        cg_error_set(err,
                     "%s: a test handshake with this certificate and its key failed: %s; create the pair again: "
                     "certguard issue broker",
                     credential->file, text ? text : "unknown error");
    ERR_pop_to_mark();
    return ok;
}

/* ---- lists of the "tls" sections */

static int set_groups(SSL_CTX *ctx, const char *text)
{
    return (int)SSL_CTX_set1_groups_list(ctx, (char *)(uintptr_t)text);
}

/* SSL_CTX_set_ciphersuites succeeds even if text names no suite; then the list has none of TLS 1.3. */
static int set_suites(SSL_CTX *ctx, const char *text)
{
    if (SSL_CTX_set_ciphersuites(ctx, text) != 1)
        return 0;
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (SSL_CIPHER_get_kx_nid(sk_SSL_CIPHER_value(ciphers, i)) ==
            NID_kx_any) /* TLS 1.3: no key exchange in the suite */
            return 1;
    return 0;
}

static const struct list {
    const char *key;
    size_t offset; /* in struct cg_tls_policy: const char * */
    int (*set)(SSL_CTX *ctx, const char *text);
    const char *fix;
} lists[] = {
    {"groups", offsetof(struct cg_tls_policy, groups), set_groups, "names such as X25519, P-256, P-384"},
    {"ciphersuites", offsetof(struct cg_tls_policy, ciphersuites), set_suites,
     "names that `openssl ciphers -s -tls1_3` prints"},
    {"ciphers", offsetof(struct cg_tls_policy, ciphers), SSL_CTX_set_cipher_list,
     "names that `openssl ciphers -s -tls1_2` prints"},
};

static bool accepts(const struct list *list, const char *text)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    ERR_set_mark();
    bool ok = ctx && list->set(ctx, text) == 1;
    ERR_pop_to_mark();
    SSL_CTX_free(ctx);
    return ok;
}

/* OpenSSL ignores unknown names if at least one is known, but a misspelled one must be reported. Words with a
 * leading operator modify the list and mean nothing alone. Returns the wrong word, or the list, or NULL. */
static const char *wrong_part(const struct list *list, const char *text, char *copy)
{
    memcpy(copy, text, strlen(text) + 1);
    for (char *word, *rest = copy; (word = strtok_r(rest, ":, ;", &rest));)
        if (!strchr("!+-@?*", word[0]) && !accepts(list, word))
            return word;
    return accepts(list, text) ? NULL : text;
}

static bool check_list(const struct cg_policy *policy, const char *section, const struct list *list,
                       const struct cg_tls_policy *tls, struct cg_error *err)
{
    const char *text = *(const char *const *)(const void *)((const char *)tls + list->offset);
    if (!text)
        return true;
    char *copy = OPENSSL_malloc(strlen(text) + 1);
    const char *wrong = copy ? wrong_part(list, text, copy) : text;
    if (wrong)
        cg_error_set(err, "%s: %s.%s: OpenSSL does not know '%s' in '%s'; expected %s", policy->name, section,
                     list->key, wrong, text, list->fix);
    OPENSSL_free(copy);
    return !wrong;
}

static bool check_section(const struct cg_policy *policy, const char *section, const struct cg_tls_policy *tls,
                          struct cg_error *err)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!check_list(policy, section, &lists[i], tls, err))
            return false;
    return cg_ciphers_strong(policy->name, section, tls, err);
}

/* ---- lists and keys */

/* The strength of the certificates that the broker loaded itself: key types in the low bits, then security bits. 0:
 * unknown. */
static atomic_uint own_strength;
#define KEY_BITS 8

void cg_preflight_set_own_strength(const struct cg_strength *strength)
{
    atomic_store(&own_strength, (unsigned)strength->security_bits << KEY_BITS | strength->keys);
}

/* A credential that cannot be read is reported when it is loaded. */
static struct cg_strength strength_of(const struct cg_credential_files *files)
{
    struct cg_credential *credential = cg_credential_load(files->chain, files->key, NULL);
    struct cg_strength strength = credential ? cg_strength_of(credential->leaf, credential->chain)
                                             : (struct cg_strength){0, 0};
    cg_credential_free(credential);
    return strength;
}

static bool check_fit(const struct cg_policy *policy, const char *section, const struct cg_listener_policy *listener,
                      struct cg_error *err)
{
    if (!listener->tls.ciphers)
        return true;
    const unsigned own = atomic_load(&own_strength);
    const struct cg_strength certfile = {own & ((1U << KEY_BITS) - 1), (int)(own >> KEY_BITS)};
    bool ok = listener->ncredentials ||
              cg_ciphers_fit(policy->name, section, &listener->tls, &certfile, "certfile", err);
    for (size_t i = 0; ok && i < listener->ncredentials; i++) {
        const struct cg_strength strength = strength_of(&listener->credentials[i]);
        ok = cg_ciphers_fit(policy->name, section, &listener->tls, &strength, listener->credentials[i].chain, err);
    }
    return ok;
}

/* Listeners inherit the list of the top level. It is enough if one of them can use it. */
static bool is_used(const struct cg_policy *policy, const char *list)
{
    for (size_t i = 0; i <= policy->nlisteners; i++) {
        const struct cg_tls_policy *tls = i ? &policy->listeners[i - 1].tls : &policy->base.tls;
        if (list && tls->ciphers && strcmp(tls->ciphers, list) == 0 && cg_ciphers_usable("", "", tls, NULL))
            return true;
    }
    return false;
}

static bool check_use(const struct cg_policy *policy, const char *section, const struct cg_listener_policy *listener,
                      struct cg_error *err)
{
    return check_section(policy, section, &listener->tls, err) &&
           (is_used(policy, listener->tls.ciphers) || cg_ciphers_usable(policy->name, section, &listener->tls, err));
}

typedef bool check_fn(const struct cg_policy *, const char *section, const struct cg_listener_policy *,
                      struct cg_error *);

static bool check_listeners(const struct cg_policy *policy, check_fn *check, struct cg_error *err)
{
    char section[64];
    bool ok = check(policy, "$.tls", &policy->base, err);
    for (size_t i = 0; ok && i < policy->nlisteners; i++) {
        snprintf(section, sizeof section, "$.listeners[%zu].tls", i);
        ok = check(policy, section, &policy->listeners[i], err);
    }
    return ok;
}

bool cg_preflight_lists(const struct cg_policy *policy, struct cg_error *err)
{
    return check_listeners(policy, check_use, err) && check_section(policy, "$.bridge.tls", &policy->bridge_tls, err) &&
           cg_ciphers_usable(policy->name, "$.bridge.tls", &policy->bridge_tls, err);
}

static bool check_tls(const struct cg_policy *policy, struct cg_error *err)
{
    return cg_preflight_lists(policy, err) && check_listeners(policy, check_fit, err);
}

const struct cg_snapshot_preflight cg_preflight = {check_tls, test_credential, NULL};
