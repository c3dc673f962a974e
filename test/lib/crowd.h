/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Thousands of live MQTT 5 sessions from one process, and what became of each.
 * A crowd owns its sessions. Called by tests of scale. */
#ifndef CG_TEST_CROWD_H
#define CG_TEST_CROWD_H

#include "tls_client.h"

struct cg_crowd;

/* Room for that many; raises the limit of open files, or ends the program with the reason. */
struct cg_crowd *cg_crowd_new(size_t size);
void cg_crowd_free(struct cg_crowd *crowd); /* closes what still lives */

/* count more sessions of this kind and group, client ids "LABEL-0" ... False: one was not let in. */
bool cg_crowd_add(struct cg_crowd *crowd, const struct cg_client_spec *spec, int group, const char *label,
                  size_t count);

/* A PINGREQ from each: without one a broker ends a session after a minute and a half. */
void cg_crowd_ping(const struct cg_crowd *crowd);

size_t cg_crowd_live(const struct cg_crowd *crowd, int group);

/* Sessions that ended after the broker's DISCONNECT: with this reason code (MQTT 5 section 3.14.2.1). */
size_t cg_crowd_disconnected(const struct cg_crowd *crowd, int group, int code);

/* Watches until no more than left sessions of the group live, or wait_ms have passed: the ms that it took, or -1. */
double cg_crowd_wait(struct cg_crowd *crowd, int group, size_t left, int wait_ms);

#endif
