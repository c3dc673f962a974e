/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Another plugin in the same broker, for tests: it lets in whoever names the authentication method "TEST" (MQTT 5
 * extended authentication), and it speaks TLS for itself, with a certificate that no policy would take. */
#include "plugin_entry.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

static mosquitto_plugin_id_t *identifier;

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    if (cert && X509_gmtime_adj(X509_getm_notBefore(cert), -7200) && X509_gmtime_adj(X509_getm_notAfter(cert), -3600) &&
        X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()))
        return cert;
    X509_free(cert);
    return NULL;
}

static bool shake_hands(SSL *server, SSL *client)
{
    for (int i = 0; i < 20 && !(SSL_is_init_finished(server) && SSL_is_init_finished(client)); i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    return SSL_is_init_finished(server) && SSL_is_init_finished(client);
}

static bool speaks_tls(void)
{
    bool ok = false;
    BIO *near = NULL, *far = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? self_signed(key) : NULL;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    SSL *server = ctx ? SSL_new(ctx) : NULL, *client = ctx ? SSL_new(ctx) : NULL;
    if (cert && server && client && BIO_new_bio_pair(&near, 0, &far, 0) == 1) {
        SSL_set_bio(server, near, near);
        SSL_set_bio(client, far, far);
        SSL_set_accept_state(server);
        SSL_set_connect_state(client);
        ok = SSL_use_cert_and_key(server, cert, key, NULL, 1) == 1 && shake_hands(server, client);
    }
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(ctx);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

static int on_extended_auth(int event, void *event_data, void *unused)
{
    (void)event, (void)unused;
    const struct mosquitto_evt_extended_auth *auth = event_data;
    bool tls = speaks_tls();
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "other plugin: asked; its own TLS %s", tls ? "works" : "fails");
    return strcmp(auth->auth_method, "TEST") == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **data, struct mosquitto_opt *options, int count)
{
    (void)options, (void)count;
    *data = NULL;
    identifier = id;
    return mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_START, on_extended_auth, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *data, struct mosquitto_opt *options, int count)
{
    (void)data, (void)options, (void)count;
    return mosquitto_callback_unregister(identifier, MOSQ_EVT_EXT_AUTH_START, on_extended_auth, NULL);
}
