/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands by which signers fetch the requests of a renewal over MQTT and deliver answers (docs/control.md), and its part of
 * "status". The worker of renewal does the input and output, so each command is called again until it is done. Called by
 * control_commands.c. */
#ifndef CG_CONTROL_RENEWAL_H
#define CG_CONTROL_RENEWAL_H

#include "control_command.h"

enum cg_step cg_control_list_requests(struct cg_command *command);
enum cg_step cg_control_deliver(struct cg_command *command);
enum cg_step cg_control_refuse(struct cg_command *command);
enum cg_step cg_control_forget(struct cg_command *command);

/* Adds "renewal" to the status, unless renewal is off. */
void cg_control_add_renewal(cJSON *status, const struct cg_renewal *renewal);

#endif
