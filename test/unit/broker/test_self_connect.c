/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An event loop like the broker's wakes when work is due, and is idle soon afterwards. The connections made for this are
 * recognized by their address. */
#include "broker/listener/self_connect.h"

#include "broker/listener/listening.h"
#include "core/policy/policy_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS 20000 /* longer than a slow machine needs */

static int listener = -1, epoll = -1;
static union cg_address address;

static int listen_on(union cg_address *out, uint32_t host)
{
    socklen_t len = sizeof *out;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memset(out, 0, sizeof *out);
    out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(host)}};
    assert_int_equal(bind(fd, &out->any, sizeof out->v4), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, &out->any, &len), 0);
    return fd;
}

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

static int start(void **unused)
{
    (void)unused;
    listener = listen_on(&address, INADDR_LOOPBACK);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(listener);
    return 0;
}

static int finish(void **unused)
{
    (void)unused;
    close(listener);
    close(epoll);
    return 0;
}

/* Waits once and reads the data. Returns the descriptor that became ready; -1: none in time. */
static int wait_for_events(int ms, struct cg_conn *conn)
{
    struct epoll_event event;
    char bytes[16];
    socklen_t len = sizeof conn->peer;
    if (epoll_wait(epoll, &event, 1, ms) != 1)
        return -1;
    if (event.data.fd != listener) {
        assert_int_equal(recv(event.data.fd, bytes, sizeof bytes, 0), 1); /* one octet only */
        return event.data.fd;
    }
    memset(conn, 0, sizeof *conn);
    conn->role = CG_ROLE_LISTENER;
    int fd = accept4(listener, &conn->peer.any, &len, SOCK_CLOEXEC);
    watch(fd);
    return fd;
}

static void a_wait_ends_when_work_is_due(void **unused)
{
    (void)unused;
    struct cg_conn conn;
    struct cg_self_connect *self = cg_self_connect_start(&address, NULL);
    assert_non_null(self);
    assert_int_equal(wait_for_events(100, &conn), -1); /* no event */
    cg_self_connect_due(self, 1);
    int fd = wait_for_events(LONG_MS, &conn);
    assert_true(fd >= 0 && cg_self_connect_made(&conn));
    assert_false(cg_self_connect_made(&conn)); /* another client may have the port now */
    for (int i = 0; i < 20; i++) {             /* the connection is reused */
        cg_self_connect_due(self, 1);
        assert_int_equal(wait_for_events(LONG_MS, &conn), fd);
    }
    struct epoll_event event;
    char octet;
    cg_self_connect_due(self, -1); /* closed when no work is due, since the broker counts it as a client */
    assert_int_equal(epoll_wait(epoll, &event, 1, LONG_MS), 1);
    assert_int_equal(event.data.fd, fd);
    assert_int_equal(recv(fd, &octet, 1, 0), 0);
    cg_self_connect_stop(self);
    close(fd);
    cg_self_connect_due(NULL, 1);
    cg_self_connect_stop(NULL);
}

static void a_client_is_not_recognized_as_own(void **unused)
{
    (void)unused;
    struct cg_conn conn;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &address.any, sizeof address.v4), 0);
    int taken = wait_for_events(LONG_MS, &conn);
    assert_false(cg_self_connect_made(&conn));
    close(fd);
    close(taken);
    cg_self_connect_probe(&address);
    taken = wait_for_events(LONG_MS, &conn);
    assert_true(cg_self_connect_made(&conn));
    close(taken);
    const union cg_address none = {.any.sa_family = AF_UNSPEC};
    assert_null(cg_self_connect_start(&none, NULL));
}

/* ---- finding the listeners */

static struct cg_policy *policy_of(const char *json)
{
    struct cg_error err = {""};
    struct cg_policy *policy = cg_policy_parse("test", json, strlen(json), &err);
    if (!policy)
        fail_msg("%s", err.text);
    return policy;
}

static struct cg_conn tls_on(const union cg_address *local, uint32_t host)
{
    struct cg_conn conn = {.role = CG_ROLE_LISTENER, .local = *local};
    conn.local.v4.sin_addr.s_addr = htonl(host);
    return conn;
}

static void listeners_with_tls_do_not_count(void **unused)
{
    (void)unused;
    char json[200];
    union cg_address any, unknown;
    int second = listen_on(&any, INADDR_ANY);
    unsigned plain = ntohs(address.v4.sin_port), tls = ntohs(any.v4.sin_port);
    snprintf(json, sizeof json, "{\"trust\":{\"anchors\":\"a\"},\"listeners\":[{\"port\":%u,\"plain\":\"allow\"}]}",
             plain);
    struct cg_policy *mixed = policy_of(json), *deny = policy_of("{\"trust\":{\"anchors\":\"a\"}}"),
                     *allow = policy_of("{\"trust\":{\"anchors\":\"a\"},\"plain\":\"allow\"}");
    struct cg_listening *listening = cg_listening_new();
    assert_int_equal(cg_listening_plaintext(listening, mixed), CG_PLAINTEXT_DIFFERS);
    assert_int_equal(cg_listening_plaintext(listening, deny), CG_PLAINTEXT_DENY);
    assert_int_equal(cg_listening_plaintext(listening, allow), CG_PLAINTEXT_ALLOW);
    size_t found = 0;
    for (size_t i = 0; cg_listening_unknown(listening, i, &unknown); i++)
        found += unknown.any.sa_family == AF_INET && ntohs(unknown.v4.sin_port) == tls &&
                 unknown.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK); /* an address to connect to */
    assert_int_equal(found, 1);
    struct cg_conn bridge = tls_on(&any, INADDR_LOOPBACK);
    bridge.role = CG_ROLE_BRIDGE;
    cg_listening_saw_tls(listening, &bridge);
    assert_int_equal(cg_listening_plaintext(listening, mixed), CG_PLAINTEXT_DIFFERS);
    const struct cg_conn conn = tls_on(&any, INADDR_LOOPBACK);
    cg_listening_saw_tls(listening, &conn);
    assert_int_equal(cg_listening_plaintext(listening, mixed), CG_PLAINTEXT_ALLOW);
    cg_listening_free(listening);
    cg_policy_free(mixed);
    cg_policy_free(deny);
    cg_policy_free(allow);
    close(second);
}

/* Of a listening socket, Linux reports the longest queue here. */
static unsigned backlog_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    return info.tcpi_sacked;
}

static void the_backlog_is_raised(void **unused)
{
    (void)unused;
    assert_int_equal(backlog_of(listener), 16);
    cg_listening_raise_backlog();
    assert_true(backlog_of(listener) > 16);
}

/* Its clients see who called listen(). */
static void a_unix_socket_keeps_its_owner(void **unused)
{
    (void)unused;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct ucred owner = {0};
    socklen_t len = sizeof owner;
    int status = -1, fd = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "certguard-test-%d", (int)getpid()); /* abstract: no file */
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 16), 0);
    pid_t child = fork();
    if (child == 0) {
        cg_listening_raise_backlog();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &owner, &len), 0);
    assert_int_equal(owner.pid, getpid());
    close(client);
    close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_wait_ends_when_work_is_due),    CASE(a_client_is_not_recognized_as_own),
        CASE(listeners_with_tls_do_not_count), CASE(the_backlog_is_raised),
        CASE(a_unix_socket_keeps_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
