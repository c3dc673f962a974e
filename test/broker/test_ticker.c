/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A wait for events, as the broker's loop has it, ends early while ticks are asked for, and only then. */
#include "ticker.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS 20000 /* no machine is so slow that a timer takes that long */

static int wait_for_events(int ms)
{
    struct epoll_event event;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int found = epoll_wait(epoll, &event, 1, ms), error = errno;
    close(epoll);
    errno = error;
    return found;
}

static void a_wait_ends_early_while_ticks_are_asked_for(void **unused)
{
    (void)unused;
    struct cg_ticker *ticker = cg_ticker_start();
    assert_non_null(ticker);
    cg_ticker_ask(ticker, 1);
    for (int i = 0; i < 3; i++) { /* also when nothing is asked anew */
        assert_int_equal(wait_for_events(LONG_MS), -1);
        assert_int_equal(errno, EINTR);
    }
    cg_ticker_ask(ticker, 100); /* the broker ticks by itself then */
    wait_for_events(20);        /* what was under way */
    assert_int_equal(wait_for_events(100), 0);
    cg_ticker_stop(ticker);
}

static void it_is_left_out_where_the_signal_has_another_user(void **unused)
{
    (void)unused;
    struct cg_ticker *first = cg_ticker_start();
    assert_null(cg_ticker_start());
    cg_ticker_stop(first);
    struct cg_ticker *again = cg_ticker_start();
    assert_non_null(again);
    cg_ticker_ask(again, 1);
    cg_ticker_stop(again);
    assert_int_equal(wait_for_events(50), 0);
    cg_ticker_ask(NULL, 1);
    cg_ticker_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_early_while_ticks_are_asked_for),
        cmocka_unit_test(it_is_left_out_where_the_signal_has_another_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
