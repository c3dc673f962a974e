/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where a connection to "localhost" goes, on a machine whose resolver does not know that name. */
#include "served.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* In the place of the C library's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    resolver *real = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real);
    return !real || (node && strcasecmp(node, "localhost") == 0) ? EAI_NONAME : real(node, service, hints, found);
}

/* A port of 127.0.0.1 that takes connections and says nothing. */
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
    } rows[] = {{"localhost", "no certificate was served"},
                {"LOCALHOST", "no certificate was served"},
                {"127.0.0.1", "no certificate was served"},
                {"no-such-host.invalid", "no-such-host.invalid port"}};
    uint16_t port = 0;
    int fd = listen_silently(&port);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_error err = {""};
        char place[64];
        snprintf(place, sizeof place, "%s:%u", rows[i].host, port);
        assert_null(cg_served_certificate(place, 100, &err));
        if (!strstr(err.text, rows[i].says))
            fail_msg("%s: %s", place, err.text);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(localhost_needs_no_resolver)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
