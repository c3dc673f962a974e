/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A connection is refused at more than one place. These tests reach each place alone. */
#include "tls_fixture.h"

#include "tls/conn/record.h"
#include "tls/handshake.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
#define NVERSIONS (sizeof versions / sizeof *versions)

static struct tls_link link;
static SSL_CTX *server, *client;

static void begin(int version, const char *certificate)
{
    memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
    server = tls_broker_context(&shared_fixture, "server");
    client = tls_peer_context(&shared_fixture, version, version, certificate);
    tls_connect(&link, server, client);
}

static void end(void)
{
    tls_disconnect(&link);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* A connection is refused during its handshake, and the handshake continues. */
static void refused_meanwhile(const char *certificate)
{
    for (size_t i = 0; i < NVERSIONS; i++) {
        begin(versions[i], certificate);
        tls_step(&link); /* the hellos */
        assert_non_null(cg_hook_first());
        cg_conn_set_reason(cg_hook_first(), CG_REASON_HANDSHAKE_TIMEOUT, "by the test");
        tls_run(&link);
        assert_int_equal(shared_fixture.calls.accepted, 0);
        assert_int_equal(shared_fixture.calls.rejected, 1);
        assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_HANDSHAKE_TIMEOUT);
        end();
    }
}

static void a_refused_client_stays_refused_with_a_good_certificate(void **state)
{
    (void)state;
    refused_meanwhile("good");
}

static void a_refused_client_stays_refused_without_a_certificate(void **state)
{
    (void)state;
    shared_fixture.policy->base.client.certificate = CG_CERT_OPTIONAL;
    refused_meanwhile(NULL);
}

/* A bridge whose settings OpenSSL rejects does not continue, although the other broker's certificate is valid. */
static void a_bridge_without_settings_does_not_finish(void **state)
{
    (void)state;
    for (size_t i = 0; i < NVERSIONS; i++) {
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        shared_fixture.policy->bridge_tls.ciphers = "NO-SUCH-CIPHER";
        tls_new_snapshot(&shared_fixture);
        SSL_CTX *bridge = tls_bridge_context(&shared_fixture, "good");
        SSL_CTX *remote = tls_peer_context(&shared_fixture, versions[i], versions[i], "server");
        SSL_CTX_set_verify(remote, SSL_VERIFY_NONE, NULL);
        tls_connect(&link, remote, bridge);
        tls_run(&link);
        assert_false(link.server_done);
        assert_int_equal(shared_fixture.calls.accepted, 0);
        assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_INTERNAL_ERROR);
        tls_disconnect(&link);
        SSL_CTX_free(bridge);
        SSL_CTX_free(remote);
    }
}

/* Another verify callback replaces ours in the SSL_CTX. */
static int yes(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static void a_client_that_we_did_not_verify_is_refused(void **state)
{
    (void)state;
    static const char *const certificates[] = {"good", "stranger"};
    for (size_t i = 0; i < NVERSIONS; i++) {
        begin(versions[i], certificates[i]);
        SSL_CTX_set_cert_verify_callback(server, yes, NULL);
        tls_disconnect(&link);
        tls_connect(&link, server, client);
        tls_run(&link);
        assert_int_equal(shared_fixture.calls.accepted, 0);
        end();
    }
}

/* The hook does not see what another thread does with the broker's SSLs, so it is refused. */
static void *run_on_another_thread(void *unused)
{
    tls_run(&link);
    return unused;
}

static void a_handshake_that_moves_to_another_thread_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < NVERSIONS; i++) {
        pthread_t thread;
        begin(versions[i], "good");
        tls_step(&link);
        assert_int_equal(pthread_create(&thread, NULL, run_on_another_thread, NULL), 0);
        pthread_join(thread, NULL);
        assert_false(link.server_done);
        assert_int_equal(shared_fixture.calls.accepted, 0);
        end();
    }
}

/* OpenSSL reports another start when keys change: the connection keeps the snapshot that it began with. */
static void a_change_of_keys_is_no_new_handshake(void **state)
{
    (void)state;
    char byte = 0;
    begin(TLS1_3_VERSION, "good");
    tls_run(&link);
    assert_true(link.server_done);
    struct cg_snapshot *first = cg_hook_first()->snapshot;
    assert_non_null(first);
    shared_fixture.current = NULL; /* would be taken by a new handshake */
    assert_int_equal(SSL_key_update(link.client, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_write(link.client, "x", 1), 1);
    assert_int_equal(SSL_read(link.server, &byte, 1), 1);
    assert_int_equal(SSL_write(link.server, "y", 1), 1);
    assert_int_equal(SSL_read(link.client, &byte, 1), 1);
    assert_ptr_equal(cg_hook_first()->snapshot, first);
    cg_handshake_info(link.server, SSL_CB_HANDSHAKE_START,
                      1); /* nor is a renegotiation, which other versions tell of */
    assert_ptr_equal(cg_hook_first()->snapshot, first);
    assert_int_equal(cg_hook_first()->reason, CG_REASON_UNSET);
    shared_fixture.current = &shared_fixture.snapshot;
    end();
}

/* Our certificate is not sent if no snapshot is loaded. */
static void a_client_refused_at_once_gets_no_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < NVERSIONS; i++) {
        shared_fixture.current = NULL;
        begin(versions[i], "good");
        SSL_up_ref(link.client);
        SSL *kept = link.client;
        tls_run(&link);
        assert_false(link.server_done);
        assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_NO_SNAPSHOT);
        assert_null(SSL_get0_peer_certificate(kept));
        SSL_free(kept);
        shared_fixture.current = &shared_fixture.snapshot;
        end();
    }
}

/* TLS allows 64 KiB for the message with the list of names; the list uses at most a quarter of it, or is empty. */
static int names_announced(int anchors)
{
    char recipe[400];
    struct cg_error err = {""};
    struct cg_trust *trust = cg_trust_new(), *before = shared_fixture.snapshot.trust;
    char *pem = cg_pki_pem(shared_fixture.pki, "ca");
    size_t mark = cg_pki_mark(shared_fixture.pki);
    assert_true(cg_trust_add_anchors(trust, "(test)", pem, strlen(pem), &err));
    free(pem);
    for (int i = 0; i < anchors; i++) {
        snprintf(recipe, sizeof recipe, "many: ca subject=/O=%060d/OU=%060d/CN=%05d\n", 0, 0, i);
        cg_pki_make(shared_fixture.pki, recipe);
        pem = cg_pki_pem(shared_fixture.pki, "many");
        cg_pki_rewind(shared_fixture.pki, mark);
        assert_true(cg_trust_add_anchors(trust, "(test)", pem, strlen(pem), &err));
        free(pem);
    }
    shared_fixture.snapshot.trust = trust;
    tls_new_snapshot(&shared_fixture);
    begin(TLS1_3_VERSION, "good");
    SSL_up_ref(link.client);
    SSL *kept = link.client;
    tls_run(&link);
    assert_true(link.server_done);
    int count = sk_X509_NAME_num(SSL_get0_peer_CA_list(kept));
    SSL_free(kept);
    end();
    shared_fixture.snapshot.trust = before;
    cg_trust_free(trust);
    return count;
}

static void a_long_list_of_cas_is_not_announced(void **state)
{
    (void)state;
    assert_int_equal(names_announced(50), 51);
    assert_true(names_announced(150) <= 0); /* none: 150 names of about 160 octets */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, tls_setup, tls_teardown)

/* A client that compresses its chain (RFC 8879) sends it as it is: the limit on its bytes holds for what arrives. Only
 * OpenSSL 3.2 and later have it; its functions are looked up, so that a build for 3.0 tests it with a later one too. */
static void no_compressed_certificates(void **state)
{
    (void)state;
    union {
        void *symbol;
        int (*call)(SSL_CTX *ctx, int algorithm);
    } compress = {dlsym(RTLD_DEFAULT, "SSL_CTX_compress_certs")};
    char recipe[10000] = "wide: issuer=ca key=@good san=";
    for (int i = 0; i < 200; i++)
        snprintf(recipe + strlen(recipe), sizeof recipe - strlen(recipe), "%sdns:device-%03d.plant.example",
                 i ? "," : "", i);
    cg_pki_make(shared_fixture.pki, recipe);
    begin(TLS1_3_VERSION, "wide");
    bool compresses = compress.symbol && compress.call(client, 0) > 0;
    print_message("   certificates are %scompressed by this OpenSSL\n", compresses ? "" : "not ");
    tls_run(&link);
    assert_true(link.server_done);
    assert_true(SSL_get_options(link.server) & (uint64_t)1 << 33);
    int length = i2d_X509(cg_pki_cert(shared_fixture.pki, "wide"), NULL);
    assert_true(BIO_number_read(SSL_get_rbio(link.server)) > (uint64_t)length);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_refused_client_stays_refused_with_a_good_certificate),
        CASE(a_refused_client_stays_refused_without_a_certificate),
        CASE(a_bridge_without_settings_does_not_finish),
        CASE(a_client_that_we_did_not_verify_is_refused),
        CASE(a_handshake_that_moves_to_another_thread_fails),
        CASE(a_change_of_keys_is_no_new_handshake),
        CASE(a_client_refused_at_once_gets_no_certificate),
        CASE(a_long_list_of_cas_is_not_announced),
        CASE(no_compressed_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
