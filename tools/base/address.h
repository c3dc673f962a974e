/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* IP addresses as text. Any thread; nothing is owned. */
#ifndef CG_ADDRESS_H
#define CG_ADDRESS_H

#include <stddef.h>

/* The octets of an IPv4 (4) or IPv6 address (16) in network order; 0: the text is not an address, and out is unset. */
size_t cg_address_octets(const char *text, unsigned char out[16]);

#endif
