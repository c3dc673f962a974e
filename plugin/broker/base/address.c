/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Converts IPv4 addresses to IPv4-mapped ones. */
static bool as_ipv6(const union cg_address *address, struct in6_addr *out)
{
    if (address->any.sa_family == AF_INET6) {
        *out = address->v6.sin6_addr;
        return true;
    }
    if (address->any.sa_family != AF_INET)
        return false;
    memcpy(out->s6_addr, mapped, sizeof mapped);
    memcpy(out->s6_addr + sizeof mapped, &address->v4.sin_addr, 4);
    return true;
}

const char *cg_address_unmapped(const char *text)
{
    static const char prefix[] = "::ffff:";
    struct in_addr v4;
    bool is = text && strncmp(text, prefix, strlen(prefix)) == 0 && inet_pton(AF_INET, text + strlen(prefix), &v4) == 1;
    return is ? text + strlen(prefix) : text;
}

void cg_address_parse(const char *text, union cg_address *out)
{
    text = cg_address_unmapped(text);
    memset(out, 0, sizeof *out);
    if (text && inet_pton(AF_INET, text, &out->v4.sin_addr) == 1)
        out->any.sa_family = AF_INET;
    else if (text && inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1)
        out->any.sa_family = AF_INET6;
}

bool cg_address_same_host(const union cg_address *a, const union cg_address *b)
{
    struct in6_addr one, other;
    return as_ipv6(a, &one) && as_ipv6(b, &other) && memcmp(&one, &other, sizeof one) == 0;
}

bool cg_address_equal(const char *text, const union cg_address *address)
{
    union cg_address parsed;
    cg_address_parse(text, &parsed);
    return cg_address_same_host(&parsed, address);
}

uint16_t cg_address_port(const union cg_address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohs(address->v4.sin_port);
    return address->any.sa_family == AF_INET6 ? ntohs(address->v6.sin6_port) : 0;
}

socklen_t cg_address_length(const union cg_address *address)
{
    return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

bool cg_address_is_any(const union cg_address *address)
{
    if (address->any.sa_family == AF_INET)
        return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

void cg_address_make_loopback(union cg_address *address)
{
    if (!cg_address_is_any(address))
        return;
    if (address->any.sa_family == AF_INET)
        address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address->v6.sin6_addr = in6addr_loopback;
}

void cg_address_set_any_port(union cg_address *address)
{
    if (address->any.sa_family == AF_INET)
        address->v4.sin_port = 0;
    else
        address->v6.sin6_port = 0;
}

void cg_address_network(const union cg_address *address, unsigned char out[CG_NETWORK_BYTES])
{
    struct in6_addr network;
    memset(out, 0, CG_NETWORK_BYTES);
    if (!address || !as_ipv6(address, &network))
        return;
    memcpy(out, &network, CG_NETWORK_BYTES);
    if (memcmp(out, mapped, sizeof mapped) != 0)
        memset(out + 8, 0, 8);
}

void cg_address_network_text(const unsigned char network[CG_NETWORK_BYTES], char out[CG_NETWORK_TEXT_MAX])
{
    static const unsigned char none[CG_NETWORK_BYTES];
    char text[INET6_ADDRSTRLEN] = "";
    if (memcmp(network, none, sizeof none) == 0) {
        snprintf(out, CG_NETWORK_TEXT_MAX, "unknown");
    } else if (memcmp(network, mapped, sizeof mapped) == 0) {
        inet_ntop(AF_INET, network + sizeof mapped, out, CG_NETWORK_TEXT_MAX);
    } else {
        inet_ntop(AF_INET6, network, text, sizeof text);
        snprintf(out, CG_NETWORK_TEXT_MAX, "%s/64", text);
    }
}
