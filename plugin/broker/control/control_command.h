/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One running command of a control request. Owned by control.c, filled by the commands. */
#ifndef CG_CONTROL_COMMAND_H
#define CG_CONTROL_COMMAND_H

#include "control_dryrun.h"
#include "control_ops.h"

#include "core/base/error.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* What the lists of the policy allow a sender. */
enum cg_right {
    CG_RIGHT_ADMIN = 1,  /* admin */
    CG_RIGHT_SIGNER = 2, /* renewal.signers: only the commands of renewal, which "admin" alone does not allow */
};

/* A running command. */
struct cg_command {
    /* borrowed */
    const struct cg_control_ops *ops;
    const struct cg_control_context *context; /* of this call */
    const struct cg_conn *sender;
    unsigned rights; /* of the sender now: cg_right */
    const cJSON *request;
    cJSON *data;              /* members of the answer; owned by the caller */
    struct cg_error err;      /* "": no error */
    bool started;             /* not the first call */
    bool reload;              /* the caller must start a reload */
    uint64_t count_number;    /* of the session count that "status" waits for */
    struct cg_dryrun *dryrun; /* freed by the caller */
    enum cg_right used;       /* the right that it needs */
    uint64_t ticket;          /* of the renewal's worker, 0: none; abandoned by the caller */
    int64_t until_ms;         /* monotonic: the end of the ticket's time */
};

enum cg_step {
    CG_STEP_DONE = 0, /* data or err is set */
    CG_STEP_LATER,    /* call again at the next poll */
};

#endif
