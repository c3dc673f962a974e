/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ends the broker because of a fault. Called by listener_checks.c. */
#ifndef CG_END_BROKER_H
#define CG_END_BROKER_H

/* Ends the broker as SIGTERM does: it saves sessions and retained messages and closes other plugins and the log. The exit
 * status is 1 instead of 0, so that a supervisor sees a failure. */
void cg_end_broker(void);

#endif
