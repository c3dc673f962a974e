/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections to "localhost" on a machine whose resolver does not have that name. */
#include "broker/tls_probe.h"

#include "lib/pki_maker.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Replaces the function of the C library. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *fixes, struct addrinfo **found)
{
    resolver *real = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real);
    return !real || (node && strcasecmp(node, "localhost") == 0) ? EAI_NONAME : real(node, service, fixes, found);
}

/* A port of 127.0.0.1 that accepts connections and sends nothing. */
static int listen_silently(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 4) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void localhost_needs_no_resolver(void **state)
{
    (void)state;
    static const struct {
        const char *host, *says;
    } rows[] = {{"localhost", "no certificate within"},
                {"LOCALHOST", "no certificate within"},
                {"127.0.0.1", "no certificate within"},
                {"no-such-host.invalid", "no-such-host.invalid port"}};
    uint16_t port = 0;
    int fd = listen_silently(&port);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_error err = {""};
        char place[64];
        snprintf(place, sizeof place, "%s:%u", rows[i].host, port);
        assert_null(cg_tls_probe_certificate(place, NULL, 100, &err));
        if (!strstr(err.text, rows[i].says))
            fail_msg("%s: %s", place, err.text);
    }
    close(fd);
}

/* Listens on the same free port of ::1 and of 127.0.0.1. False: no IPv6 here. */
static bool listen_on_both(int *six, int *four, uint16_t *port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 100; i++) {
        socklen_t len = sizeof address;
        address.sin6_port = 0;
        *six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (*six < 0 || bind(*six, (struct sockaddr *)&address, len) != 0 || listen(*six, 4) != 0 ||
            getsockname(*six, (struct sockaddr *)&address, &len) != 0)
            break;
        *port = ntohs(other.sin_port = address.sin6_port);
        *four = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(*four, (struct sockaddr *)&other, sizeof other) == 0 && listen(*four, 4) == 0)
            return true;
        close(*four);
        close(*six);
    }
    close(*six);
    return false;
}

static void *serve_once(void *context)
{
    SSL_CTX **tls = context;
    int *listener = SSL_CTX_get_app_data(*tls), fd = accept(*listener, NULL, NULL);
    SSL *ssl = SSL_new(*tls);
    if (fd >= 0 && ssl && SSL_set_fd(ssl, fd))
        SSL_accept(ssl);
    SSL_free(ssl);
    close(fd);
    return NULL;
}

/* A broker listens on the IPv4 address, and another program, which sends nothing, on the IPv6 address. */
static void another_program_on_the_other_family_does_not_hide_the_broker(void **state)
{
    (void)state;
    int six = -1, four = -1;
    uint16_t port = 0;
    pthread_t thread;
    if (!listen_on_both(&six, &four, &port))
        skip();
    struct cg_pki *pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "root: ca\nbroker: server issuer=root");
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_app_data(tls, &four);
    assert_true(tls && SSL_CTX_use_certificate(tls, cg_pki_cert(pki, "broker")) &&
                SSL_CTX_use_PrivateKey(tls, cg_pki_key(pki, "broker")));
    assert_int_equal(pthread_create(&thread, NULL, serve_once, &tls), 0);
    struct cg_error err = {""};
    char place[64];
    snprintf(place, sizeof place, "localhost:%u", port);
    X509 *served = cg_tls_probe_certificate(place, NULL, 4000, &err);
    if (!served)
        shutdown(four, SHUT_RDWR); /* the thread waits there */
    pthread_join(thread, NULL);
    assert_string_equal(err.text, "");
    assert_true(served && X509_cmp(served, cg_pki_cert(pki, "broker")) == 0);
    X509_free(served);
    SSL_CTX_free(tls);
    cg_pki_free(pki);
    close(six);
    close(four);
}

static void *serve_twice(void *context)
{
    serve_once(context);
    return serve_once(context);
}

/* A server with two certificates sends the one of the key type that is asked for. */
static void by_key_type(void **state)
{
    (void)state;
    static const char *const names[] = {"rsa", "ec"};
    struct cg_pki *pki = cg_pki_new(time(NULL));
    uint16_t port = 0;
    int fd = listen_silently(&port);
    cg_pki_make(pki, "root: ca\nec: server issuer=root\nrsa: server issuer=root key=rsa2048\n"
                     "ed: server issuer=root key=ed25519");
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        pthread_t thread;
        char place[64];
        SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_app_data(tls, &fd);
        assert_int_equal(SSL_CTX_set_max_proto_version(tls, version), 1);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(
                SSL_CTX_use_cert_and_key(tls, cg_pki_cert(pki, names[i]), cg_pki_key(pki, names[i]), NULL, 1), 1);
        assert_int_equal(pthread_create(&thread, NULL, serve_twice, &tls), 0);
        snprintf(place, sizeof place, "127.0.0.1:%u", port);
        for (size_t i = 0; i < 2; i++) {
            struct cg_error err = {""};
            X509 *like = cg_pki_cert(pki, names[i]);
            X509 *served = cg_tls_probe_certificate(place, like, 4000, &err);
            if (!served || X509_cmp(served, like) != 0)
                fail_msg("%s: %s", names[i], err.text);
            X509_free(served);
        }
        pthread_join(thread, NULL);
        assert_int_equal(pthread_create(&thread, NULL, serve_once, &tls), 0);
        struct cg_error err = {""};
        assert_null(cg_tls_probe_certificate(place, cg_pki_cert(pki, "ed"), 4000, &err));
        pthread_join(thread, NULL);
        assert_non_null(strstr(err.text, "no certificate with a key of type ED25519. Check")); /* it answered in time */
        SSL_CTX_free(tls);
    }
    cg_pki_free(pki);
    close(fd);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as the tool does */
    const struct CMUnitTest tests[] = {cmocka_unit_test(localhost_needs_no_resolver), cmocka_unit_test(by_key_type),
                                       cmocka_unit_test(another_program_on_the_other_family_does_not_hide_the_broker)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
