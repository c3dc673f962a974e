/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tls_probe.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/failure.h"
#include "core/base/probe.h"
#include "key_offer.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct deadline {
    int64_t at_ms;
};

static bool wait_for(int fd, short events, const struct deadline *deadline)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = deadline->at_ms - cg_monotonic_ms();
    return left > 0 && poll(&p, 1, (int)left) == 1;
}

bool cg_tls_probe_split(const char *host_port, char host[256], char port[8])
{
    const char *colon = strchr(host_port, ':');
    const bool bare = *host_port != '[' && colon && strchr(colon + 1, ':'); /* an IPv6 address and no port */
    char *name = NULL, *service = NULL;
    bool ok = bare || (BIO_parse_hostserv(host_port, &name, &service, BIO_PARSE_PRIO_HOST) == 1 && name);
    ok = ok && snprintf(host, 256, "%s", bare ? host_port : name) < 256 &&
         snprintf(port, 8, "%s", service ? service : "8883") < 8;
    OPENSSL_free(name);
    OPENSSL_free(service);
    ERR_clear_error();
    return ok;
}

bool cg_host_port_ok(const char *text, const char *option, struct cg_error *err)
{
    char host[256], port[8];
    return !text || cg_tls_probe_split(text, host, port) ||
           cg_fail_text(err, "%s: expected HOST:PORT, found \"%s\"", option, text);
}

static int dial(const struct addrinfo *address, const struct deadline *deadline)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), fault = 0;
    socklen_t len = sizeof fault;
    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) == 0 && fault == 0)
        return fd;
    errno = fault ? fault : errno == EINPROGRESS ? ETIMEDOUT : errno;
    int kept = errno;
    close(fd);
    errno = kept;
    return -1;
}

/* NULL with the reason if there is none. */
static struct addrinfo *addresses_of(const char *host, const char *port, struct cg_error *err)
{
    const struct addrinfo fixes = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    /* "localhost" is this machine, whatever the resolver and the hosts file contain (RFC 6761 6.3): without a name,
     * getaddrinfo returns the loopback addresses of both families. */
    const char *node = strcasecmp(host, "localhost") == 0 ? NULL : host;
    int code = getaddrinfo(node, port, &fixes, &found);
    if (code == 0)
        return found;
    cg_error_set(err, "%s port %s: %s", host, port, gai_strerror(code));
    return NULL;
}

/* Gets the chain even if the server then refuses us because we have no certificate. */
static int keep_chain(X509_STORE_CTX *context, void *place)
{
    STACK_OF(X509) **chain = place;
    sk_X509_pop_free(*chain, X509_free);
    *chain = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(context));
    return 1;
}

/* Waits until an unfinished operation can be retried; false: it cannot. */
static bool wait_more(const SSL *ssl, int fd, int code, const struct deadline *deadline)
{
    int why = SSL_get_error(ssl, code);
    short events = why == SSL_ERROR_WANT_READ ? POLLIN : why == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
    return events && wait_for(fd, events, deadline);
}

static void until_chain(SSL *ssl, int fd, struct cg_tls_probe *out, const struct deadline *deadline)
{
    int code;
    while (!out->chain && (code = SSL_connect(ssl)) != 1)
        if (out->chain || !wait_more(ssl, fd, code, deadline))
            return;
}

/* In TLS 1.3 our side has finished before the server checks our certificate: only its answer to a CONNECT (MQTT 3.1.1, a
 * clean session of 5 s, named "certguard-doctor") shows that it accepted us. */
static void until_answer(SSL *ssl, int fd, struct cg_tls_probe *out, const struct deadline *deadline)
{
    static const unsigned char hello[] = "\x10\x1c\0\4MQTT\4\2\0\5\0\x10"
                                         "certguard-doctor",
                               bye[] = {0xe0, 0};
    unsigned char answer[4];
    int code, got = 0;
    while ((code = SSL_connect(ssl)) != 1)
        if (!wait_more(ssl, fd, code, deadline))
            return;
    while ((code = SSL_write(ssl, hello, sizeof hello - 1)) <= 0)
        if (!wait_more(ssl, fd, code, deadline))
            return;
    while (got < (int)sizeof answer) {
        code = SSL_read(ssl, answer + got, (int)sizeof answer - got);
        if (code <= 0 && !wait_more(ssl, fd, code, deadline))
            return;
        got += code > 0 ? code : 0;
    }
    out->answered = answer[0] == 0x20;
    out->connack = answer[3];
    SSL_write(ssl, bye, sizeof bye);
    SSL_shutdown(ssl);
}

/* Marks the handshake as a probe, so that the plugin does not report a refused client. */
static int add_probe_mark(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *len, X509 *cert,
                          size_t index, int *alert, void *unused)
{
    (void)ssl, (void)type, (void)context, (void)cert, (void)index, (void)alert, (void)unused;
    *out = (const unsigned char *)CG_PROBE_TEXT;
    *len = sizeof CG_PROBE_TEXT - 1;
    return 1;
}

static SSL_CTX *context_new(struct cg_tls_probe *out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, keep_chain, &out->chain);
    SSL_CTX_add_custom_ext(context, CG_PROBE_EXTENSION, SSL_EXT_CLIENT_HELLO, add_probe_mark, NULL, NULL, NULL, NULL);
    if (!out->like || cg_key_offer(context, X509_get0_pubkey(out->like)))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

typedef void handshake(SSL *ssl, int fd, struct cg_tls_probe *out, const struct deadline *deadline);

/* A handshake with one address. False: no connection, with errno. */
static bool visit_address(const struct addrinfo *address, char *host, handshake *shake, struct cg_tls_probe *out,
                          const struct deadline *deadline)
{
    unsigned char bytes[16];
    int fd = dial(address, deadline);
    if (fd < 0)
        return false;
    SSL_CTX *context = context_new(out);
    SSL *ssl = context ? SSL_new(context) : NULL;
    bool is_address = cg_address_octets(host, bytes) > 0;
    if (ssl && SSL_set_fd(ssl, fd) && (is_address || SSL_set_tlsext_host_name(ssl, host)))
        shake(ssl, fd, out, deadline);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    ERR_clear_error();
    return true;
}

static int count_behind(const struct addrinfo *address)
{
    int count = 0;
    while ((address = address->ai_next))
        count++;
    return count;
}

/* Tries one address after the other, each with its share of the remaining time: another program may listen on the same port of
 * the other address family. */
static bool visit(const char *host_port, const X509 *like, int64_t timeout_ms, handshake *shake,
                  struct cg_tls_probe *out, struct cg_error *err)
{
    char host[256], port[8], within[32] = "";
    const int64_t end_ms = cg_monotonic_ms() + timeout_ms;
    int fault = 0;
    bool connected = false;
    *out = (struct cg_tls_probe){.like = like};
    if (!cg_tls_probe_split(host_port, host, port))
        return cg_fail_text(err, "\"%s\": expected HOST:PORT", host_port);
    struct addrinfo *found = addresses_of(host, port, err);
    if (!found)
        return false;
    for (const struct addrinfo *a = found; a && !out->chain; a = a->ai_next) {
        const struct deadline deadline = {cg_monotonic_ms() + (end_ms - cg_monotonic_ms()) / (1 + count_behind(a))};
        if (visit_address(a, host, shake, out, &deadline))
            connected = true;
        else
            fault = errno;
    }
    freeaddrinfo(found);
    if (!out->chain && connected) {
        if (cg_monotonic_ms() >= end_ms)
            snprintf(within, sizeof within, " within %d s", (int)(timeout_ms / 1000));
        cg_error_set(err, "%s port %s: no certificate%s%s%s. Check that this is a TLS listener%s", host, port,
                     like ? " with a key of type " : "", like ? EVP_PKEY_get0_type_name(X509_get0_pubkey(like)) : "",
                     within, like ? " that has one: credential in the policy, or certfile" : "");
    } else if (!out->chain) {
        cg_error_set(err, "cannot connect to %s port %s: %s. Check that the broker is running", host, port,
                     strerror(fault));
    }
    return out->chain;
}

bool cg_tls_probe_run(const char *host_port, int64_t timeout_ms, struct cg_tls_probe *out, struct cg_error *err)
{
    return visit(host_port, NULL, timeout_ms, until_answer, out, err);
}

static STACK_OF(X509) *chain_like(const char *host_port, const X509 *like, int64_t timeout_ms, struct cg_error *err)
{
    struct cg_tls_probe probe;
    visit(host_port, like, timeout_ms, until_chain, &probe, err);
    return probe.chain;
}

STACK_OF(X509) *cg_tls_probe_chain(const char *host_port, int64_t timeout_ms, struct cg_error *err)
{
    return chain_like(host_port, NULL, timeout_ms, err);
}

void cg_tls_probe_listen(SSL_CTX *context, const char *host, const char *port, int64_t timeout_ms)
{
    const struct deadline deadline = {cg_monotonic_ms() + timeout_ms};
    char byte;
    int code = 0, fd = -1;
    struct addrinfo *found = addresses_of(host, port, NULL);
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = dial(a, &deadline);
    if (found)
        freeaddrinfo(found);
    SSL *ssl = fd >= 0 ? SSL_new(context) : NULL;
    if (ssl)
        SSL_set_connect_state(ssl);
    bool going = ssl && SSL_set_fd(ssl, fd);
    while (going && (code = SSL_read(ssl, &byte, 1)) <= 0) /* shakes hands first */
        going = wait_more(ssl, fd, code, &deadline);
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
    ERR_clear_error();
}

X509 *cg_tls_probe_certificate(const char *host_port, const X509 *like, int64_t timeout_ms, struct cg_error *err)
{
    STACK_OF(X509) *chain = chain_like(host_port, like, timeout_ms, err);
    X509 *leaf = chain ? sk_X509_shift(chain) : NULL;
    sk_X509_pop_free(chain, X509_free);
    return leaf;
}
