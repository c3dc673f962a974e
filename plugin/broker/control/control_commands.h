/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of the control topic: a const table with one row per command. Each call does at most a few ms of work.
 * Called by control.c, which has checked the sender's right. */
#ifndef CG_CONTROL_COMMANDS_H
#define CG_CONTROL_COMMANDS_H

#include "control_command.h"

/* An unknown command is done, with an error. */
enum cg_step cg_command_run(struct cg_command *command);

#endif
