/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An MQTT connection that is driven packet by packet, over TCP, TLS or websockets: for clients that stop half way, lie,
 * or keep silent. Every call gives up after a deadline. Owned from link_open to link_close or link_reset. Called by the
 * tests of chaos and of extended authentication. */
#ifndef CG_TEST_LINK_H
#define CG_TEST_LINK_H

#include "lib/tls_client.h"

struct link {
    int fd; /* -1: none */
    SSL *ssl;
    bool websocket;
    uint16_t local_port;
    unsigned char in[32768]; /* MQTT that came and was not looked at yet */
    size_t in_len;
    unsigned char frame[4200]; /* the same of websockets, while a frame is not whole */
    size_t frame_len;
};

enum link_how { LINK_PLAIN, LINK_TLS, LINK_WEBSOCKET };

/* TCP, and for the two others the TLS handshake, and the upgrade. False: refused on the way, and nothing is open. */
bool link_open(struct link *link, enum link_how how, const struct cg_client_spec *spec);
void link_close(struct link *link); /* close_notify and FIN */
void link_reset(struct link *link); /* RST, whatever is in flight */

bool link_send(struct link *link, const void *bytes, size_t len);

/* The next whole packet, its first octets in packet; the length that it had; 0: none came in time; -1: the end. */
#define LINK_PACKET 512
int link_packet(struct link *link, unsigned char packet[LINK_PACKET], int wait_ms);

/* ---- packets of MQTT 3.1.1 (3.1 section in each) and 5 */

struct link_connect {
    const char *client_id;
    bool mqtt5, persistent;
    unsigned char keep_alive; /* s; 0: the broker waits as long as it takes */
    const char *will;         /* topic; its payload is the client id; NULL: none */
    const char *method;       /* extended authentication, MQTT 5; NULL: none */
};
size_t link_connect_packet(const struct link_connect *connect, unsigned char out[256]);
size_t link_auth_packet(const char *method, const char *data, unsigned char out[256]);
size_t link_subscribe_packet(bool mqtt5, const char *topic, unsigned char out[256]);
/* QoS 1, packet 1, answered by a PUBACK; or QoS 0. out has room for len + 64. */
size_t link_publish_packet(bool mqtt5, const char *topic, bool qos1, const void *payload, size_t len,
                           unsigned char *out);

#endif
