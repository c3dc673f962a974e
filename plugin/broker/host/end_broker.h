/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ends the broker for a fault that it must not run with. Called by listener_checks.c. */
#ifndef CG_END_BROKER_H
#define CG_END_BROKER_H

/* The broker ends as by SIGTERM: sessions and retained messages are saved, other plugins and the log are closed. Its exit
 * status is then 1, where Mosquitto would say 0 and a supervisor would take it for an end that was wanted. */
void cg_end_broker(void);

#endif
