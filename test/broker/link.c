/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "link.h"

#include "lib/process.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_MS   20000 /* a sanitizer on a busy machine is slow */
#define UPGRADE_BYTES 2048
#define FRAME_PAYLOAD 125 /* of what is sent: its length fits in one octet */

/* ---- bytes */

static void forget(struct link *link)
{
    SSL_free(link->ssl);
    link->ssl = NULL;
    link->fd = -1;
    link->in_len = link->frame_len = 0;
    ERR_clear_error();
}

void link_close(struct link *link)
{
    if (link->fd < 0)
        return;
    if (link->ssl)
        SSL_shutdown(link->ssl);
    close(link->fd);
    forget(link);
}

void link_reset(struct link *link)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (link->fd < 0)
        return;
    setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(link->fd);
    forget(link);
}

static bool raw_send(struct link *link, const void *bytes, size_t len)
{
    if (!link->ssl)
        return cg_raw_send(link->fd, bytes, len);
    bool sent = SSL_write(link->ssl, bytes, (int)len) == (int)len;
    ERR_clear_error();
    return sent;
}

/* What is there now, without waiting; 0: nothing, -1: the end. */
static int raw_receive(struct link *link, unsigned char *out, size_t room)
{
    if (!link->ssl) {
        ssize_t got = recv(link->fd, out, room, MSG_DONTWAIT);
        return got > 0 ? (int)got : got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    }
    int got = SSL_read(link->ssl, out, (int)room);
    int error = got > 0 ? SSL_ERROR_NONE : SSL_get_error(link->ssl, got);
    ERR_clear_error();
    return got > 0 ? got : error == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* Something may be read; a whole record of TLS need not be there. */
static bool readable(const struct link *link, int64_t until_us)
{
    if (link->ssl && SSL_pending(link->ssl) > 0)
        return true;
    int64_t left = until_us - cg_now_us();
    struct pollfd ready = {.fd = link->fd, .events = POLLIN};
    return poll(&ready, 1, left > 0 ? (int)(left / 1000 + 1) : 0) == 1;
}

/* ---- websockets, RFC 6455 */

static bool upgrade(struct link *link)
{
    static const char request[] = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
    char answer[UPGRADE_BYTES] = "";
    size_t len = 0;
    int64_t until = cg_now_us() + PATIENCE_MS * INT64_C(1000);
    if (!raw_send(link, request, sizeof request - 1))
        return false;
    while (len + 1 < sizeof answer && !strstr(answer, "\r\n\r\n")) {
        if (!readable(link, until) && cg_now_us() >= until)
            return false;
        int got = raw_receive(link, (unsigned char *)answer + len, sizeof answer - 1 - len);
        if (got < 0)
            return false;
        len += (size_t)got;
        answer[len] = '\0';
    }
    return strstr(answer, " 101 ") != NULL;
}

/* One binary frame, its mask 0: the mask is for proxies, and there is none here. */
static bool send_frame(struct link *link, const unsigned char *bytes, size_t len)
{
    unsigned char frame[6 + FRAME_PAYLOAD] = {0x82, (unsigned char)(0x80 | len)};
    memcpy(frame + 6, bytes, len);
    return raw_send(link, frame, 6 + len);
}

/* Bytes of the frame's head and of its payload; false: they have not come yet. */
static bool frame_size(const struct link *link, size_t *head, size_t *payload)
{
    const unsigned char *frame = link->frame;
    if (link->frame_len < 4)
        return false;
    bool wide = frame[1] == 126;
    *head = wide ? 4 : 2;
    *payload = wide ? (size_t)frame[2] << 8 | frame[3] : frame[1];
    return link->frame_len >= *head + *payload;
}

/* Moves whole frames to the MQTT bytes. False: a close frame, or one that is larger than anything that we asked for. */
static bool take_frames(struct link *link)
{
    size_t head, payload;
    while (frame_size(link, &head, &payload)) {
        if (link->frame[0] == 0x88 || payload > sizeof link->in - link->in_len)
            return false;
        if ((link->frame[0] & 0x0f) <= 2)
            memcpy(link->in + link->in_len, link->frame + head, payload);
        link->in_len += (link->frame[0] & 0x0f) <= 2 ? payload : 0;
        link->frame_len -= head + payload;
        memmove(link->frame, link->frame + head + payload, link->frame_len);
    }
    return link->frame_len < sizeof link->frame;
}

/* ---- packets */

bool link_send(struct link *link, const void *bytes, size_t len)
{
    if (!link->websocket)
        return raw_send(link, bytes, len);
    const unsigned char *at = bytes;
    for (size_t part; len > 0; at += part, len -= part) {
        part = len < FRAME_PAYLOAD ? len : FRAME_PAYLOAD;
        if (!send_frame(link, at, part))
            return false;
    }
    return true;
}

/* What there is now goes to the MQTT bytes; false: the end. */
static bool fill(struct link *link)
{
    unsigned char *to = link->websocket ? link->frame + link->frame_len : link->in + link->in_len;
    size_t room = link->websocket ? sizeof link->frame - link->frame_len : sizeof link->in - link->in_len;
    int got = raw_receive(link, to, room);
    if (got < 0)
        return false;
    if (!link->websocket) {
        link->in_len += (size_t)got;
        return true;
    }
    link->frame_len += (size_t)got;
    return take_frames(link);
}

/* The length of the first packet, head included; 0: not all of it is there. */
static size_t whole_packet(const struct link *link)
{
    size_t body = 0, at = 1;
    for (unsigned shift = 0;; shift += 7, at++) {
        if (at >= link->in_len || at > 4)
            return 0;
        body |= (size_t)(link->in[at] & 0x7f) << shift;
        if (!(link->in[at] & 0x80))
            break;
    }
    return at + 1 + body <= link->in_len ? at + 1 + body : 0;
}

int link_packet(struct link *link, unsigned char packet[LINK_PACKET], int wait_ms)
{
    int64_t until = cg_now_us() + wait_ms * INT64_C(1000);
    size_t len;
    while ((len = whole_packet(link)) == 0) {
        if (link->fd < 0)
            return -1;
        if (!readable(link, until)) {
            if (cg_now_us() >= until)
                return 0;
        } else if (!fill(link))
            return -1;
    }
    memcpy(packet, link->in, len < LINK_PACKET ? len : LINK_PACKET);
    link->in_len -= len;
    memmove(link->in, link->in + len, link->in_len);
    return (int)len;
}

static void set_patience(int fd)
{
    const struct timeval wait = {.tv_sec = PATIENCE_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

/* Reads must not wait for the rest of a record when the handshake is done. */
static void stop_waiting(int fd)
{
    const struct timeval moment = {.tv_usec = 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
}

bool link_open(struct link *link, enum link_how how, const struct cg_client_spec *spec)
{
    *link = (struct link){.fd = -1, .websocket = how == LINK_WEBSOCKET};
    link->ssl = how == LINK_PLAIN ? NULL : cg_client_ssl(spec);
    if (how != LINK_PLAIN && !link->ssl)
        abort(); /* a wrong recipe */
    link->fd = cg_raw_open(spec->port, &link->local_port);
    if (link->fd < 0) {
        forget(link);
        return false;
    }
    set_patience(link->fd);
    bool ok = !link->ssl || (SSL_set_fd(link->ssl, link->fd) == 1 && SSL_connect(link->ssl) == 1);
    stop_waiting(link->fd);
    ok = ok && (!link->websocket || upgrade(link));
    if (!ok)
        link_close(link);
    return ok;
}

static size_t put_text(unsigned char *out, const char *text)
{
    size_t len = strlen(text);
    out[0] = (unsigned char)(len >> 8);
    out[1] = (unsigned char)len;
    memcpy(out + 2, text, len);
    return len + 2;
}

/* Properties, their length in front: that the session outlives the connection for a minute, and the method with its
 * data. */
static size_t put_properties(unsigned char *out, bool persistent, const char *method, const char *data)
{
    static const unsigned char expiry[] = {0x11, 0, 0, 0, 60};
    size_t n = 1;
    if (persistent) {
        memcpy(out + n, expiry, sizeof expiry);
        n += sizeof expiry;
    }
    if (method) {
        out[n++] = 0x15;
        n += put_text(out + n, method);
    }
    if (data) {
        out[n++] = 0x16;
        n += put_text(out + n, data);
    }
    out[0] = (unsigned char)(n - 1);
    return n;
}

size_t link_connect_packet(const struct link_connect *connect, unsigned char out[256])
{
    size_t n = 2;
    n += put_text(out + n, "MQTT");
    out[n++] = connect->mqtt5 ? 5 : 4;
    out[n++] = (unsigned char)((connect->persistent ? 0 : 0x02) | (connect->will ? 0x04 : 0));
    out[n++] = 0;
    out[n++] = connect->keep_alive;
    if (connect->mqtt5)
        n += put_properties(out + n, connect->persistent, connect->method, NULL);
    n += put_text(out + n, connect->client_id);
    if (connect->will) {
        if (connect->mqtt5)
            out[n++] = 0;
        n += put_text(out + n, connect->will);
        n += put_text(out + n, connect->client_id);
    }
    out[0] = 0x10;
    out[1] = (unsigned char)(n - 2); /* all of ours are short */
    return n;
}

size_t link_auth_packet(const char *method, const char *data, unsigned char out[256])
{
    size_t n = 2;
    out[n++] = 0x18; /* continue authentication */
    n += put_properties(out + n, false, method, data);
    out[0] = 0xf0;
    out[1] = (unsigned char)(n - 2);
    return n;
}

size_t link_subscribe_packet(bool mqtt5, const char *topic, unsigned char out[256])
{
    size_t n = 2;
    out[n++] = 0;
    out[n++] = 2;
    if (mqtt5)
        out[n++] = 0;
    n += put_text(out + n, topic);
    out[n++] = 0;
    out[0] = 0x82;
    out[1] = (unsigned char)(n - 2);
    return n;
}

size_t link_publish_packet(bool mqtt5, const char *topic, bool qos1, const void *payload, size_t len,
                           unsigned char *out)
{
    size_t body = 2 + strlen(topic) + (qos1 ? 2 : 0) + (mqtt5 ? 1 : 0) + len, n = 0;
    out[n++] = qos1 ? 0x32 : 0x30;
    do {
        out[n] = (unsigned char)(body % 128 | (body >= 128 ? 0x80 : 0));
        body /= 128;
    } while (out[n++] & 0x80);
    n += put_text(out + n, topic);
    if (qos1) {
        out[n++] = 0;
        out[n++] = 1;
    }
    if (mqtt5)
        out[n++] = 0;
    memcpy(out + n, payload, len);
    return n + len;
}
