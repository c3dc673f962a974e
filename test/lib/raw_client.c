/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "process.h"
#include "tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int cg_raw_open(uint16_t port, uint16_t *local_port)
{
    return cg_raw_open_from(0, port, local_port);
}

int cg_raw_open_from(unsigned host, uint16_t port, uint16_t *local_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)},
                       local = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK + host)}};
    socklen_t len = sizeof local;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if ((host && bind(fd, (struct sockaddr *)&local, sizeof local) != 0) ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    getsockname(fd, (struct sockaddr *)&local, &len);
    *local_port = ntohs(local.sin_port);
    return fd;
}

bool cg_raw_send(int fd, const void *bytes, size_t len)
{
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

bool cg_raw_closed(int fd, int wait_ms)
{
    char ignored[512];
    for (int64_t left, end = cg_now_us() + wait_ms * INT64_C(1000); (left = (end - cg_now_us()) / 1000) > 0;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, (int)left) == 1 && recv(fd, ignored, sizeof ignored, 0) <= 0)
            return true;
    }
    return false;
}

int cg_raw_connack(int fd, int wait_ms)
{
    unsigned char packet[64];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, wait_ms) != 1)
        return -1;
    return recv(fd, packet, sizeof packet, 0) >= 4 && packet[0] == 0x20 ? packet[3] : -1;
}

static size_t put_text(unsigned char *out, const char *text)
{
    size_t len = strlen(text);
    out[0] = (unsigned char)(len >> 8);
    out[1] = (unsigned char)len;
    memcpy(out + 2, text, len);
    return len + 2;
}

/* MQTT 3.1.1 and 5.0 section 3.1, with clean start and keep alive 60 s. The remaining length fits into one octet. */
size_t cg_mqtt_connect(bool mqtt5, const char *client_id, const char *username, unsigned char out[256])
{
    const char *id = client_id ? client_id : "";
    if (strlen(id) + (username ? strlen(username) : 0) > 100)
        return 0;
    size_t n = 2;
    n += put_text(out + n, "MQTT");
    out[n++] = mqtt5 ? 5 : 4;
    out[n++] = (unsigned char)(0x02 | (username ? 0x80 : 0));
    out[n++] = 0;
    out[n++] = 60;
    if (mqtt5)
        out[n++] = 0;
    n += put_text(out + n, id);
    if (username)
        n += put_text(out + n, username);
    out[0] = 0x10;
    out[1] = (unsigned char)(n - 2);
    return n;
}

size_t cg_mqtt_connect_will(bool mqtt5, const char *client_id, const char *topic, unsigned char out[256])
{
    size_t n = strlen(topic) > 30 ? 0 : cg_mqtt_connect(mqtt5, client_id, NULL, out);
    if (n == 0)
        return 0;
    out[9] |= 0x04; /* will flag; QoS 0, not retained */
    if (mqtt5)
        out[n++] = 0; /* no will properties */
    n += put_text(out + n, topic);
    n += put_text(out + n, client_id);
    out[1] = (unsigned char)(n - 2);
    return n;
}
