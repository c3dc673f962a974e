/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Thousands of live MQTT 5 sessions from one process, and how each of them ended.
 * A crowd owns its sessions. Called by scale tests and benchmarks, from one thread. */
#ifndef CG_TEST_CROWD_H
#define CG_TEST_CROWD_H

#include "tls_client.h"

struct cg_crowd;

/* Room for that many sessions. Raises the limit of open files; if that fails, it aborts with a message. */
struct cg_crowd *cg_crowd_new(size_t size);
void cg_crowd_free(struct cg_crowd *crowd); /* closes the sessions that are still live */

/* Connects count more sessions with this spec and group (0 to 3), with client ids "LABEL-0" and so on. False: one was not
 * accepted. */
bool cg_crowd_add(struct cg_crowd *crowd, const struct cg_client_spec *spec, int group, const char *label,
                  size_t count);

/* Sends a PINGREQ on each session: with the keep alive of 60 s, a broker ends a silent session after 90 s. */
void cg_crowd_ping(const struct cg_crowd *crowd);

size_t cg_crowd_live(const struct cg_crowd *crowd, int group);

/* The number of sessions that ended after a DISCONNECT with this reason code (MQTT 5 section 3.14.2.1). */
size_t cg_crowd_disconnected(const struct cg_crowd *crowd, int group, int code);

/* Waits until at most left sessions of the group are live. Returns the time in ms, or -1 after wait_ms. */
double cg_crowd_wait(struct cg_crowd *crowd, int group, size_t left, int wait_ms);

#endif
