/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Hostile chains, most of them almost as long as max_chain_bytes allows. "Signed" chains are issued by an intermediate of the
 * trusted root: the worst case of a malicious subordinate CA or a stolen CA key. The others name the trusted root as issuer but
 * are signed with the attacker's key. */
#include "kinds.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TREE_POLICIES 20
#define TREE_LEVELS   8
#define RSA_BITS      16384
#define RSA_CAS       6
#define SANS          1100
#define SUBTREES      420

/* A growing text, for recipes and lists of names. */
struct text {
    char *p;
    size_t len, size;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    if (!text->p && !(text->p = malloc(text->size = (size_t)1 << 20)))
        abort();
    va_start(args, format);
    text->len += (size_t)vsnprintf(text->p + text->len, text->size - text->len, format, args);
    va_end(args);
}

static void make(struct cg_pki *pki, struct text *text)
{
    cg_pki_make(pki, text->p);
    free(text->p);
    *text = (struct text){0};
}

/* A chain of intermediates. */
static void make_long(struct cg_pki *pki, struct text *names, int count)
{
    struct text recipe = {0};
    add(&recipe, "x0: ca issuer=root signer=attacker\n");
    for (int i = 1; i < count; i++)
        add(&recipe, "x%d: ca issuer=x%d key=@attacker\n", i, i - 1);
    add(&recipe, "bad: issuer=x%d", count - 1);
    make(pki, &recipe);
    for (int i = count - 1; i >= 0; i--)
        add(names, "x%d ", i);
}

/* CAs with the name of the trusted root and with another name, which certify each other: many paths seem to end in the root. */
static void make_maze(struct cg_pki *pki, struct text *names)
{
    struct text recipe = {0};
    for (int i = 0; i < 5; i++)
        add(&recipe, "ka%d: ca cn=root\nkb%d: ca cn=int\n", i, i);
    for (int i = 0; i < 5; i++)
        add(&recipe, "a%d: ca cn=root key=@ka%d issuer=kb%d ski=none aki=none\n", i, i, (i + 1) % 4);
    for (int i = 0; i < 4; i++)
        add(&recipe, "b%d: ca cn=int key=@kb%d issuer=ka%d ski=none aki=none\n", i, i, (i + 2) % 5);
    add(&recipe, "bad: issuer=ka0 aki=none");
    make(pki, &recipe);
    add(names, "a0 b0 a1 b1 a2 b2 a3 b3 a4");
}

static void make_names(struct cg_pki *pki, struct text *names)
{
    struct text recipe = {0};
    add(&recipe, "bad: issuer=root signer=attacker subject=");
    for (int i = 0; i < 15; i++) {
        add(&recipe, "/OU=");
        for (int j = 0; j < 1000; j++)
            add(&recipe, "%c", 'a' + (i + j) % 26);
    }
    make(pki, &recipe);
    (void)names;
}

static void make_sans(struct cg_pki *pki)
{
    struct text recipe = {0};
    add(&recipe, "bad: issuer=root signer=attacker san=dns:a.example");
    for (int i = 0; i < SANS; i++)
        add(&recipe, ",dns:b%d.example", i);
    make(pki, &recipe);
}

/* Every level maps every policy to two others, so the policy tree doubles at each level unless its size is limited. */
static void make_policies(struct cg_pki *pki, struct text *names, const char *signer)
{
    struct text recipe = {0};
    for (int level = 0; level < TREE_LEVELS; level++) {
        add(&recipe, "x%d: ca issuer=%s%d key=@attacker %s policies=", level, level ? "x" : "inter",
            level ? level - 1 : 0, level ? "" : signer);
        for (int i = 0; i < TREE_POLICIES; i++)
            add(&recipe, "%s1.2.3.%d", i ? "," : "", i);
        add(&recipe, " mappings=");
        for (int i = 0; i < TREE_POLICIES; i++)
            add(&recipe, "%s1.2.3.%d:1.2.3.%d,1.2.3.%d:1.2.3.%d", i ? "," : "", i, (i + 1) % TREE_POLICIES, i,
                (i + 7) % TREE_POLICIES);
        add(&recipe, "\n");
    }
    add(&recipe, "bad: issuer=x%d policies=1.2.3.1", TREE_LEVELS - 1);
    make(pki, &recipe);
    for (int i = TREE_LEVELS - 1; i >= 0; i--)
        add(names, "x%d ", i);
    add(names, "inter0");
}

static void make_constraints(struct cg_pki *pki, struct text *names, const char *signer)
{
    struct text recipe = {0};
    add(&recipe, "x: ca issuer=inter0 key=@attacker %s nc=critical", signer);
    for (int i = 0; i < SUBTREES; i++)
        add(&recipe, ",permitted;DNS:a%d.example", i);
    add(&recipe, "\nbad: issuer=x san=dns:b.example");
    for (int i = 0; i < SUBTREES; i++)
        add(&recipe, ",dns:b%d.a%d.example", i, SUBTREES - 1);
    make(pki, &recipe);
    add(names, "x inter0");
}

/* A public key of 16384 bits without a private key, for a CA of the attacker. */
static EVP_PKEY *huge_key(void)
{
    unsigned char bytes[RSA_BITS / 8];
    EVP_PKEY *key = NULL;
    RAND_bytes(bytes, sizeof bytes);
    bytes[0] |= 0x80;
    bytes[sizeof bytes - 1] |= 1;
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL), *e = BN_new();
    BN_set_word(e, 65537);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        abort();
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

/* CAs with such keys. The signatures name RSA but are the attacker's, which only their verification shows. */
static void make_rsa(struct cg_pki *pki, struct text *names, EVP_PKEY **huge)
{
    struct text recipe = {0};
    add(&recipe, "x0: ca issuer=root signer=attacker-rsa\n");
    for (int i = 1; i < RSA_CAS; i++)
        add(&recipe, "x%d: ca issuer=x%d signer=attacker-rsa\n", i, i - 1);
    add(&recipe, "bad: issuer=x%d signer=attacker-rsa", RSA_CAS - 1);
    make(pki, &recipe);
    *huge = huge_key();
    for (int i = RSA_CAS - 1; i >= 0; i--)
        add(names, "x%d ", i);
}

static void make_row(struct cg_pki *pki, enum hostile_row row, struct text *names, EVP_PKEY **huge)
{
    switch (row) {
    case HOSTILE_EXPIRED:
        cg_pki_make(pki, "bad: issuer=root days=-9..-1");
        break;
    case HOSTILE_UNKNOWN:
        cg_pki_make(pki, "bad: issuer=attacker");
        break;
    case HOSTILE_LONG:
        make_long(pki, names, 8);
        break;
    case HOSTILE_MAZE:
        make_maze(pki, names);
        break;
    case HOSTILE_TOO_LONG:
        make_long(pki, names, 64);
        break;
    case HOSTILE_NAMES:
        make_names(pki, names);
        break;
    case HOSTILE_SANS:
        make_sans(pki);
        break;
    case HOSTILE_POLICIES:
        make_policies(pki, names, "signer=attacker");
        break;
    case HOSTILE_POLICIES_SIGNED:
        make_policies(pki, names, "");
        break;
    case HOSTILE_RSA:
        make_rsa(pki, names, huge);
        break;
    case HOSTILE_CONSTRAINTS:
        make_constraints(pki, names, "signer=attacker");
        break;
    case HOSTILE_CONSTRAINTS_SIGNED:
        make_constraints(pki, names, "");
        break;
    case HOSTILE_COUNT:
        break;
    }
}

static int accept_server(X509_STORE_CTX *ctx, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static void add_chain(SSL_CTX *ctx, const struct cg_pki *pki, const char *names, EVP_PKEY *huge, EVP_PKEY *signer)
{
    STACK_OF(X509) *chain = cg_pki_stack(pki, names);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *cert = X509_dup(sk_X509_value(chain, i));
        if (huge && (!X509_set_pubkey(cert, huge) || !X509_sign(cert, signer, EVP_sha256())))
            abort();
        SSL_CTX_add1_chain_cert(ctx, cert);
        X509_free(cert);
    }
    sk_X509_pop_free(chain, X509_free);
}

SSL_CTX *hostile_context(struct cg_pki *pki, enum hostile_row row)
{
    struct text names = {0};
    EVP_PKEY *huge = NULL;
    size_t mark = cg_pki_mark(pki);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    make_row(pki, row, &names, &huge);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_server, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate(ctx, cg_pki_cert(pki, "bad")) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, cg_pki_key(pki, "bad")) != 1)
        abort();
    add_chain(ctx, pki, names.p ? names.p : "", huge, cg_pki_key(pki, "attacker-rsa"));
    EVP_PKEY_free(huge);
    free(names.p);
    cg_pki_rewind(pki, mark);
    return ctx;
}
