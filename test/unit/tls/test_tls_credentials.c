/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A listener with several credentials: each client gets the one that it supports, with its chain. */
#include "core/cert/name.h"
#include "tls_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RSA_1_3 "rsa_pss_rsae_sha256"
#define RSA_1_2 "rsa_pss_rsae_sha256:RSA+SHA256"
#define EC      "ECDSA+SHA256:ECDSA+SHA384"

static struct cg_credential credentials[2]; /* ec, rsa */
static struct cg_credentials served;

static void fill(struct cg_credential *out, const char *name, STACK_OF(X509) *chain)
{
    *out = (struct cg_credential){
        .leaf = cg_pki_cert(shared_fixture.pki, name), .key = cg_pki_key(shared_fixture.pki, name), .chain = chain};
}

static int setup(void **state)
{
    if (tls_setup(state) != 0)
        return -1;
    cg_pki_make(shared_fixture.pki, "mid: ca issuer=ca\n"
                                    "ec: server issuer=ca\n"
                                    "rsa: server issuer=mid key=rsa2048\n"
                                    "rsaclient: issuer=ca key=rsa2048\n");
    STACK_OF(X509) *chain = sk_X509_new_null();
    if (!chain || !sk_X509_push(chain, cg_pki_cert(shared_fixture.pki, "mid")))
        return -1;
    fill(&credentials[0], "ec", NULL);
    fill(&credentials[1], "rsa", chain);
    return 0;
}

static int teardown(void **state)
{
    sk_X509_free(credentials[1].chain);
    return tls_teardown(state);
}

static void serve(bool rsa_first)
{
    served = (struct cg_credentials){.item = {&credentials[rsa_first], &credentials[!rsa_first]}, .count = 2};
    shared_fixture.snapshot.credentials = &served;
    tls_new_snapshot(&shared_fixture);
}

/* The signatures that the client accepts. Its own certificate has an RSA key. */
static bool offer(SSL_CTX *client, const char *signatures)
{
    return SSL_CTX_set1_sigalgs_list(client, signatures) == 1 && SSL_CTX_set1_client_sigalgs_list(client, RSA_1_2) == 1;
}

/* The handshake's certificate as "ec" or "rsa mid"; "": refused. */
static const char *served_to(SSL_CTX *server, SSL_CTX *client)
{
    static char names[64];
    struct tls_link link;
    names[0] = '\0';
    tls_connect(&link, server, client);
    tls_run(&link);
    STACK_OF(X509) *chain = link.client && link.server_done ? SSL_get_peer_cert_chain(link.client) : NULL;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        char name[32] = "";
        cg_name_text(X509_get_subject_name(sk_X509_value(chain, i)), name, sizeof name);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? " " : "", name + strlen("CN="));
    }
    tls_disconnect(&link);
    return names;
}

/* By what the client offers, whatever the order in the policy, and whether the client's or the server's preference
 * counts. */
static void by_what_the_client_offers(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        int version;
        const char *ciphers, *groups, *signatures, *names;
    } rows[] = {
        {"both", TLS1_3_VERSION, NULL, NULL, NULL, "ec"},
        {"both, TLS 1.2", TLS1_2_VERSION, NULL, NULL, NULL, "ec"},
        {"RSA signatures", TLS1_3_VERSION, NULL, NULL, RSA_1_3, "rsa mid"},
        {"RSA signatures, TLS 1.2", TLS1_2_VERSION, NULL, NULL, RSA_1_2, "rsa mid"},
        {"RSA with PKCS #1 alone, TLS 1.2", TLS1_2_VERSION, NULL, NULL, "RSA+SHA256", "rsa mid"},
        {"RSA suites, TLS 1.2", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL, NULL, "rsa mid"},
        {"RSA suites and signatures, TLS 1.2", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL, RSA_1_2, "rsa mid"},
        {"ECDSA signatures", TLS1_3_VERSION, NULL, NULL, EC, "ec"},
        {"ECDSA signatures, TLS 1.2", TLS1_2_VERSION, NULL, NULL, EC, "ec"},
        {"ECDSA suites, TLS 1.2", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, NULL, "ec"},
        {"another curve, TLS 1.2", TLS1_2_VERSION, NULL, "X25519", NULL, "rsa mid"},
        {"neither", TLS1_3_VERSION, NULL, NULL, "ed25519", ""},
        {"neither, TLS 1.2", TLS1_2_VERSION, NULL, NULL, "ed25519", ""},
        {"suites and signatures that do not match, TLS 1.2", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL, EC,
         ""},
    };
    for (size_t i = 0; i < 4 * (sizeof rows / sizeof *rows); i++) {
        size_t row = i / 4;
        bool rsa_first = i & 1, servers = i & 2;
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, rows[row].version, rows[row].version, "rsaclient");
        if (servers)
            SSL_CTX_set_options(server, SSL_OP_CIPHER_SERVER_PREFERENCE);
        assert_true(!rows[row].ciphers || SSL_CTX_set_cipher_list(client, rows[row].ciphers) == 1);
        assert_true(!rows[row].groups || SSL_CTX_set1_groups_list(client, rows[row].groups) == 1);
        assert_true(!rows[row].signatures || offer(client, rows[row].signatures));
        serve(rsa_first);
        const char *names = served_to(server, client);
        if (strcmp(names, rows[row].names) != 0)
            fail_msg("%s, %s first%s: served '%s'", rows[row].sentence, rsa_first ? "RSA" : "EC",
                     servers ? ", the server's preference" : "", names);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* What the event says if a client supports none of those that are served. That of mosquitto.conf, which is EC, is not. */
static void a_client_that_supports_neither(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *signatures;
        size_t served;
        const char *key;
    } rows[] = {
        {TLS1_3_VERSION, "ed25519", 2, "RSA or EC"},  {TLS1_2_VERSION, "ed25519", 2, "RSA or EC"},
        {TLS1_2_VERSION, "RSA+SHA1", 2, "RSA or EC"}, {TLS1_3_VERSION, "ed25519", 1, "RSA"},
        {TLS1_2_VERSION, "RSA+SHA1", 1, "RSA"},
    };
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SSL_CTX *client = tls_peer_context(&shared_fixture, rows[i].version, rows[i].version, "rsaclient");
        const char *detail = shared_fixture.calls.last.detail, *key;
        SSL_CTX_set_security_level(client, 0); /* for SHA-1 */
        serve(true);
        served.count = rows[i].served;
        assert_true(offer(client, rows[i].signatures));
        assert_string_equal(served_to(server, client), "");
        if (!(key = strstr(detail, "which is ")) || strcmp(key + strlen("which is "), rows[i].key) != 0)
            fail_msg("number %zu: %s", i, detail);
        assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_NO_COMMON_SIGNATURE);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

/* One that was loaded outside its validity holds back only the clients that support no other. */
static void one_on_hold(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "rsaclient"),
            *ec_only = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "rsaclient");
    assert_true(offer(ec_only, EC));
    cg_pki_make(shared_fixture.pki, "late: server issuer=ca days=-20..-10");
    fill(&credentials[0], "late", NULL);
    cg_credential_hold(&credentials[0]);
    serve(false);
    assert_string_equal(served_to(server, client), "rsa mid");
    assert_string_equal(served_to(server, ec_only), "");
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
    assert_non_null(strstr(shared_fixture.calls.last.detail, "needs the broker's EC certificate, which is not served"));
    cg_credential_hold(&credentials[1]); /* which the rules accept */
    assert_string_equal(served_to(server, client), "rsa mid");
    served.count = 1;
    assert_string_equal(served_to(server, client), "");
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
    assert_non_null(strstr(shared_fixture.calls.last.detail, "expired"));
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    SSL_CTX_free(ec_only);
}

/* mosquitto.conf may require stronger keys than the policy. */
static void one_too_weak_for_the_listener(void **state)
{
    (void)state;
    static const struct {
        int version;
        const char *signatures, *names;
    } rows[] = {
        {TLS1_3_VERSION, EC, "ec"},
        {TLS1_2_VERSION, EC, "ec"},
        {TLS1_3_VERSION, RSA_1_3, ""},
        {TLS1_2_VERSION, RSA_1_2, ""},
    };
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX_set_security_level(server, 3);
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        SSL_CTX *client = tls_peer_context(&shared_fixture, rows[i / 2].version, rows[i / 2].version, "good");
        assert_int_equal(SSL_CTX_set1_sigalgs_list(client, rows[i / 2].signatures), 1);
        serve(i & 1);
        assert_string_equal(served_to(server, client), rows[i / 2].names);
        if (!*rows[i / 2].names) {
            assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
            assert_non_null(
                strstr(shared_fixture.calls.last.detail, "RSA certificate, which is not served: ee key too"));
        }
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_what_the_client_offers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_supports_neither, setup, teardown),
        cmocka_unit_test_setup_teardown(one_on_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(one_too_weak_for_the_listener, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
