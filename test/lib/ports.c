/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/pki_parts.h"

/* the same values as in ports.sh */
#define PORT_FIRST 20000
#define BLOCKS     500
#define IN_BLOCK   20

static bool is_free(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is;
}

/* The descriptor stays open, also in the brokers that this process starts: the lock lasts until all of them have ended. */
static bool lock_block(unsigned block)
{
    char path[64];
    int length = snprintf(path, sizeof path, "/tmp/certguard-ports.%u", (unsigned)geteuid());
    (void)mkdir(path, 0700);
    snprintf(path + length, sizeof path - (size_t)length, "/%u", block);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (fd >= 0)
        close(fd);
    return false;
}

static unsigned next_block(void)
{
    uint16_t start = 0;
    if (getrandom(&start, sizeof start, 0) != sizeof start)
        pki_die(NULL, "no random bytes", "");
    for (unsigned i = 0; i < BLOCKS; i++)
        if (lock_block((start + i) % BLOCKS))
            return (start + i) % BLOCKS;
    pki_die(NULL, "no free port: all blocks are locked", "/tmp/certguard-ports.*");
}

uint16_t cg_free_port(void)
{
    static unsigned block, used = IN_BLOCK;
    for (;;) {
        if (used == IN_BLOCK) {
            block = next_block();
            used = 0;
        }
        uint16_t port = (uint16_t)(PORT_FIRST + block * IN_BLOCK + used++);
        if (is_free(port))
            return port;
    }
}
