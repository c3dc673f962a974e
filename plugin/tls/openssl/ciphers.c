/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ciphers.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* TLS 1.2, if the policy names none: forward secrecy and AEAD */
#define STRONG_KX  "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM:DHE+AESGCM:DHE+CHACHA20"
#define STRONG     STRONG_KX ":!AESCCM8:!aNULL:!aPSK"
#define STRONG_PSK STRONG_KX ":kECDHEPSK+CHACHA20:kDHEPSK+AESGCM:kDHEPSK+CHACHA20:kDHEPSK+AESCCM:!AESCCM8:!aNULL"

#define LEVEL     2 /* OpenSSL's security level: 112 bits */
#define NAMES_MAX 3 /* ciphers that a message names for each flaw */

const char *cg_ciphers_of(const struct cg_tls_policy *tls)
{
    return tls->ciphers ? tls->ciphers : tls->psk_allowed ? STRONG_PSK : STRONG;
}

/* ---- flaws */

static bool is_tls13(const SSL_CIPHER *cipher)
{
    return SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any; /* no key exchange in the suite */
}

static bool without_authentication(const SSL_CIPHER *cipher)
{
    return SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null;
}

static bool without_encryption(const SSL_CIPHER *cipher)
{
    return SSL_CIPHER_get_cipher_nid(cipher) == NID_undef;
}

static bool without_forward_secrecy(const SSL_CIPHER *cipher)
{
    static const int ephemeral[] = {NID_kx_any, NID_kx_ecdhe, NID_kx_dhe, NID_kx_ecdhe_psk, NID_kx_dhe_psk};
    for (size_t i = 0; i < sizeof ephemeral / sizeof *ephemeral; i++)
        if (SSL_CIPHER_get_kx_nid(cipher) == ephemeral[i])
            return false;
    return true;
}

static bool without_aead(const SSL_CIPHER *cipher)
{
    return SSL_CIPHER_is_aead(cipher) != 1;
}

static bool has_short_tag(const SSL_CIPHER *cipher)
{
    const char *name = SSL_CIPHER_get_name(cipher);
    return strstr(name, "CCM8") || strstr(name, "CCM_8");
}

/* A cipher is reported under the first row that matches. */
static const struct flaw {
    const char *words, *without; /* without: what removes them from a TLS 1.2 list */
    bool (*has)(const SSL_CIPHER *cipher);
    bool never; /* not allowed even by insecure_ciphers: no certificate would be requested */
} flaws[] = {
    {"no authentication", ":!aNULL", without_authentication, true},
    {"no encryption", ":!eNULL", without_encryption, false},
    {"no forward secrecy", ":!kRSA:!kPSK:!kRSAPSK:!kGOST:!SRP", without_forward_secrecy, false},
    {"no AEAD", ":!SHA1:!SHA256:!SHA384:!MD5", without_aead, false},
    {"a tag of 8 bytes", ":!AESCCM8", has_short_tag, false},
};
#define FLAWS (sizeof flaws / sizeof *flaws)

static const struct flaw *flaw_of(const SSL_CIPHER *cipher, bool insecure)
{
    for (size_t i = 0; i < FLAWS; i++)
        if ((flaws[i].never || !insecure) && flaws[i].has(cipher))
            return &flaws[i];
    return NULL;
}

/* ---- lists */

static bool set_list(SSL_CTX *ctx, const char *text, bool tls13)
{
    ERR_set_mark();
    bool ok = ctx && (tls13 ? SSL_CTX_set_ciphersuites(ctx, text) : SSL_CTX_set_cipher_list(ctx, text)) == 1;
    ERR_pop_to_mark();
    return ok;
}

/* An SSL_CTX with the list; NULL: out of memory, or the list is empty. */
static SSL_CTX *with_list(const char *text, bool tls13)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx)
        SSL_CTX_set_security_level(ctx, LEVEL); /* so that a change by the list is visible */
    if (set_list(ctx, text, tls13))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* The flaws of a list: one bit per row of flaws[]. Writes some ciphers of each flaw to names. */
static unsigned flaws_in(SSL_CTX *ctx, bool tls13, bool insecure, char *names, size_t size)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    unsigned found = 0;
    size_t len = 0;
    names[0] = '\0';
    for (size_t i = 0; i < FLAWS; i++) {
        int count = 0;
        for (int k = 0; k < sk_SSL_CIPHER_num(ciphers); k++) {
            const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, k);
            if (is_tls13(cipher) != tls13 || flaw_of(cipher, insecure) != &flaws[i])
                continue;
            if (count++ < NAMES_MAX && len < size)
                len += (size_t)snprintf(names + len, size - len, "%s%s",
                                        count > 1 ? ", "
                                        : found   ? "; "
                                                  : "",
                                        SSL_CIPHER_get_name(cipher));
        }
        if (count > NAMES_MAX && len < size)
            len += (size_t)snprintf(names + len, size - len, " and %d more", count - NAMES_MAX);
        if (count && len < size)
            len += (size_t)snprintf(names + len, size - len, " (%s)", flaws[i].words);
        found |= count ? 1U << i : 0;
    }
    return found;
}

/* Writes what to append to a TLS 1.2 list to make it strong; "" if that leaves no cipher. */
static void find_fix(const char *text, unsigned found, bool insecure, char *fix, size_t size)
{
    char names[512];
    size_t len = 0;
    for (size_t i = 0; i < FLAWS; i++)
        if (found & 1U << i)
            len += (size_t)snprintf(fix + len, size - len, "%s", flaws[i].without);
    char *fixed = OPENSSL_malloc(strlen(text) + len + 1);
    if (fixed) {
        memcpy(fixed, text, strlen(text));
        memcpy(fixed + strlen(text), fix, len + 1);
    }
    SSL_CTX *ctx = fixed ? with_list(fixed, false) : NULL;
    if (!ctx || flaws_in(ctx, false, insecure, names, sizeof names))
        fix[0] = '\0';
    SSL_CTX_free(ctx);
    OPENSSL_free(fixed);
}

struct location {
    const char *policy, *section, *key, *text;
    const struct cg_tls_policy *tls;
};

static bool has_forbidden_flaw(unsigned found)
{
    for (size_t i = 0; i < FLAWS; i++)
        if (flaws[i].never && (found & 1U << i))
            return true;
    return false;
}

static bool report_weak(const struct location *at, bool tls13, unsigned found, const char *names, struct cg_error *err)
{
    char fix[160] = "", fix_text[260], otherwise[260] = "";
    if (!tls13)
        find_fix(at->text, found, at->tls->insecure_ciphers, fix, sizeof fix);
    if (*fix)
        snprintf(fix_text, sizeof fix_text, "append \"%s\" to it; clients that support nothing else are then refused",
                 fix);
    else
        snprintf(fix_text, sizeof fix_text, "%s",
                 tls13 ? "remove them" : "remove ciphers from the policy: the default has forward secrecy and AEAD");
    if (!has_forbidden_flaw(found))
        snprintf(otherwise, sizeof otherwise, ". Or, while devices cannot do better, set %s.insecure_ciphers to true",
                 at->section);
    cg_error_set(err, "%s: %s.%s: '%.200s' allows weak ciphers: %s; %s%s", at->policy, at->section, at->key, at->text,
                 names, fix_text, otherwise);
    return false;
}

static bool report_level(const struct location *at, int level, struct cg_error *err)
{
    cg_error_set(err,
                 "%s: %s.%s: @SECLEVEL=%d in '%.200s' allows keys and digests that are too weak; write @SECLEVEL=%d, "
                 "or remove it. Or, while devices cannot do better, set %s.insecure_ciphers to true",
                 at->policy, at->section, at->key, level, at->text, LEVEL, at->section);
    return false;
}

static bool list_is_strong(const struct location *at, bool tls13, struct cg_error *err)
{
    char names[420];
    bool insecure = at->tls->insecure_ciphers;
    SSL_CTX *ctx = with_list(at->text, tls13);
    if (!ctx) {
        cg_error_set(err, "%s: %s.%s: OpenSSL rejects '%.200s'", at->policy, at->section, at->key, at->text);
        return false;
    }
    int level = SSL_CTX_get_security_level(ctx);
    unsigned found = flaws_in(ctx, tls13, insecure, names, sizeof names);
    SSL_CTX_free(ctx);
    if (found)
        return report_weak(at, tls13, found, names, err);
    return level >= LEVEL || insecure || report_level(at, level, err);
}

bool cg_ciphers_strong(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err)
{
    const struct location suites = {policy, section, "ciphersuites", tls->ciphersuites, tls};
    const struct location ciphers = {policy, section, "ciphers", tls->ciphers, tls};
    return (!suites.text || list_is_strong(&suites, true, err)) &&
           (!ciphers.text || list_is_strong(&ciphers, false, err));
}

/* ---- use */

/* Never called; OpenSSL only checks that it is set. */
static unsigned no_psk(SSL *ssl, const char *fix, char *identity, unsigned identity_len, unsigned char *key,
                       unsigned key_len)
{
    (void)ssl, (void)fix, (void)identity, (void)identity_len, (void)key, (void)key_len;
    return 0;
}

static bool fits(const SSL_CIPHER *cipher, unsigned keys)
{
    int auth = SSL_CIPHER_get_auth_nid(cipher);
    return !keys || auth == NID_auth_psk || (auth == NID_auth_rsa && (keys & CG_AUTH_RSA)) ||
           (auth == NID_auth_ecdsa && (keys & CG_AUTH_EC));
}

/* The number of ciphers in the list that a handshake could use with one of these keys, considering the security
 * level and pre-shared keys. -1 if out of memory. */
static int count_usable(const struct cg_tls_policy *tls, bool tls13, unsigned keys)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int version = tls13 ? TLS1_3_VERSION : TLS1_2_VERSION, count = -1;
    if (ctx && tls->psk_allowed)
        SSL_CTX_set_psk_client_callback(ctx, no_psk); /* the one that SSL_get1_supported_ciphers checks */
    bool ok = ctx && SSL_CTX_set_min_proto_version(ctx, version) && SSL_CTX_set_max_proto_version(ctx, version) &&
              set_list(ctx, cg_ciphers_of(tls), false) &&
              (!tls->ciphersuites || set_list(ctx, tls->ciphersuites, true));
    SSL *ssl = ok ? SSL_new(ctx) : NULL;
    if (ssl) {
        STACK_OF(SSL_CIPHER) *ciphers = SSL_get1_supported_ciphers(ssl);
        count = 0;
        for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
            count += is_tls13(sk_SSL_CIPHER_value(ciphers, i)) || fits(sk_SSL_CIPHER_value(ciphers, i), keys);
        sk_SSL_CIPHER_free(ciphers);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return count;
}

bool cg_ciphers_usable(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err)
{
    bool only13 = tls->min_version >= TLS1_3_VERSION;
    int suites = tls->ciphersuites || only13 ? count_usable(tls, true, 0) : 1;
    int ciphers = tls->ciphers && !only13 ? count_usable(tls, false, 0) : 1;
    if (suites < 0 || ciphers < 0)
        cg_error_set(err, "%s: %s: out of memory", policy, section);
    else if (tls->ciphers && only13)
        cg_error_set(err,
                     "%s: %s.ciphers: no handshake can use TLS 1.2 ciphers, since min_version is \"1.3\"; remove "
                     "ciphers from the policy",
                     policy, section);
    else if (!suites || !ciphers)
        cg_error_set(err,
                     "%s: %s.%s: no handshake can use any of '%.200s': its security level, or psk, forbids all of "
                     "them; remove it from the policy",
                     policy, section, ciphers ? "ciphersuites" : "ciphers", ciphers ? tls->ciphersuites : tls->ciphers);
    else
        return true;
    return false;
}

bool cg_ciphers_accept_psk(const struct cg_tls_policy *tls)
{
    SSL_CTX *ctx = tls->ciphers && tls->min_version < TLS1_3_VERSION ? with_list(tls->ciphers, false) : NULL;
    const STACK_OF(SSL_CIPHER) *ciphers = ctx ? SSL_CTX_get_ciphers(ctx) : NULL;
    static const int kinds[] = {NID_kx_psk, NID_kx_ecdhe_psk, NID_kx_dhe_psk, NID_kx_rsa_psk};
    bool accepts = !ctx;
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            accepts = accepts || SSL_CIPHER_get_kx_nid(sk_SSL_CIPHER_value(ciphers, i)) == kinds[k];
    SSL_CTX_free(ctx);
    return accepts;
}

/* ---- certificates */

enum cg_auth cg_auth_of(const EVP_PKEY *key)
{
    int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS)
        return CG_AUTH_RSA;
    return type == EVP_PKEY_EC || type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448 ? CG_AUTH_EC : CG_AUTH_OTHER;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* As OpenSSL rates a certificate that it serves: by the key, and by the signature unless it is self-signed. */
static int bits_of(X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    int of_key = key ? EVP_PKEY_get_security_bits(key) : 0, of_signature = 0;
    if (X509_get_extension_flags(cert) & EXFLAG_SS)
        return of_key;
    return X509_get_signature_info(cert, NULL, NULL, &of_signature, NULL) ? least(of_key, of_signature) : of_key;
}

struct cg_strength cg_strength_of(X509 *leaf, const STACK_OF(X509) *chain)
{
    struct cg_strength strength = {cg_auth_of(X509_get0_pubkey(leaf)), bits_of(leaf)};
    for (int i = 0; i < sk_X509_num(chain); i++)
        strength.security_bits = least(strength.security_bits, bits_of(sk_X509_value(chain, i)));
    return strength;
}

void cg_strength_add(struct cg_strength *all, const struct cg_strength *one)
{
    all->keys |= one->keys;
    if (one->security_bits > all->security_bits)
        all->security_bits = one->security_bits;
}

/* The bits that a security level requires: SSL_CTX_set_security_level(3). */
static int bits_at(int level)
{
    static const int bits[] = {0, 80, 112, 128, 192, 256};
    return level < 0 ? 0 : bits[level > 5 ? 5 : level];
}

static bool level_fits(const char *policy, const char *section, const struct cg_tls_policy *tls, int bits,
                       const char *where, struct cg_error *err)
{
    SSL_CTX *ctx = with_list(tls->ciphers, false);
    int level = ctx ? SSL_CTX_get_security_level(ctx) : 0, highest = level;
    SSL_CTX_free(ctx);
    if (level <= LEVEL || bits_at(level) <= bits)
        return true;
    while (highest > LEVEL && bits_at(highest) > bits)
        highest--;
    cg_error_set(err,
                 "%s: %s.ciphers: @SECLEVEL=%d in '%.200s' requires %d bits of security, but the broker's certificate "
                 "(its key or a signature of its chain) has %d (%s), so no client could connect; write @SECLEVEL=%d, "
                 "or issue a stronger certificate first",
                 policy, section, level, tls->ciphers, bits_at(level), bits, where, highest);
    return false;
}

static const char *keys_text(unsigned keys)
{
    static const char *const texts[] = {"", "RSA", "EC", "RSA and EC"};
    unsigned usual = keys & (CG_AUTH_RSA | CG_AUTH_EC);
    return usual ? texts[usual] : "post-quantum";
}

bool cg_ciphers_fit(const char *policy, const char *section, const struct cg_tls_policy *tls,
                    const struct cg_strength *strength, const char *where, struct cg_error *err)
{
    unsigned keys = strength->keys;
    const char *fix = keys & CG_AUTH_EC    ? "add ECDHE-ECDSA ciphers, or remove ciphers from the policy"
                      : keys & CG_AUTH_RSA ? "add ECDHE-RSA ciphers, or remove ciphers from the policy"
                                           : "set min_version to \"1.3\" and remove ciphers from the policy";
    if (!keys || !tls->ciphers)
        return true;
    if (!level_fits(policy, section, tls, strength->security_bits, where, err))
        return false;
    if (tls->min_version >= TLS1_3_VERSION || tls->psk_allowed || count_usable(tls, false, keys) > 0)
        return true;
    cg_error_set(err,
                 "%s: %s.ciphers: no cipher of '%.200s' works with the broker's certificate (%s, key: %s), so no TLS "
                 "1.2 client could connect; %s",
                 policy, section, tls->ciphers, where, keys_text(keys), fix);
    return false;
}
