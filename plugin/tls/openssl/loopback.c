/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "loopback.h"

#include <openssl/bio.h>
#include <openssl/err.h>

bool cg_loopback_open(struct cg_loopback *pair, SSL_CTX *server, SSL_CTX *client)
{
    BIO *near = NULL, *far = NULL;
    pair->server = server ? SSL_new(server) : NULL;
    pair->client = client ? SSL_new(client) : NULL;
    if (!pair->server || !pair->client || !BIO_new_bio_pair(&near, 0, &far, 0))
        return false;
    SSL_set_bio(pair->server, near, near);
    SSL_set_bio(pair->client, far, far);
    SSL_set_accept_state(pair->server);
    SSL_set_connect_state(pair->client);
    return true;
}

bool cg_loopback_shake_hands(struct cg_loopback *pair)
{
    SSL *server = pair->server, *client = pair->client;
    for (int i = 0; i < 20 && (!SSL_is_init_finished(server) || !SSL_is_init_finished(client)); i++) {
        ERR_clear_error();
        int rc = SSL_do_handshake(client);
        if (rc <= 0 && SSL_get_error(client, rc) != SSL_ERROR_WANT_READ)
            return false;
        rc = SSL_do_handshake(server);
        if (rc <= 0 && SSL_get_error(server, rc) != SSL_ERROR_WANT_READ)
            return false;
    }
    return SSL_is_init_finished(server) && SSL_is_init_finished(client);
}

void cg_loopback_close(struct cg_loopback *pair)
{
    SSL_free(pair->server);
    SSL_free(pair->client);
    *pair = (struct cg_loopback){NULL, NULL};
}
