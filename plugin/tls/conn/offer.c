/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "offer.h"

#include "record.h"
#include "tls/openssl/ciphers.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 3 /* cipher suites of the client in a detail */

/* By the keys of the broker's certificates: their name, and the fix for clients that support none of them. */
static const struct key {
    unsigned keys; /* enum cg_auth */
    const char *name, *fix;
} keys[] = {
    {CG_AUTH_EC | CG_AUTH_RSA, "RSA or EC",
     "Use a TLS library in the client that supports ECDSA with P-256, or RSA signatures, with SHA-256."},
    {CG_AUTH_EC, "EC",
     "Use a TLS library in the client that supports ECDSA with P-256. If that is not possible, also issue a "
     "certificate with an RSA key (`certguard issue broker NAME --key-type rsa3072`), and name both in credential of "
     "the policy: see plugin.md. Other clients keep the first one."},
    {CG_AUTH_RSA, "RSA",
     "Use a TLS library in the client that supports RSA signatures. If that is not possible, also issue a certificate "
     "with a P-256 key (`certguard issue broker NAME`), and name both in credential of the policy: see plugin.md."},
    {CG_AUTH_OTHER, "post-quantum",
     "Update the client to TLS 1.3 with support for this kind of key. If that is not possible, also issue a "
     "certificate with a P-256 key (`certguard issue broker NAME`), and name both in credential of the policy: see "
     "plugin.md."},
};

typedef bool key_test(const struct cg_conn *conn, const EVP_PKEY *key, void *result);

/* Whether a certificate of the broker passes the test. The broker may offer one of each key type. */
static bool any_key(const struct cg_conn *conn, key_test *test, void *result)
{
    bool found = false;
    for (int at = SSL_CERT_SET_FIRST; !found && SSL_set_current_cert(conn->ssl, at) == 1; at = SSL_CERT_SET_NEXT)
        found = test(conn, X509_get0_pubkey(SSL_get_certificate(conn->ssl)), result);
    return found;
}

static bool add_key(const struct cg_conn *conn, const EVP_PKEY *key, void *bits)
{
    (void)conn;
    *(unsigned *)bits |= cg_auth_of(key);
    return false;
}

static const struct key *key_of(const struct cg_conn *conn)
{
    unsigned have = 0;
    any_key(conn, add_key, &have);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (have && (have & keys[i].keys) == keys[i].keys)
            return &keys[i];
    return NULL;
}

/* ---- cipher suites of TLS 1.2 */

static bool has_cipher(const STACK_OF(SSL_CIPHER) *ciphers, const SSL_CIPHER *wanted)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (SSL_CIPHER_get_id(sk_SSL_CIPHER_value(ciphers, i)) == SSL_CIPHER_get_id(wanted))
            return true;
    return false;
}

/* The key types that the client's suites support; allowed: count only suites in this list, NULL: all. */
static unsigned keys_offered(const SSL *ssl, const STACK_OF(SSL_CIPHER) *allowed)
{
    const STACK_OF(SSL_CIPHER) *offered = SSL_get_client_ciphers(ssl);
    unsigned found = 0;
    for (int i = 0; i < sk_SSL_CIPHER_num(offered); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(offered, i);
        int auth = SSL_CIPHER_get_auth_nid(cipher);
        if (!allowed || has_cipher(allowed, cipher))
            found |= auth == NID_auth_rsa ? CG_AUTH_RSA : auth == NID_auth_ecdsa ? CG_AUTH_EC : 0U;
    }
    return found;
}

bool cg_offers_psk(const struct cg_conn *conn)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_get_client_ciphers(conn->ssl);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(ciphers, i)) == NID_auth_psk)
            return true;
    return conn->private->psk_offered;
}

/* ---- groups and signatures */

static bool offers_group(const struct cg_conn *conn, int nid)
{
    int count = (int)SSL_get1_groups(conn->ssl, NULL);
    int *groups = count > 0 ? OPENSSL_zalloc((size_t)count * sizeof *groups) : NULL;
    bool found = count <= 0 || !groups; /* a client without the extension accepts any (RFC 8422 4) */
    count = groups ? (int)SSL_get1_groups(conn->ssl, groups) : 0;
    for (int i = 0; i < count; i++)
        found = found || groups[i] == nid;
    OPENSSL_free(groups);
    return found;
}

#define CURVE_MAX 64

/* Writes the curve of the broker's key if the client does not support it. In TLS 1.2 its groups also apply to keys
 * (RFC 8422 5.1). */
static bool lacks_curve(const struct cg_conn *conn, const EVP_PKEY *key, void *name)
{
    if (SSL_version(conn->ssl) >= TLS1_3_VERSION || !key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, name, CURVE_MAX, NULL) != 1)
        return false;
    return !offers_group(conn, OBJ_txt2nid(name));
}

static bool can_sign(int key, int signature)
{
    return key == signature || (key == EVP_PKEY_RSA && signature == EVP_PKEY_RSA_PSS);
}

/* OpenSSL signs nothing with SHA-1 at its default level. */
static bool offers_signature(const struct cg_conn *conn, const EVP_PKEY *key, void *unused)
{
    int count = SSL_get_sigalgs(conn->ssl, -1, NULL, NULL, NULL, NULL, NULL), signature = NID_undef, hash = NID_undef;
    bool found = count <= 0 || !key;
    (void)unused;
    for (int i = 0; i < count && !found; i++)
        found = SSL_get_sigalgs(conn->ssl, i, &signature, &hash, NULL, NULL, NULL) > 0 && hash != NID_sha1 &&
                can_sign(EVP_PKEY_get_base_id(key), signature);
    return found;
}

/* ---- what is missing */

#define OTHER_CURVE                                                                                                    \
    "Configure the client to offer that curve too. If that is not possible, serve such clients a key that they "       \
    "support: P-256 (`certguard issue broker NAME`) in place of the other curve, or RSA (--key-type rsa3072) beside "  \
    "it, as a second credential in the policy: see plugin.md."

/* Could the client use a certificate with this key? */
static bool supports(const struct cg_conn *conn, const EVP_PKEY *key)
{
    char curve[CURVE_MAX];
    bool has_cipher = SSL_version(conn->ssl) >= TLS1_3_VERSION ||
                      (keys_offered(conn->ssl, SSL_get_ciphers(conn->ssl)) & cg_auth_of(key));
    return has_cipher && offers_signature(conn, key, NULL) && !lacks_curve(conn, key, curve);
}

static bool is_key(const struct cg_conn *conn, const EVP_PKEY *key, void *wanted)
{
    (void)conn;
    return key == X509_get0_pubkey(wanted);
}

#define HELD_FIX                                                                                                       \
    "The last broker_certificate_rejected event names the fix; `certguard doctor` checks the certificate again."
#define REJECTED_FIX                                                                                                   \
    "Issue it with a stronger key, or lower @SECLEVEL in ciphers of mosquitto.conf. `certguard doctor --connect` "     \
    "shows whether it is served."

/* OpenSSL reports some faults before it asks for certificates. Then this has only those of mosquitto.conf. */
static void drop_own(const struct cg_conn *conn, const struct cg_credentials *named)
{
    bool served = named->count == 0;
    for (size_t i = 0; !served && i < named->count; i++)
        served = any_key(conn, is_key, named->item[i]->leaf);
    if (!served)
        SSL_certs_clear(conn->ssl);
}

/* The policy names a certificate that the client supports, but only others are served. */
static bool lacks_withheld(struct cg_conn *conn)
{
    const struct cg_credentials *named = cg_snapshot_credentials(conn->snapshot, conn->listener);
    drop_own(conn, named);
    for (size_t i = 0; i < named->count; i++) {
        const struct cg_credential *one = named->item[i];
        bool held = cg_credential_is_held(one);
        if (any_key(conn, is_key, one->leaf))
            continue;
        /* this sets the certificate, if OpenSSL has not asked for it yet */
        ERR_set_mark();
        bool rejected = !held && SSL_use_cert_and_key(conn->ssl, one->leaf, one->key, one->chain, 1) != 1;
        const char *why = rejected ? ERR_reason_error_string(ERR_peek_last_error()) : "it is not accepted";
        ERR_pop_to_mark();
        if (!(held || rejected) || !supports(conn, X509_get0_pubkey(one->leaf)))
            continue;
        cg_conn_set_reason(conn, CG_REASON_CREDENTIAL_INVALID,
                           "the client needs the broker's %s certificate, which is not served: %s (%s)",
                           cg_credential_key_type(one), why ? why : "unknown error", one->file);
        conn->fix = held ? HELD_FIX : REJECTED_FIX;
        return true;
    }
    return false;
}

static bool lacks_signature(struct cg_conn *conn)
{
    const struct key *key = key_of(conn);
    char curve[CURVE_MAX];
    if (key && !any_key(conn, offers_signature, NULL)) {
        cg_conn_set_reason(
            conn, CG_REASON_NO_COMMON_SIGNATURE,
            "the client offers no signature algorithm for the key of the broker's certificate, which is %s", key->name);
        conn->fix = key->fix;
        return true;
    }
    if (!key || !any_key(conn, lacks_curve, curve))
        return false;
    cg_conn_set_reason(conn, CG_REASON_NO_COMMON_SIGNATURE,
                       "the client's groups do not include %s, the curve of the broker's certificate", curve);
    conn->fix = OTHER_CURVE;
    return true;
}

bool cg_offer_lacks_signature(struct cg_conn *conn)
{
    return lacks_withheld(conn) || lacks_signature(conn);
}

static bool lacks_key(struct cg_conn *conn, const struct key *key)
{
    unsigned offered = keys_offered(conn->ssl, NULL);
    if (!offered || (offered & key->keys))
        return false;
    cg_conn_set_reason(
        conn, CG_REASON_NO_COMMON_CIPHER,
        "the client's cipher suites are for %s certificates only, but the key of the broker's certificate is %s",
        offered == CG_AUTH_RSA  ? "RSA"
        : offered == CG_AUTH_EC ? "EC"
                                : "RSA or EC",
        key->name);
    conn->fix = keys_offered(conn->ssl, SSL_get_ciphers(conn->ssl))
                    ? key->fix
                    : "Update the client: it would need a certificate with another key, and cipher suites that the "
                      "policy does not allow.";
    return true;
}

static bool lacks_group(struct cg_conn *conn)
{
    if (SSL_get1_groups(conn->ssl, NULL) <= 0 || SSL_get_shared_group(conn->ssl, -1) > 0)
        return false;
    cg_conn_set_reason(conn, CG_REASON_NO_COMMON_GROUP,
                       "the client and the broker have no key exchange group in common");
    return true;
}

#define SUITES_OF_1_3                                                                                                  \
    "Update the client, or add one of its suites to tls.ciphersuites in the policy. If that key is not set, begin it " \
    "with \"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256\", for the other clients. "     \
    "CCM_8 also needs tls.insecure_ciphers."
#define SUITES_OF_PSK "Update the client: a list in tls.ciphers would also replace the suites for pre-shared keys."

/* NULL: the fix of the reason, which is for TLS 1.2 with certificates. */
static const char *suites_fix(const struct cg_conn *conn)
{
    const struct cg_tls_policy *tls = cg_conn_tls(conn);
    if (SSL_version(conn->ssl) >= TLS1_3_VERSION)
        return SUITES_OF_1_3;
    return tls->psk_allowed && !tls->ciphers ? SUITES_OF_PSK : NULL;
}

static void report_suites(struct cg_conn *conn)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_get_client_ciphers(conn->ssl);
    char names[120] = "";
    int count = sk_SSL_CIPHER_num(ciphers);
    for (int i = 0; i < count && i < NAMES_SHOWN; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "; the client offers ",
                 SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
    cg_conn_set_reason(conn, CG_REASON_NO_COMMON_CIPHER, "no cipher suite in common%s%s", names,
                       count > NAMES_SHOWN ? " and others" : "");
    conn->fix = suites_fix(conn);
}

static bool lacks_psk_suite(struct cg_conn *conn)
{
    if (!cg_offers_psk(conn))
        return false;
    if (cg_conn_tls(conn)->psk_allowed) {
        cg_conn_set_reason(conn, CG_REASON_NO_COMMON_CIPHER,
                           "the client offers a pre-shared key, but none of the ciphers that the policy allows");
        conn->fix = suites_fix(conn);
    } else {
        cg_conn_set_reason(conn, CG_REASON_PSK_NOT_ALLOWED, "the client offers a pre-shared key");
    }
    return true;
}

bool cg_offer_lacks_cipher(struct cg_conn *conn)
{
    if (lacks_psk_suite(conn) || lacks_withheld(conn))
        return true;
    const struct key *key = SSL_version(conn->ssl) < TLS1_3_VERSION ? key_of(conn) : NULL;
    if (key && lacks_key(conn, key))
        return true;
    /* without a common suite, nothing else matters */
    bool has_common = key && (keys_offered(conn->ssl, SSL_get_ciphers(conn->ssl)) & key->keys);
    if (!has_common || !(lacks_group(conn) || lacks_signature(conn)))
        report_suites(conn);
    return true;
}

#define ONLY_1_2                                                                                                       \
    "Enable TLS 1.2 in the client too. TLS 1.3 is off on this listener: because of tls_version in mosquitto.conf, or " \
    "because Mosquitto 2.0.21 and later turn it off for pre-shared keys."

/* A client with only TLS 1.3 sends version 1.2 here (RFC 8446 4.1.2); it fails if the broker has no 1.3. */
bool cg_offer_lacks_version(struct cg_conn *conn)
{
    static const char *const names[] = {"SSL 3", "TLS 1.0", "TLS 1.1", "TLS 1.2"};
    int version = SSL_client_version(conn->ssl);
    bool only13 = SSL_get_min_proto_version(conn->ssl) >= TLS1_3_VERSION ||
                  SSL_get_options(conn->ssl) & SSL_OP_NO_TLSv1_2;
    if (version < SSL3_VERSION || version > TLS1_2_VERSION)
        return false;
    if (version == TLS1_2_VERSION && !only13) {
        cg_conn_set_reason(conn, CG_REASON_NO_COMMON_VERSION,
                           "the client supports only TLS 1.3; the highest version here is TLS 1.2");
        conn->fix = ONLY_1_2;
        return true;
    }
    cg_conn_set_reason(conn, CG_REASON_NO_COMMON_VERSION,
                       "the client supports at most %s; the lowest version here is TLS %s",
                       names[version - SSL3_VERSION], only13 ? "1.3" : "1.2");
    return true;
}
