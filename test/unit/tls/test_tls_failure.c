/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Handshakes that fail before or beside the check of the certificate: each gives one rejected() with its reason. */
#include "tls_fixture.h"

#include <openssl/param_build.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Text that the detail and the fix must contain; NULL: not checked. */
static void expect_text(const char *detail, const char *fix)
{
    if (detail && !strstr(shared_fixture.calls.last.detail, detail))
        fail_msg("expected '%s' in '%s'", detail, shared_fixture.calls.last.detail);
    if (fix && (!shared_fixture.calls.last.fix || !strstr(shared_fixture.calls.last.fix, fix)))
        fail_msg("expected '%s' in '%s'", fix,
                 shared_fixture.calls.last.fix ? shared_fixture.calls.last.fix : "the reason's own fix");
}

static void expect_rejected_once(const char *sentence, enum cg_reason reason)
{
    print_message("   %s: %s, %s\n", sentence, cg_reason_row(shared_fixture.calls.last.reason)->code,
                  shared_fixture.calls.last.detail);
    assert_int_equal(shared_fixture.calls.rejected, 1);
    assert_int_equal(shared_fixture.calls.accepted, 0);
    assert_int_equal(shared_fixture.calls.last.reason, reason);
    assert_true(shared_fixture.calls.last.detail[0]);
    assert_int_equal(shared_fixture.calls.ended, 1);
    assert_null(cg_hook_first());
    memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
}

struct raw {
    const char *sentence, *bytes;
    size_t len;
    enum cg_reason reason;
};

#define BYTES(text) text, sizeof text - 1

static const struct raw raws[] = {
    {"nothing", BYTES(""), CG_REASON_PEER_GONE},
    {"half a record header", BYTES("\x16\x03\x01"), CG_REASON_PEER_GONE},
    {"a record that does not end", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), CG_REASON_PEER_GONE},
    {"MQTT 3.1.1",
     BYTES("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04"
           "dev1"),
     CG_REASON_PLAIN_MQTT},
    {"MQTT 3.1",
     BYTES("\x10\x12\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x04"
           "dev1"),
     CG_REASON_PLAIN_MQTT},
    {"HTTP GET", BYTES("GET /mqtt HTTP/1.1\r\n\r\n"), CG_REASON_PLAIN_HTTP},
    {"HTTP OPTIONS", BYTES("OPTIONS * HTTP/1.1\r\n\r\n"), CG_REASON_PLAIN_HTTP},
    {"HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), CG_REASON_PLAIN_HTTP},
    {"HTTP CONNECT", BYTES("CONNECT example.org:443 HTTP/1.1\r\n\r\n"), CG_REASON_PLAIN_HTTP},
    {"zeros", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0"), CG_REASON_GARBAGE},
    {"SSH", BYTES("SSH-2.0-OpenSSH_9.2\r\n"), CG_REASON_GARBAGE},
    {"a record of an unknown type", BYTES("\x63\x03\x01\x00\x04\x01\x02\x03\x04"), CG_REASON_GARBAGE},
    {"application data first", BYTES("\x17\x03\x03\x00\x04\x01\x02\x03\x04"), CG_REASON_GARBAGE},
    {"an alert first", BYTES("\x15\x03\x01\x00\x02\x02\x28"), CG_REASON_PEER_ALERT},
    {"a ClientHello of garbage", BYTES("\x16\x03\x01\x00\x08\x01\x00\x00\x04\xff\xff\xff\xff"), CG_REASON_GARBAGE},
    {"SSL 2",
     BYTES("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05"
           "\x00\x80\x06\x00\x40\x07\x00\xc0\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"),
     CG_REASON_NO_COMMON_VERSION},
};

static void bytes_that_are_not_tls(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
        struct tls_link link;
        tls_connect(&link, server, NULL);
        assert_int_equal(write(link.fd[1], raws[i].bytes, raws[i].len), raws[i].len);
        tls_run(&link);
        shutdown(link.fd[1], SHUT_WR);
        tls_run(&link);
        tls_disconnect(&link);
        expect_rejected_once(raws[i].sentence, raws[i].reason);
    }
    SSL_CTX_free(server);
}

struct mismatch {
    const char *sentence;
    int min, max; /* the client's TLS versions */
    const char *ciphers, *suites, *groups, *signatures;
    const char *policy_ciphers, *policy_suites, *policy_groups;
    int policy_min;
    enum cg_reason reason;
    const char *detail, *fix; /* part of the text; NULL: not checked */
};

static const struct mismatch mismatches[] = {
    {"a client that knows TLS 1.1 at most", TLS1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0", NULL, NULL, NULL, NULL,
     NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_VERSION, "at most TLS 1.1; the lowest version here is TLS 1.2",
     NULL},
    {"a client of TLS 1.2 and a policy that requires 1.3", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, TLS1_3_VERSION, CG_REASON_NO_COMMON_VERSION, "at most TLS 1.2; the lowest version here is TLS 1.3",
     NULL},
    {"a client of TLS 1.3 alone where the broker has 1.2", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_VERSION, "only TLS 1.3", "tls_version"},
    {"a client without forward secrecy", TLS1_2_VERSION, TLS1_2_VERSION, "AES128-SHA", NULL, NULL, NULL, NULL, NULL,
     NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_CIPHER, NULL, "Update the client"},
    {"suites for RSA certificates only, where ours is EC", TLS1_2_VERSION, TLS1_2_VERSION,
     "ECDHE-RSA-AES128-GCM-SHA256", NULL, NULL, NULL, NULL, NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_CIPHER,
     "for RSA certificates only", "--key-type rsa3072"},
    {"signatures that our key cannot make, TLS 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL,
     "rsa_pss_rsae_sha256:RSA+SHA256", NULL, NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_CIPHER,
     "for RSA certificates only", "--key-type rsa3072"},
    {"another group than the policy's, TLS 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "X25519:P-256", NULL, NULL,
     NULL, "P-384", TLS1_2_VERSION, CG_REASON_NO_COMMON_GROUP, "group", NULL},
    {"groups without the curve of our key, TLS 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, "X25519", NULL, NULL,
     NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_SIGNATURE, "prime256v1", "offer that curve"},
    {"another TLS 1.2 cipher than the policy's", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL,
     NULL, NULL, "ECDHE-ECDSA-AES256-GCM-SHA384", NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_CIPHER,
     "the client offers ECDHE-ECDSA-AES128-GCM-SHA256", NULL},
    {"another TLS 1.3 cipher suite than the policy's", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_AES_128_GCM_SHA256",
     NULL, NULL, NULL, "TLS_AES_256_GCM_SHA384", NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_CIPHER, NULL,
     "tls.ciphersuites"},
    {"another group than the policy's, TLS 1.3", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "X25519", NULL, NULL, NULL,
     "P-384", TLS1_2_VERSION, CG_REASON_NO_COMMON_GROUP, NULL, NULL},
    {"signatures that our key cannot make, TLS 1.3", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL,
     "rsa_pss_rsae_sha256", NULL, NULL, NULL, TLS1_2_VERSION, CG_REASON_NO_COMMON_SIGNATURE, "which is EC",
     "--key-type rsa3072"},
};

static void nothing_in_common(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mismatches / sizeof *mismatches; i++) {
        const struct mismatch *row = &mismatches[i];
        struct tls_link link;
        struct cg_tls_policy *tls = &shared_fixture.policy->base.tls, before = *tls;
        tls->ciphers = row->policy_ciphers;
        tls->ciphersuites = row->policy_suites;
        tls->groups = row->policy_groups;
        tls->min_version = row->policy_min;
        tls_new_snapshot(&shared_fixture);
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, row->min, row->max, "good");
        if (row->detail && strstr(row->detail, "only TLS 1.3"))
            SSL_CTX_set_options(server, SSL_OP_NO_TLSv1_3);
        assert_true(!row->ciphers || SSL_CTX_set_cipher_list(client, row->ciphers) == 1);
        assert_true(!row->suites || SSL_CTX_set_ciphersuites(client, row->suites) == 1);
        assert_true(!row->groups || SSL_CTX_set1_groups_list(client, row->groups) == 1);
        assert_true(!row->signatures || SSL_CTX_set1_sigalgs_list(client, row->signatures) == 1);
        tls_connect(&link, server, client);
        tls_run(&link);
        tls_disconnect(&link);
        expect_text(row->detail, row->fix);
        expect_rejected_once(row->sentence, row->reason);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
        *tls = before;
    }
}

static unsigned give_key(SSL *ssl, const char *fix, char *identity, unsigned identity_len, unsigned char *key,
                         unsigned key_len)
{
    (void)ssl, (void)fix, (void)key_len;
    snprintf(identity, identity_len, "gate");
    memset(key, 7, 16);
    return 16;
}

static unsigned find_no_key(SSL *ssl, const char *identity, unsigned char *key, unsigned key_len)
{
    (void)ssl, (void)identity, (void)key, (void)key_len;
    return 0;
}

static unsigned find_other_key(SSL *ssl, const char *identity, unsigned char *key, unsigned key_len)
{
    (void)ssl, (void)identity, (void)key_len;
    memset(key, 8, 16);
    return 16;
}

static const struct psk {
    const char *sentence;
    int version;
    const char *certificate; /* the broker's; NULL: a port for keys alone */
    bool allowed, offered;
    SSL_psk_server_cb_func find;
    enum cg_reason reason;
} psks[] = {
    {"a key that the policy does not allow, TLS 1.3", TLS1_3_VERSION, "server", false, true, find_other_key,
     CG_REASON_PSK_NOT_ALLOWED},
    {"the same without a certificate of the broker", TLS1_3_VERSION, NULL, false, true, find_other_key,
     CG_REASON_PSK_NOT_ALLOWED},
    {"an unknown identity, TLS 1.2", TLS1_2_VERSION, NULL, true, true, find_no_key, CG_REASON_PSK_UNKNOWN},
    {"an unknown identity, TLS 1.3", TLS1_3_VERSION, NULL, true, true, find_no_key, CG_REASON_PSK_UNKNOWN},
    {"an unknown identity beside a certificate of the broker", TLS1_3_VERSION, "server", true, true, find_no_key,
     CG_REASON_PSK_UNKNOWN},
    {"another key, TLS 1.2", TLS1_2_VERSION, NULL, true, true, find_other_key, CG_REASON_PSK_UNKNOWN},
    {"another key, TLS 1.3", TLS1_3_VERSION, NULL, true, true, find_other_key, CG_REASON_PSK_UNKNOWN},
    {"no key where only keys are taken, TLS 1.2", TLS1_2_VERSION, NULL, true, false, find_other_key,
     CG_REASON_NO_CREDENTIAL},
    {"no key where only keys are taken, TLS 1.3", TLS1_3_VERSION, NULL, true, false, find_other_key,
     CG_REASON_NO_CREDENTIAL},
};

static void keys_that_do_not_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof psks / sizeof *psks; i++) {
        struct tls_link link;
        shared_fixture.policy->base.tls.psk_allowed = psks[i].allowed;
        tls_new_snapshot(&shared_fixture);
        SSL_CTX *server = tls_broker_context(&shared_fixture, psks[i].certificate);
        SSL_CTX *client = tls_peer_context(&shared_fixture, psks[i].version, psks[i].version, NULL);
        SSL_CTX_set_psk_server_callback(server, psks[i].find);
        if (psks[i].offered)
            SSL_CTX_set_psk_client_callback(client, give_key);
        tls_connect(&link, server, client);
        tls_run(&link);
        tls_disconnect(&link);
        expect_rejected_once(psks[i].sentence, psks[i].reason);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* The policy's lists hold for the first connection of an SSL_CTX, and for what comes after a new snapshot. */
static void settings_follow_the_snapshot(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", NULL};
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    for (size_t i = 0; i < 3; i++) {
        struct tls_link link;
        shared_fixture.policy->base.tls.ciphersuites = suites[i];
        tls_new_snapshot(&shared_fixture);
        tls_connect(&link, server, client);
        tls_run(&link);
        assert_true(link.server_done && link.client_done);
        assert_string_equal(SSL_get_cipher_name(link.client), suites[i] ? suites[i] : "TLS_AES_256_GCM_SHA384");
        assert_true(sk_X509_NAME_num(SSL_get0_peer_CA_list(link.client)) == 1);
        tls_disconnect(&link);
    }
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void the_client_does_not_trust_us(void **state)
{
    (void)state;
    shared_fixture.policy->base.server.mode[CG_REASON_UNTRUSTED] = CG_OFF;
    for (size_t i = 0; i < 2; i++) {
        struct tls_link link;
        tls_serve_policy_credential(&shared_fixture, "strangeserver");
        SSL_CTX *server = tls_broker_context(&shared_fixture, NULL);
        SSL_CTX *client = tls_peer_context(&shared_fixture, versions[i], versions[i], "good");
        tls_connect(&link, server, client);
        tls_run(&link);
        tls_disconnect(&link);
        expect_rejected_once("a client that does not know our CA", CG_REASON_PEER_UNTRUSTS_US);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

static void the_client_says_expired(void **state)
{
    (void)state;
    struct tls_link link;
    tls_serve_policy_credential(&shared_fixture, "server");
    SSL_CTX *server = tls_broker_context(&shared_fixture, NULL);
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(client), (time_t)(shared_fixture.now + 200 * 86400));
    tls_connect(&link, server, client);
    tls_run(&link);
    tls_disconnect(&link);
    expect_rejected_once("a client whose clock is ahead by longer than the certificate lasts",
                         CG_REASON_PEER_SAYS_EXPIRED);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* The public half of one key with the private half of another: OpenSSL sees that it fits the certificate. */
static EVP_PKEY *forged_key(EVP_PKEY *public, EVP_PKEY *private)
{
    unsigned char point[200];
    size_t len = 0;
    BIGNUM *secret = NULL;
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_get_octet_string_param(public, "pub", point, sizeof point, &len), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(private, "priv", &secret), 1);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_true(OSSL_PARAM_BLD_push_utf8_string(build, "group", "P-256", 0) &&
                OSSL_PARAM_BLD_push_octet_string(build, "pub", point, len) &&
                OSSL_PARAM_BLD_push_BN(build, "priv", secret));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(secret);
    return key;
}

/* A thief has the certificate, but not its key. */
static void a_certificate_without_its_key(void **state)
{
    (void)state;
    EVP_PKEY *key = forged_key(cg_pki_key(shared_fixture.pki, "good"), cg_pki_key(shared_fixture.pki, "stranger"));
    for (size_t i = 0; i < 2; i++) {
        struct tls_link link;
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, versions[i], versions[i], NULL);
        assert_int_equal(SSL_CTX_use_cert_and_key(client, cg_pki_cert(shared_fixture.pki, "good"), key, NULL, 1), 1);
        tls_connect(&link, server, client);
        tls_run(&link);
        tls_disconnect(&link);
        expect_rejected_once("a stolen certificate", CG_REASON_BAD_CERTIFICATE_PROOF);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
    EVP_PKEY_free(key);
}

static void a_chain_that_is_too_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tls_link link;
        shared_fixture.policy->base.client.max_chain_bytes = 300;
        shared_fixture.policy->base.client.max_chain = 1;
        tls_new_snapshot(&shared_fixture);
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, versions[i], versions[i], "good");
        tls_connect(&link, server, client);
        tls_run(&link);
        tls_disconnect(&link);
        expect_rejected_once("more bytes of certificates than allowed", CG_REASON_CHAIN_TOO_LARGE);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* A hello that is good, and then records that no TLS library sends. */
static const struct late {
    const char *sentence, *head; /* of a record; 0x41 follows */
    size_t len;                  /* of all */
    enum cg_reason reason;
    const char *detail;
} lates[] = {
    {"a message that cannot be read after a good hello", "\x16\x03\x03\x00\x09\x0b\x00\x00\x05\x00\x00\x09", 14,
     CG_REASON_HANDSHAKE_FAILED, ""},
    {"a record longer than the client said", "\x16\x03\x03\x03\x00\x0b\x00\x02\xfc", 773, CG_REASON_HANDSHAKE_FAILED,
     "512"},
    {"a record longer than TLS has", "\x16\x03\x03\xff\xff\x0b\x00\x02\xfc", 2000, CG_REASON_HANDSHAKE_FAILED, "512"},
};

static void invalid_records_after_the_hello(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lates / sizeof *lates; i++) {
        struct tls_link link;
        char bytes[2000];
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_2_VERSION, "good");
        SSL_CTX_set_tlsext_max_fragment_length(client, TLSEXT_max_fragment_length_512);
        tls_connect(&link, server, client);
        SSL_do_handshake(link.client);
        SSL_do_handshake(link.server);
        memset(bytes, 0x41, sizeof bytes);
        memcpy(bytes, lates[i].head, lates[i].len < 20 ? 12 : 9);
        assert_int_equal(write(link.fd[1], bytes, lates[i].len), lates[i].len);
        SSL_do_handshake(link.server);
        tls_disconnect(&link);
        expect_text(lates[i].detail, NULL);
        expect_rejected_once(lates[i].sentence, lates[i].reason);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

static void the_peer_goes_away(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    tls_connect(&link, server, client);
    tls_step(&link); /* ClientHello in, our flight out */
    tls_end(&link.client, &link.fd[1]);
    tls_run(&link);
    tls_disconnect(&link);
    expect_rejected_once("closed in the middle", CG_REASON_PEER_GONE);

    struct linger reset = {.l_onoff = 1};
    tls_connect(&link, server, client);
    tls_step(&link);
    setsockopt(link.fd[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    tls_end(&link.client, &link.fd[1]);
    tls_run(&link);
    tls_disconnect(&link);
    expect_rejected_once("reset in the middle", CG_REASON_PEER_GONE);

    tls_connect(&link, server, NULL);
    tls_step(&link);
    tls_disconnect(&link);
    expect_rejected_once("the broker ends it while it waits", CG_REASON_PEER_GONE);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

static void the_deadline(void **state)
{
    (void)state;
    struct tls_link first, second;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    assert_int_equal(cg_hook_tick(), -1);
    shared_fixture.policy->base.tls.handshake_timeout_ms = 10000;
    tls_connect(&first, server, NULL);
    tls_step(&first);
    shared_fixture.monotonic_ms += 4000;
    tls_connect(&second, server, NULL);
    tls_step(&second);
    assert_int_equal(cg_hook_tick(), 6000);
    shared_fixture.monotonic_ms += 5999;
    assert_int_equal(cg_hook_tick(), 1);
    assert_int_equal(shared_fixture.calls.rejected, 0);
    shared_fixture.monotonic_ms += 1;
    assert_int_equal(cg_hook_tick(), 4000);
    assert_int_equal(shared_fixture.calls.rejected, 1);
    tls_run(&first); /* the broker sees the end of the socket */
    assert_true(first.server_failed);
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_HANDSHAKE_TIMEOUT);
    assert_int_equal(shared_fixture.calls.rejected, 1);
    tls_disconnect(&second);
    tls_disconnect(&first);
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_PEER_GONE);
    assert_int_equal(shared_fixture.calls.rejected, 2);
    assert_int_equal(shared_fixture.calls.ended, 2);
    SSL_CTX_free(server);
}

/* An aborted handshake stays refused, even if its last flight is in our socket already and no certificate is
 * requested, so that nothing but the cut itself could refuse it. */
static void aborted_at_the_last_moment(void **state)
{
    (void)state;
    shared_fixture.policy->base.client.certificate = CG_CERT_NONE;
    for (size_t i = 0; i < 2; i++) {
        struct tls_link link;
        char byte = 0x10;
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, versions[i], versions[i], NULL);
        tls_connect(&link, server, client);
        SSL_do_handshake(link.client);
        SSL_do_handshake(link.server);
        SSL_do_handshake(link.client);
        SSL_write(link.client, &byte, 1);
        shared_fixture.monotonic_ms += 60000;
        assert_int_equal(cg_hook_tick(), -1);
        int rc = SSL_read(link.server, &byte, 1);
        assert_true(rc <= 0 && SSL_get_error(link.server, rc) != SSL_ERROR_WANT_READ);
        tls_disconnect(&link);
        expect_rejected_once("cut when its last flight was there", CG_REASON_HANDSHAKE_TIMEOUT);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

/* A flood from one address aborts its own handshakes; the oldest handshake of all, from another address, stays. */
static void a_flood(void **state)
{
    (void)state;
    struct tls_link good, flood[20];
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    shared_fixture.policy->base.tls.max_handshakes = 5;
    tls_connect_from(&good, server, client, 1);
    tls_step(&good);
    for (int i = 0; i < 20; i++) {
        tls_connect_from(&flood[i], server, NULL, 2);
        shared_fixture.monotonic_ms += 3000; /* the earlier ones are late now */
        tls_step(&flood[i]);
        assert_int_equal(shared_fixture.calls.rejected, i < 4 ? 0 : i - 3);
    }
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_TOO_MANY_HANDSHAKES);
    for (int i = 0; i < 20; i++) {
        tls_run(&flood[i]);
        assert_int_equal(flood[i].server_failed, i < 16); /* the oldest are cut */
    }
    tls_run(&good);
    assert_true(good.server_done && good.client_done);
    assert_int_equal(shared_fixture.calls.accepted, 1);
    for (int i = 0; i < 20; i++)
        tls_disconnect(&flood[i]);
    tls_disconnect(&good);
    assert_int_equal(shared_fixture.calls.rejected, 20);
    assert_int_equal(shared_fixture.calls.ended, 21);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* Connections that say nothing, or the first byte of a record, do not affect slow clients behind their address;
 * those that send only a hello do not affect a new client. */
static void a_flood_behind_the_same_address(void **state)
{
    (void)state;
    static const char *const floods[] = {"nothing", "a byte", "hellos"};
    for (int says = 0; says < 3; says++) {
        struct tls_link good, flood[20];
        bool hello = says == 2;
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
        shared_fixture.policy->base.tls.max_handshakes = 8;
        for (int i = 0; i < 20; i++) {
            if (i == (hello ? 15 : 0)) {
                tls_connect_from(&good, server, client, 2);
                if (!hello)
                    SSL_do_handshake(good.client); /* its hello is there, and then it takes its time */
                SSL_do_handshake(good.server);
            }
            tls_connect_from(&flood[i], server, hello ? client : NULL, 2);
            if (hello)
                SSL_do_handshake(flood[i].client);
            else if (says == 1)
                assert_int_equal(write(flood[i].fd[1], "\x16", 1), 1);
            shared_fixture.monotonic_ms += 3000;
            SSL_do_handshake(flood[i].server);
        }
        assert_int_equal(shared_fixture.calls.rejected, 21 - 8);
        assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_TOO_MANY_HANDSHAKES);
        tls_run(&good);
        if (!good.server_done || !good.client_done)
            fail_msg("a flood of %s: the good client was cut", floods[says]);
        tls_disconnect(&good);
        for (int i = 0; i < 20; i++)
            tls_disconnect(&flood[i]);
        SSL_CTX_free(client);
        SSL_CTX_free(server);
    }
}

#define STORM 8

/* Their hellos are read. */
static void begin_storm(struct tls_link storm[STORM], SSL_CTX *server, SSL_CTX *client)
{
    for (int i = 0; i < STORM; i++) {
        tls_connect_from(&storm[i], server, client, 2);
        SSL_do_handshake(storm[i].client);
        SSL_do_handshake(storm[i].server);
    }
}

static void end_storm(struct tls_link storm[STORM], SSL_CTX *server, SSL_CTX *client)
{
    for (int i = 0; i < STORM; i++)
        tls_disconnect(&storm[i]);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

/* Clients that connect at once and answer in time are not aborted, however long the broker takes to read the answers. */
static void a_storm(void **state)
{
    (void)state;
    struct tls_link storm[STORM], another;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    shared_fixture.policy->base.tls.max_handshakes = 3;
    shared_fixture.policy->base.tls.handshake_timeout_ms = 5000;
    begin_storm(storm, server, client);
    for (int i = 0; i < STORM; i++)
        SSL_do_handshake(storm[i].client);
    shared_fixture.monotonic_ms += 5001;
    assert_int_equal(cg_hook_tick(), 100);
    tls_connect_from(&another, server, client, 2);
    tls_step(&another);
    assert_int_equal(shared_fixture.calls.rejected, 0);
    for (int i = 0; i < STORM; i++)
        tls_run(&storm[i]);
    tls_run(&another);
    assert_int_equal(shared_fixture.calls.accepted, STORM + 1);
    assert_int_equal(cg_hook_tick(), -1);
    tls_disconnect(&another);
    end_storm(storm, server, client);
}

/* Bytes that wait in the socket protect no peer forever. */
static void a_storm_has_limits(void **state)
{
    (void)state;
    struct tls_link storm[STORM], more[32];
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    shared_fixture.policy->base.tls.max_handshakes = 1;
    begin_storm(storm, server, client);
    for (int i = 0; i < 32; i++) {
        tls_connect_from(&more[i], server, NULL, 2);
        SSL_do_handshake(more[i].server);
        assert_int_equal(shared_fixture.calls.rejected, i < 32 - STORM ? 0 : i - (32 - STORM) + 1);
    }
    for (int i = 0; i < STORM; i++)
        SSL_do_handshake(storm[i].client);
    int before = shared_fixture.calls.rejected;
    shared_fixture.monotonic_ms += 6 * shared_fixture.policy->base.tls.handshake_timeout_ms;
    assert_int_equal(cg_hook_tick(), -1);
    assert_int_equal(shared_fixture.calls.rejected, before + 32);
    for (int i = 0; i < 32; i++)
        tls_disconnect(&more[i]);
    end_storm(storm, server, client);
}

#define CROWD 66

/* A search looks at all handshakes, so it makes room for many connections and not only for the new one. */
static void a_search_makes_room_for_many(void **state)
{
    (void)state;
    struct tls_link crowd[CROWD];
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    shared_fixture.policy->base.tls.max_handshakes = 2;
    for (int i = 0; i < CROWD; i++) {
        tls_connect_from(&crowd[i], server, NULL, 2);
        SSL_do_handshake(crowd[i].server);
        assert_int_equal(shared_fixture.calls.rejected, i < 64 ? 0 : 2); /* beyond 64: down to 63 */
    }
    for (int i = 0; i < 3; i++)
        tls_disconnect(&crowd[i]);
    shared_fixture.calls.rejected = 0;
    shared_fixture.monotonic_ms += 3000;
    for (int i = 0; i < 3; i++) {
        tls_connect_from(&crowd[i], server, NULL, 2);
        SSL_do_handshake(crowd[i].server);
        assert_int_equal(shared_fixture.calls.rejected, 62); /* all late ones above the limit; no second search yet */
    }
    shared_fixture.monotonic_ms += 100;
    tls_disconnect(&crowd[0]); /* rejected too */
    tls_connect_from(&crowd[0], server, NULL, 2);
    SSL_do_handshake(crowd[0].server);
    assert_int_equal(shared_fixture.calls.rejected, 64); /* the last late one */
    for (int i = 0; i < CROWD; i++)
        tls_disconnect(&crowd[i]);
    SSL_CTX_free(server);
}

/* Handshakes are looked at when the next deadline is reached, and not for every event of the broker. */
static void deadlines_close_together(void **state)
{
    (void)state;
    struct tls_link crowd[3];
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    shared_fixture.policy->base.tls.handshake_timeout_ms = 10000;
    for (int i = 0; i < 3; i++) {
        tls_connect(&crowd[i], server, NULL);
        SSL_do_handshake(crowd[i].server);
        shared_fixture.monotonic_ms++;
    }
    assert_int_equal(cg_hook_tick(), 9997);
    shared_fixture.monotonic_ms += 9997;
    assert_int_equal(cg_hook_tick(), 100);
    shared_fixture.monotonic_ms += 99;
    assert_int_equal(cg_hook_tick(), 1);
    assert_int_equal(shared_fixture.calls.rejected, 1);
    shared_fixture.monotonic_ms++;
    assert_int_equal(cg_hook_tick(), -1);
    assert_int_equal(shared_fixture.calls.rejected, 3);
    for (int i = 0; i < 3; i++)
        tls_disconnect(&crowd[i]);
    SSL_CTX_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_that_are_not_tls, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(nothing_in_common, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(keys_that_do_not_fit, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(settings_follow_the_snapshot, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_client_does_not_trust_us, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_client_says_expired, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_certificate_without_its_key, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_chain_that_is_too_large, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(invalid_records_after_the_hello, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_peer_goes_away, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_deadline, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(aborted_at_the_last_moment, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_flood, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_flood_behind_the_same_address, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_storm, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_storm_has_limits, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_search_makes_room_for_many, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(deadlines_close_together, tls_setup, tls_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
