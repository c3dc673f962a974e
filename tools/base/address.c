/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "address.h"

#include <arpa/inet.h>

size_t cg_address_octets(const char *text, unsigned char out[16])
{
    return inet_pton(AF_INET, text, out) == 1 ? 4 : inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}
