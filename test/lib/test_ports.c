/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Programs and shells that request ports in parallel never get the same one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/ports.h"

#define CHILDREN 80
#define EACH     5

/* Each child holds its ports until it is killed. */
static _Noreturn void run_program(int output)
{
    for (int i = 0; i < EACH; i++)
        (void)dprintf(output, "%u\n", (unsigned)cg_free_port());
    for (;;)
        pause();
}

static _Noreturn void run_shell(int output)
{
    if (dup2(output, STDOUT_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", ". \"$1\"; for _ in 1 2 3 4 5; do free_port; done; exec sleep 600", "sh", PORTS_SH,
              (char *)NULL);
    _exit(1);
}

static void parallel_requests_get_different_ports(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            close(ends[0]);
            if (i % 2)
                run_program(ends[1]);
            run_shell(ends[1]);
        }
    }
    close(ends[1]);
    FILE *ports = fdopen(ends[0], "r");
    assert_non_null(ports);
    static unsigned char seen[UINT16_MAX + 1];
    char line[32];
    unsigned twice = 0, count = 0;
    for (; count < CHILDREN * EACH && fgets(line, sizeof line, ports); count++) {
        unsigned long port = strtoul(line, NULL, 10);
        assert_true(port >= 20000 && port < 30000);
        twice += seen[port]++;
    }
    for (int i = 0; i < CHILDREN; i++)
        kill(child[i], SIGKILL);
    for (int i = 0; i < CHILDREN; i++)
        waitpid(child[i], NULL, 0);
    fclose(ports);
    assert_int_equal(count, CHILDREN * EACH);
    assert_int_equal(twice, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parallel_requests_get_different_ports)};
    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
