/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "selftest.h"

#include "core/base/datetime.h"
#include "core/policy/policy_load.h"
#include "tls/conn/handlers.h"
#include "tls/openssl/context.h"
#include "tls/openssl/issuers.h"
#include "tls/openssl/loopback.h"
#include "tls/openssl/marker.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

struct identity {
    X509 *cert;
    EVP_PKEY *key;
};

struct self_test {
    struct identity ca, impostor, server, ok, bad;
    struct cg_credential credential;
    struct cg_credentials credentials;
    struct cg_snapshot snapshot;
    unsigned accepted, rejected, ended;
    enum cg_reason reason;
};

static void identity_clear(struct identity *identity)
{
    X509_free(identity->cert);
    EVP_PKEY_free(identity->key);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

static bool set_name(X509 *cert, const char *text)
{
    X509_NAME *name = X509_NAME_new();
    bool ok = name && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0) &&
              X509_set_subject_name(cert, name);
    X509_NAME_free(name);
    return ok;
}

static bool fill(X509 *cert, EVP_PKEY *key, X509 *issuer, const char *name, const char *purpose)
{
    int64_t now = time(NULL), end = now + 3600 < CG_TIME_LAST ? now + 3600 : CG_TIME_LAST;
    bool ca = !purpose;
    return X509_set_version(cert, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(cert), ca ? 1 : 2) &&
           cg_time_set(X509_getm_notBefore(cert), now - 60) && cg_time_set(X509_getm_notAfter(cert), end) &&
           set_name(cert, name) && X509_set_issuer_name(cert, X509_get_subject_name(issuer)) &&
           X509_set_pubkey(cert, key) &&
           add_extension(cert, issuer, NID_basic_constraints,
                         ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
           add_extension(cert, issuer, NID_key_usage,
                         ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
           add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always") &&
           (ca || (add_extension(cert, issuer, NID_ext_key_usage, purpose) &&
                   add_extension(cert, issuer, NID_subject_alt_name, "DNS:self-test.invalid")));
}

/* purpose NULL: a self-signed CA */
static bool identity_make(struct identity *out, const struct identity *issuer, const char *name, const char *purpose)
{
    const struct identity *by = issuer ? issuer : out;
    out->key = EVP_EC_gen("P-256");
    out->cert = X509_new();
    return out->key && out->cert && fill(out->cert, out->key, by->cert, name, purpose) &&
           X509_sign(out->cert, by->key, EVP_sha256()) > 0;
}

static bool make_certificates(struct self_test *test)
{
    /* the impostor has the CA's name but another key */
    return identity_make(&test->ca, NULL, "certguard self-test", NULL) &&
           identity_make(&test->impostor, NULL, "certguard self-test", NULL) &&
           identity_make(&test->server, &test->ca, "server", "serverAuth") &&
           identity_make(&test->ok, &test->ca, "good", "clientAuth") &&
           identity_make(&test->bad, &test->impostor, "bad", "clientAuth");
}

static bool make_snapshot(struct self_test *test, struct cg_error *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509(test->ca.cert, &der);
    test->credential = (struct cg_credential){.leaf = test->server.cert, .key = test->server.key};
    test->credentials = (struct cg_credentials){.item = {&test->credential}, .count = 1};
    test->snapshot = (struct cg_snapshot){.number = 1,
                                          .policy = cg_policy_default("(self-test)", err),
                                          .trust = cg_trust_new(),
                                          .credentials = &test->credentials};
    atomic_init(&test->snapshot.references, 1); /* ours, so that the connections never free it */
    test->snapshot.server_trust = test->snapshot.bridge_trust = test->snapshot.trust;
    bool ok = len > 0 && test->snapshot.policy && test->snapshot.trust &&
              cg_trust_add_anchors(test->snapshot.trust, "(self-test)", der, (size_t)len, err);
    OPENSSL_free(der);
    return ok;
}

static struct cg_snapshot *current(void *test)
{
    return &((struct self_test *)test)->snapshot;
}

static int64_t wall_clock(void *test)
{
    (void)test;
    return time(NULL);
}

static int64_t no_clock(void *test)
{
    (void)test;
    return 0;
}

static void accepted(void *argument, struct cg_conn *conn)
{
    struct self_test *test = argument;
    (void)conn;
    test->accepted++;
}

static void rejected(void *argument, struct cg_conn *conn)
{
    struct self_test *test = argument;
    test->rejected++;
    test->reason = conn->reason;
}

static void ended(void *argument, struct cg_conn *conn)
{
    struct self_test *test = argument;
    (void)conn;
    test->ended++;
}

static SSL_CTX *make_context(const SSL_METHOD *method, enum cg_ctx_owner owner, int version)
{
    cg_contexts_force_owner(owner);
    SSL_CTX *ctx = SSL_CTX_new(method);
    cg_contexts_force_owner(CG_CTX_OWNER_UNKNOWN);
    if (ctx && SSL_CTX_set_min_proto_version(ctx, version) && SSL_CTX_set_max_proto_version(ctx, version))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static bool transfers(SSL *from, SSL *to)
{
    char byte = 0;
    return SSL_write(from, "x", 1) == 1 && SSL_read(to, &byte, 1) == 1 && byte == 'x';
}

/* Whether a mark has an effect, leaves no trace, and does not disturb the connection. */
static bool mark_works(SSL *server, SSL *client)
{
    return cg_mark_works(server) && transfers(client, server) && transfers(server, client);
}

static bool handshake(int version, const struct identity *identity)
{
    SSL_CTX *server = make_context(TLS_server_method(), CG_CTX_OWNER_BROKER, version);
    SSL_CTX *client = make_context(TLS_client_method(), CG_CTX_OWNER_FOREIGN, version);
    struct cg_loopback pair;
    bool ok = cg_loopback_open(&pair, server, client) &&
              SSL_use_cert_and_key(pair.client, identity->cert, identity->key, NULL, 1) == 1 &&
              cg_loopback_shake_hands(&pair);
    if (ok) {
        cg_issuers_set_proven(cg_issuers_are_proven() && cg_issuers_are_of(pair.server));
        cg_marks_set_proven(cg_marks_are_proven() && mark_works(pair.server, pair.client));
    }
    cg_loopback_close(&pair);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return ok;
}

/* Runs one handshake. The hook must see it once from start to end, with the right outcome on the wire and in the
 * record. */
static bool run_handshake(struct self_test *test, int version, bool ok, struct cg_error *err)
{
    test->accepted = test->rejected = test->ended = 0;
    test->reason = CG_REASON_UNSET;
    bool done = handshake(version, ok ? &test->ok : &test->bad);
    const char *tls = version == TLS1_3_VERSION ? "1.3" : "1.2";
    if (test->accepted + test->rejected != 1 || test->ended != 1)
        cg_error_set(err,
                     "self-test: the hook did not see a TLS %s handshake of this process; check whether libssl is "
                     "linked into the broker statically, or loaded twice",
                     tls);
    else if (ok && (!done || !test->accepted))
        cg_error_set(err,
                     "self-test: a valid certificate was refused in TLS %s: %s; check whether OpenSSL's configuration "
                     "forbids P-256 or this version",
                     tls, cg_reason_row(test->reason)->code);
    else if (!ok && (done || !test->rejected || cg_reason_row(test->reason)->kind != CG_KIND_RULE))
        cg_error_set(err, "self-test: an invalid certificate was not refused as expected in TLS %s: %s", tls,
                     cg_reason_row(test->reason)->code);
    else
        return true;
    return false;
}

/* The clock must be within the range that certificates can express. */
static bool clock_is_possible(struct cg_error *err)
{
    int64_t now = time(NULL);
    if (now - 60 >= CG_TIME_FIRST && now <= CG_TIME_LAST)
        return true;
    cg_error_set(err,
                 "self-test: the clock of this computer is set to a time %s, at which no certificate is valid; set the "
                 "clock and restart the broker",
                 now > 0 ? "after the year 9999" : "before the year 0");
    return false;
}

bool cg_self_test(struct cg_error *err)
{
    if (!clock_is_possible(err))
        return false;
    struct self_test test = {0};
    const struct cg_hook_handlers ours = {.context = &test,
                                          .snapshot = current,
                                          .now = wall_clock,
                                          .monotonic_ms = no_clock,
                                          .rejected = rejected,
                                          .accepted = accepted,
                                          .ended = ended};
    const struct cg_hook_handlers handlers = cg_handlers_replace(&ours);
    cg_error_set(
        err, "self-test: cannot create certificates; check whether OpenSSL's configuration disables P-256 or SHA-256");
    cg_marks_set_proven(true);
    cg_issuers_set_proven(true);
    bool ok = make_certificates(&test) && make_snapshot(&test, err) &&
              run_handshake(&test, TLS1_3_VERSION, true, err) && run_handshake(&test, TLS1_3_VERSION, false, err) &&
              run_handshake(&test, TLS1_2_VERSION, true, err) && run_handshake(&test, TLS1_2_VERSION, false, err);
    (void)cg_handlers_replace(&handlers);
    cg_issuers_forget();
    cg_policy_free(test.snapshot.policy);
    cg_trust_free(test.snapshot.trust);
    identity_clear(&test.ca);
    identity_clear(&test.impostor);
    identity_clear(&test.server);
    identity_clear(&test.ok);
    identity_clear(&test.bad);
    if (ok)
        cg_error_set(err, "%s", "");
    return ok;
}
