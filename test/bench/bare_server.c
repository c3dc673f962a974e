/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The minimal server: it verifies the client, reads a CONNECT and answers it. */
#include "peer.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *make_context(const char *folder)
{
    char path[700];
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    snprintf(path, sizeof path, "%s/chain.pem", folder);
    SSL_CTX_use_certificate_chain_file(ctx, path);
    snprintf(path, sizeof path, "%s/key.pem", folder);
    SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM);
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    SSL_CTX_load_verify_locations(ctx, path, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

void bare_serve(int listener, const char *folder)
{
    SSL_CTX *ctx = make_context(folder);
    for (;;) {
        unsigned char packet[512];
        int fd = accept(listener, NULL, NULL);
        SSL *ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, packet, sizeof packet) > 0)
            SSL_write(ssl, "\x20\x02\x00", 4);
        SSL_read(ssl, packet, sizeof packet);
        SSL_free(ssl);
        close(fd);
    }
}
