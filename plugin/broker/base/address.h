/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Socket addresses, and the addresses of clients that the broker reports as text. Pure functions; ports are in host byte
 * order. */
#ifndef CG_ADDRESS_H
#define CG_ADDRESS_H

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

uint16_t cg_address_port(const union cg_address *address);                       /* 0: not an IP address */
socklen_t cg_address_length(const union cg_address *address);                    /* for connect(2) and bind(2) */
bool cg_address_same_host(const union cg_address *a, const union cg_address *b); /* ports are not compared */
bool cg_address_is_any(const union cg_address *address);                         /* 0.0.0.0 or :: */
void cg_address_make_loopback(union cg_address *address);                        /* changes only an "any" address */

void cg_address_set_any_port(union cg_address *address); /* the system chooses one at bind(2) */

/* IPv4 and IPv4-mapped IPv6 are the same address. False for anything that is not an IP address. */
bool cg_address_equal(const char *text, const union cg_address *address);

/* Text of the IPv4 address in an IPv4-mapped address, otherwise text itself; points into text. Websocket listeners are IPv6
 * sockets and report IPv4 clients as mapped addresses. */
const char *cg_address_unmapped(const char *text);

/* The address without a port; AF_UNSPEC if text is no address. */
void cg_address_parse(const char *text, union cg_address *out);

/* The network that one host can use: an IPv4 address (as mapped IPv6), or an IPv6 /64 network. All zero for NULL and for
 * anything but an IP address. As text: "192.0.2.1", "2001:db8::/64", "unknown". */
#define CG_NETWORK_BYTES    16
#define CG_NETWORK_TEXT_MAX 56
void cg_address_network(const union cg_address *address, unsigned char out[CG_NETWORK_BYTES]);
void cg_address_network_text(const unsigned char network[CG_NETWORK_BYTES], char out[CG_NETWORK_TEXT_MAX]);

#endif
