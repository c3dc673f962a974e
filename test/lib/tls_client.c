/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tls_client.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_MS 20000 /* sanitizers are slow on a busy machine */

static void on_alert(const SSL *ssl, int where, int code)
{
    struct cg_client_result *result = SSL_get_app_data(ssl);
    if (result && (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (code & 0xff) != SSL_AD_CLOSE_NOTIFY)
        result->alert = code & 0xff;
}

static int verify_server(X509_STORE_CTX *ctx, void *arg)
{
    const int *error = arg;
    X509_STORE_CTX_set_error(ctx, *error);
    return *error == X509_V_OK;
}

static unsigned set_psk(SSL *ssl, const char *server_hint, char *identity, unsigned identity_len, unsigned char *key,
                        unsigned key_len)
{
    (void)ssl;
    (void)server_hint;
    snprintf(identity, identity_len, "device");
    memset(key, 1, key_len < 16 ? key_len : 16);
    return 16;
}

static unsigned set_wrong_psk(SSL *ssl, const char *server_hint, char *identity, unsigned identity_len,
                              unsigned char *key, unsigned key_len)
{
    unsigned len = set_psk(ssl, server_hint, identity, identity_len, key, key_len);
    key[0] ^= 0x80;
    return len;
}

static bool set_certificate(SSL *ssl, const struct cg_client_spec *spec)
{
    if (!spec->leaf)
        return true;
    if (SSL_use_certificate(ssl, spec->leaf) != 1 || SSL_use_PrivateKey(ssl, spec->key) != 1)
        return false;
    for (int i = 0; i < sk_X509_num(spec->chain); i++)
        if (SSL_add1_chain_cert(ssl, sk_X509_value(spec->chain, i)) != 1)
            return false;
    return true;
}

/* Security level 0, because weak keys and old versions must reach the server, which is under test. */
SSL *cg_client_ssl(const struct cg_client_spec *spec)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_info_callback(ctx, on_alert);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_server, (void *)(uintptr_t)&spec->refuse_server);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_min_proto_version(ctx, spec->version);
    SSL_CTX_set_max_proto_version(ctx, spec->version);
    if (spec->psk || spec->psk_wrong)
        SSL_CTX_set_psk_client_callback(ctx, spec->psk_wrong ? set_wrong_psk : set_psk);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    bool ok = set_certificate(ssl, spec);
    ok = ok && (!spec->ciphers || SSL_set_cipher_list(ssl, spec->ciphers) == 1);
    ok = ok && (!spec->groups || SSL_set1_groups_list(ssl, spec->groups) == 1);
    ok = ok && (!spec->sigalgs || SSL_set1_sigalgs_list(ssl, spec->sigalgs) == 1);
    ok = ok && (!spec->sni || SSL_set_tlsext_host_name(ssl, spec->sni) == 1);
    /* a copy, because OpenSSL discards a session after an alert */
    SSL_SESSION *session = ok && spec->session ? SSL_SESSION_dup(spec->session) : NULL;
    ok = ok && (!spec->session || SSL_set_session(ssl, session) == 1);
    SSL_SESSION_free(session);
    if (ok)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static void set_error(struct cg_client_result *result)
{
    ERR_error_string_n(ERR_peek_error(), result->error, sizeof result->error);
    ERR_clear_error();
}

/* Reads the CONNACK, or the alert of a TLS 1.3 server that refuses the certificate. */
static void read_connack(SSL *ssl, struct cg_client_result *result)
{
    unsigned char packet[64];
    int len = SSL_read(ssl, packet, sizeof packet);
    if (len >= 4 && packet[0] == 0x20)
        result->connack = packet[3];
    else
        set_error(result);
    result->accepted = result->connack == 0;
}

/* A TLS 1.3 server that refuses the client may have closed the connection already, after its alert. OpenSSL 4.0 and later
 * read nothing after a failed write, so the client would miss the alert. Writing past OpenSSL hides the failure from it. */
static void send_connect(SSL *ssl, const unsigned char *packet, size_t len)
{
    BIO *connection = SSL_get_wbio(ssl), *out = BIO_new(BIO_s_mem());
    char *record = NULL;
    BIO_up_ref(connection);
    SSL_set0_wbio(ssl, out);
    SSL_write(ssl, packet, (int)len);
    long size = BIO_get_mem_data(out, &record);
    BIO_write(connection, record, (int)size);
    SSL_set0_wbio(ssl, connection);
}

void cg_client_connect(const struct cg_client_spec *spec, struct cg_client_result *result)
{
    *result = (struct cg_client_result){.alert = -1, .connack = -1};
    unsigned char packet[256];
    size_t len = spec->will ? cg_mqtt_connect_will(spec->mqtt5, spec->client_id, spec->will, packet)
                            : cg_mqtt_connect(spec->mqtt5, spec->client_id, spec->username, packet);
    if (spec->no_keep_alive)
        packet[10] = packet[11] = 0; /* MQTT 5.0 section 3.1.2.10 */
    SSL *ssl = cg_client_ssl(spec);
    int fd = ssl ? cg_raw_open_from(spec->host, spec->port, &result->local_port) : -1;
    if (fd < 0) {
        snprintf(result->error, sizeof result->error, "%s", ssl ? "cannot connect" : "");
        if (!ssl)
            set_error(result);
        goto out;
    }
    result->connected = true;
    int wait_ms = spec->wait_ms ? spec->wait_ms : WAIT_MS;
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    SSL_set_fd(ssl, fd);
    SSL_set_app_data(ssl, result);
    result->handshake = SSL_connect(ssl) == 1;
    result->resumed = result->handshake && SSL_session_reused(ssl);
    snprintf(result->version, sizeof result->version, "%s", SSL_get_version(ssl));
    if (!result->handshake) {
        set_error(result);
        goto out;
    }
    send_connect(ssl, packet, len);
    read_connack(ssl, result);
    if (!result->accepted)
        goto out;
    result->ssl = ssl;
    ssl = NULL;
    fd = -1;
out:
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
}

bool cg_client_ended(const struct cg_client_result *result, int wait_ms)
{
    return !result->ssl || cg_raw_closed(SSL_get_fd(result->ssl), wait_ms);
}

void cg_client_close(struct cg_client_result *result)
{
    if (!result->ssl)
        return;
    static const unsigned char disconnect[] = {0xe0, 0x00};
    int fd = SSL_get_fd(result->ssl);
    SSL_set_app_data(result->ssl, NULL);
    SSL_write(result->ssl, disconnect, sizeof disconnect);
    SSL_shutdown(result->ssl);
    SSL_free(result->ssl);
    close(fd);
    result->ssl = NULL;
    ERR_clear_error();
}

unsigned char *cg_client_hello(const struct cg_client_spec *spec, size_t *len)
{
    SSL *ssl = cg_client_ssl(spec);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_connect(ssl);
    char *data;
    *len = (size_t)BIO_get_mem_data(out, &data);
    unsigned char *hello = malloc(*len);
    memcpy(hello, data, *len);
    SSL_free(ssl);
    ERR_clear_error();
    return hello;
}

EVP_PKEY *cg_false_key(const EVP_PKEY *public_half, const EVP_PKEY *private_half)
{
    unsigned char point[256];
    size_t len = 0;
    BIGNUM *secret = NULL;
    EVP_PKEY *key = NULL;
    EVP_PKEY_get_octet_string_param(public_half, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len);
    EVP_PKEY_get_bn_param(private_half, OSSL_PKEY_PARAM_PRIV_KEY, &secret);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (EVP_PKEY_fromdata_init(ctx) > 0)
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(secret);
    return key;
}
