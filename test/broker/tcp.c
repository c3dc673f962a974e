/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* tcp PORT: what comes in goes to 127.0.0.1:PORT, what comes back goes out; until the peer closes, or 20 s without a
 * word. For tests that speak a protocol by hand. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define QUIET_MS 20000

/* False: the end. */
static bool pass(int from, int to)
{
    char bytes[4096];
    ssize_t n = read(from, bytes, sizeof bytes);
    return n > 0 && write(to, bytes, (size_t)n) == n;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_port = htons((uint16_t)(argc == 2 ? strtoul(argv[1], NULL, 10) : 0));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        return 1;
    struct pollfd waits[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    while (poll(waits, 2, QUIET_MS) > 0) {
        if (waits[0].revents && !pass(fd, STDOUT_FILENO))
            break;
        if (waits[1].revents && !pass(STDIN_FILENO, fd))
            break;
    }
    close(fd);
    return 0;
}
