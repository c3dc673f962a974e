/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ticker.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Ignored where nobody handles it, so one that comes late does no harm. */
#define TICK_SIGNAL SIGURG

#define BROKER_TICKS_MS 100
#define REPEAT_MS       5 /* one that comes before the wait begins interrupts nothing: the next one does */

struct cg_ticker {
    timer_t timer;
    bool armed;
};

static void do_nothing(int number)
{
    (void)number; /* that a handler ran ends epoll_wait() with EINTR, which the broker takes for no event */
}

static bool take_signal(void)
{
    struct sigaction before, ours = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    sigemptyset(&ours.sa_mask);
    if (sigaction(TICK_SIGNAL, NULL, &before) != 0 || (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN))
        return false;
    return sigaction(TICK_SIGNAL, &ours, NULL) == 0;
}

struct cg_ticker *cg_ticker_start(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};
    event._sigev_un._tid = gettid(); /* what timer_create(2) calls sigev_notify_thread_id */
    struct cg_ticker *ticker = calloc(1, sizeof *ticker);
    if (!ticker || !take_signal()) {
        free(ticker);
        return NULL;
    }
    if (timer_create(CLOCK_MONOTONIC, &event, &ticker->timer) == 0)
        return ticker;
    signal(TICK_SIGNAL, SIG_DFL);
    free(ticker);
    return NULL;
}

void cg_ticker_stop(struct cg_ticker *ticker)
{
    if (!ticker)
        return;
    timer_delete(ticker->timer);
    signal(TICK_SIGNAL, SIG_DFL);
    free(ticker);
}

void cg_ticker_ask(struct cg_ticker *ticker, int64_t ms)
{
    if (!ticker || (ms >= BROKER_TICKS_MS && !ticker->armed))
        return;
    struct itimerspec when = {{0, 0}, {0, 0}}; /* disarmed */
    ticker->armed = ms < BROKER_TICKS_MS;
    if (ticker->armed) {
        when.it_value.tv_nsec = (ms < 1 ? 1 : ms) * 1000000;
        when.it_interval.tv_nsec = REPEAT_MS * 1000000;
    }
    timer_settime(ticker->timer, 0, &when, NULL);
}
