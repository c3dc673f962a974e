/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands of the control topic: a const table with one row per command. Each call does at most a few ms of work.
 * Called by control.c, which has checked the sender's right. */
#ifndef CG_CONTROL_COMMANDS_H
#define CG_CONTROL_COMMANDS_H

#include "control_dryrun.h"
#include "control_ops.h"

#include "core/base/error.h"

#include <cjson/cJSON.h>

/* A running command. */
struct cg_command {
    /* borrowed */
    const struct cg_control_ops *ops;
    const struct cg_control_context *context; /* of this call */
    const struct cg_conn *sender;
    const cJSON *request;
    cJSON *data;              /* members of the answer; owned by the caller */
    struct cg_error err;      /* "": no error */
    bool started;             /* not the first call */
    bool reload;              /* the caller must start a reload */
    uint64_t count_number;    /* of the session count that "status" waits for */
    struct cg_dryrun *dryrun; /* freed by the caller */
};

enum cg_step {
    CG_STEP_DONE = 0, /* data or err is set */
    CG_STEP_LATER,    /* call again at the next poll */
};

/* An unknown command is done, with an error. */
enum cg_step cg_command_run(struct cg_command *command);

#endif
