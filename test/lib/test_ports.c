/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Programs and shells that ask for ports side by side never get the same one. */
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

#define ASKERS 80
#define EACH   5

/* From now until it is killed. */
static _Noreturn void ask_as_program(int answers)
{
    for (int i = 0; i < EACH; i++)
        (void)dprintf(answers, "%u\n", (unsigned)cg_free_port());
    for (;;)
        pause();
}

static _Noreturn void ask_as_shell(int answers)
{
    if (dup2(answers, STDOUT_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", ". \"$1\"; for _ in 1 2 3 4 5; do free_port; done; exec sleep 600", "sh", PORTS_SH,
              (char *)NULL);
    _exit(1);
}

static void test_side_by_side(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t asker[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        asker[i] = fork();
        assert_true(asker[i] >= 0);
        if (asker[i] == 0) {
            close(ends[0]);
            if (i % 2)
                ask_as_program(ends[1]);
            ask_as_shell(ends[1]);
        }
    }
    close(ends[1]);
    FILE *answers = fdopen(ends[0], "r");
    assert_non_null(answers);
    static unsigned char seen[UINT16_MAX + 1];
    char line[32];
    unsigned twice = 0, count = 0;
    for (; count < ASKERS * EACH && fgets(line, sizeof line, answers); count++) {
        unsigned long port = strtoul(line, NULL, 10);
        assert_true(port >= 20000 && port < 30000);
        twice += seen[port]++;
    }
    for (int i = 0; i < ASKERS; i++)
        kill(asker[i], SIGKILL);
    for (int i = 0; i < ASKERS; i++)
        waitpid(asker[i], NULL, 0);
    fclose(answers);
    assert_int_equal(count, ASKERS * EACH);
    assert_int_equal(twice, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_side_by_side)};
    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
