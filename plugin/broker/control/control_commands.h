/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of the control topic: one const table, a row a command. Each does at most a few ms of work.
 * Called by control.c, which has made sure that the caller may. */
#ifndef CG_CONTROL_COMMANDS_H
#define CG_CONTROL_COMMANDS_H

#include "control_dryrun.h"
#include "control_ops.h"

#include "core/base/error.h"

#include <cjson/cJSON.h>

/* One command while it runs. */
struct cg_command {
    /* borrowed */
    const struct cg_control_ops *ops;
    const struct cg_control_context *world; /* of this call */
    const struct cg_conn *caller;
    const cJSON *request;
    cJSON *data;              /* owned by the caller: the answer's members are added here */
    struct cg_error err;      /* "" when all is well */
    bool begun;               /* a LATER was given before */
    bool reload;              /* the files are to be looked at again */
    uint64_t ticket;          /* of a count that is waited for */
    struct cg_dryrun *dryrun; /* freed by the caller */
};

enum cg_step {
    CG_STEP_DONE = 0, /* data or err is filled */
    CG_STEP_LATER,    /* call again at the next pulse */
};

/* Unknown commands are done with an error. */
enum cg_step cg_command_run(struct cg_command *command);

#endif
