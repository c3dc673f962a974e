/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
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

void cg_address_parse(const char *text, struct sockaddr_storage *out)
{
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

static uint16_t port_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    return address->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port) : 0;
}

static bool is_tls(int fd, const struct cg_conn *conns)
{
    while (conns && conns->fd != fd)
        conns = conns->next;
    return conns != NULL;
}

/* The local port of a socket that is connected to the address; 0 for anything else. */
static uint16_t local_port(int fd, const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr *address = (struct sockaddr *)(void *)&storage;
    socklen_t len = sizeof storage;
    if (getpeername(fd, address, &len) != 0 || !cg_address_equal(text, address))
        return 0;
    len = sizeof storage;
    return getsockname(fd, address, &len) == 0 ? port_of(address) : 0;
}

bool cg_address_plain_ports_allowed(const char *text, const struct cg_conn *conns, cg_port_fn allowed,
                                    const void *context)
{
    DIR *folder = opendir("/proc/self/fd");
    bool found = false, all = true;
    if (!folder)
        return false;
    for (const struct dirent *entry; all && (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        int fd = (int)strtol(entry->d_name, NULL, 10);
        uint16_t port = local_port(fd, text);
        if (!port || is_tls(fd, conns))
            continue;
        found = true;
        all = allowed(context, port);
    }
    closedir(folder);
    return found && all;
}
