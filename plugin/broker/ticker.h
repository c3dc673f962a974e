/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto ticks when its loop wakes, on a quiet day every 100 ms, whenever a plugin would like the next tick (2.1 asks,
 * and still waits as long). While work is queued, a timer interrupts the main thread's wait for events, so that slices
 * of work need not wait.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_TICKER_H
#define CG_TICKER_H

#include <stdint.h>

struct cg_ticker;

/* To be called on the thread that is to be interrupted. NULL: no timer, or somebody else uses the signal; ticks then come
 * when the broker likes. */
struct cg_ticker *cg_ticker_start(void);
void cg_ticker_stop(struct cg_ticker *ticker); /* NULL is fine */

/* The next tick is wanted in so many ms. NULL is fine. */
void cg_ticker_ask(struct cg_ticker *ticker, int64_t ms);

#endif
