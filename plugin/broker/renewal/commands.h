/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of signers: what the CA does to the folder otherwise, over the control topic. Worker only. */
#ifndef CG_RENEWAL_COMMANDS_H
#define CG_RENEWAL_COMMANDS_H

#include "requests.h"

/* Runs a task of CG_WORK_COMMAND: fills in data_out, or err. */
void cg_signer_command(struct cg_requests *requests, struct cg_work *task);

#endif
