/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* Any IP address as IPv6, IPv4 as mapped. */
static bool as_ipv6(const struct sockaddr *address, struct in6_addr *out)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address->sa_family == AF_INET6) {
        *out = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        return true;
    }
    if (address->sa_family != AF_INET)
        return false;
    memcpy(out->s6_addr, mapped, sizeof mapped);
    memcpy(out->s6_addr + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    return true;
}

const char *cg_address_unmapped(const char *text)
{
    static const char mapped[] = "::ffff:";
    struct in_addr v4;
    bool is = text && strncmp(text, mapped, strlen(mapped)) == 0 && inet_pton(AF_INET, text + strlen(mapped), &v4) == 1;
    return is ? text + strlen(mapped) : text;
}

void cg_address_parse(const char *text, struct sockaddr_storage *out)
{
    text = cg_address_unmapped(text);
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out;
    memset(out, 0, sizeof *out);
    if (text && inet_pton(AF_INET, text, &in->sin_addr) == 1)
        out->ss_family = AF_INET;
    else if (text && inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        out->ss_family = AF_INET6;
}

bool cg_address_equal(const char *text, const struct sockaddr *address)
{
    struct sockaddr_storage parsed = {0};
    struct in6_addr one, other;
    cg_address_parse(text, &parsed);
    return as_ipv6((const struct sockaddr *)(const void *)&parsed, &one) && as_ipv6(address, &other) &&
           memcmp(&one, &other, sizeof one) == 0;
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

bool cg_address_same_host(const union cg_address *a, const union cg_address *b)
{
    struct in6_addr one, other;
    return as_ipv6(&a->any, &one) && as_ipv6(&b->any, &other) && memcmp(&one, &other, sizeof one) == 0;
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
