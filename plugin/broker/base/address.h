/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Addresses of sockets, and what the broker says of a client (an address as text). Pure; ports in host byte order. */
#ifndef CG_ADDRESS_H
#define CG_ADDRESS_H

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

uint16_t cg_address_port(const union cg_address *address);                       /* 0 where it is not of the Internet */
socklen_t cg_address_length(const union cg_address *address);                    /* for connect(2) and bind(2) */
bool cg_address_same_host(const union cg_address *a, const union cg_address *b); /* ports are not compared */
bool cg_address_is_any(const union cg_address *address);                         /* 0.0.0.0 or :: */
void cg_address_make_loopback(union cg_address *address); /* of an "any" address; leaves others alone */

void cg_address_set_any_port(union cg_address *address); /* the system chooses one at bind(2) */

/* IPv4 and IPv4-mapped IPv6 are the same address. False for anything that is not an IP address. */
bool cg_address_equal(const char *text, const union cg_address *address);

/* An IPv4-mapped address as the IPv4 address that it is, anything else as it came; points into text. Listeners for websockets
 * are IPv6 sockets. */
const char *cg_address_unmapped(const char *text);

/* Text to address without port; AF_UNSPEC when it is none. */
void cg_address_parse(const char *text, union cg_address *out);

/* What one host has: an IPv4 address (as mapped IPv6), or an IPv6 network of 64 bits. Of NULL, and of what is no IP address,
 * all zero. As text "192.0.2.1", "2001:db8::/64", "unknown". */
#define CG_NETWORK_BYTES    16
#define CG_NETWORK_TEXT_MAX 56
void cg_address_network(const union cg_address *address, unsigned char out[CG_NETWORK_BYTES]);
void cg_address_network_text(const unsigned char network[CG_NETWORK_BYTES], char out[CG_NETWORK_TEXT_MAX]);

#endif
