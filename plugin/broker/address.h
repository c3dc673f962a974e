/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Comparing what the broker says of a client (an address as text) with sockets. Pure but for the look at the
 * process's own sockets. Called by auth.c from the main thread. */
#ifndef CG_ADDRESS_H
#define CG_ADDRESS_H

#include "tls/conn.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* IPv4 and IPv4-mapped IPv6 are the same address. False for anything that is not an IP address. */
bool cg_address_equal(const char *text, const struct sockaddr *address);

/* Text to address without port; AF_UNSPEC when it is none. */
void cg_address_parse(const char *text, struct sockaddr_storage *out);

typedef bool (*cg_port_fn)(const void *context, uint16_t port);

/* Mosquitto 2.0 does not tell which listener a client came to. Looks at the process's own connected sockets from
 * that address which are no TLS connection in the list conns, and asks allowed for the local port of each.
 * True when there is at least one, and all are allowed. */
bool cg_address_plain_ports_allowed(const char *text, const struct cg_conn *conns, cg_port_fn allowed,
                                    const void *context);

#endif
