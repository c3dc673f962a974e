/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "socket.h"

#include "handlers.h"
#include "record.h"
#include "unclaimed.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* Keeps the first bytes from the peer: OpenSSL 3.2 and later do not report a record header that they reject. */
static void keep_first_bytes(struct cg_conn *conn, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && conn->private->nfirst < sizeof conn->private->first; i++)
        conn->private->first[conn->private->nfirst++] = (unsigned char)bytes[i];
}

static long during_handshake(BIO *bio, int operation, const char *bytes, size_t size, int argi, long argl, int ret,
                             size_t *count)
{
    (void)size, (void)argi, (void)argl;
    struct cg_conn *conn = (struct cg_conn *)(void *)BIO_get_callback_arg(bio);
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && ret > 0)
        keep_first_bytes(conn, bytes, *count);
    return ret;
}

/* Used after the handshake. The header of a TLS record alone proves nothing: the peer may hold back the rest. */
static long after_handshake(BIO *bio, int operation, const char *bytes, size_t size, int argi, long argl, int ret,
                            size_t *count)
{
    (void)bytes, (void)size, (void)argi, (void)argl, (void)count;
    struct cg_conn *conn = (struct cg_conn *)(void *)BIO_get_callback_arg(bio);
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && ret > 0) {
        cg_unclaimed_read(conn);
    } else if (operation == BIO_CB_READ && conn->private->connect_done) {
        BIO_set_callback_ex(bio, NULL);
        cg_handlers_first_read(conn);
    }
    return ret;
}

void cg_socket_watch(struct cg_conn *conn)
{
    BIO *bio = SSL_get_rbio(conn->ssl);
    if (!bio || BIO_get_callback_ex(bio))
        return;
    BIO_set_callback_arg(bio, (char *)conn);
    BIO_set_callback_ex(bio, during_handshake);
}

void cg_socket_watch_established(struct cg_conn *conn)
{
    BIO *bio = SSL_get_rbio(conn->ssl);
    if (bio && BIO_get_callback_ex(bio) == during_handshake)
        BIO_set_callback_ex(bio, after_handshake);
}

static void set_tcp(const struct cg_conn *conn, int option)
{
    const int on = 1;
    if (conn->local.any.sa_family == AF_INET || conn->local.any.sa_family == AF_INET6)
        (void)setsockopt(conn->fd, IPPROTO_TCP, option, &on, sizeof on);
}

void cg_socket_no_delay(const struct cg_conn *conn)
{
    set_tcp(conn, TCP_NODELAY);
}

void cg_socket_acknowledge(const struct cg_conn *conn)
{
    set_tcp(conn, TCP_QUICKACK);
}

void cg_socket_unwatch(struct cg_conn *conn)
{
    BIO *bio = conn->ssl ? SSL_get_rbio(conn->ssl) : NULL;
    if (bio && (BIO_get_callback_ex(bio) == during_handshake || BIO_get_callback_ex(bio) == after_handshake))
        BIO_set_callback_ex(bio, NULL);
}
