/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The steps of a device that renews its certificate through the broker it is connected to (docs/renewal.md). A run does what can be
 * done now; the next run continues, wherever this one was killed. Nothing that the broker sends is trusted: it can withhold and
 * delay. Prints nothing. Called by the verb renew. */
#ifndef CG_TOOLS_DEVICE_STEPS_H
#define CG_TOOLS_DEVICE_STEPS_H

#include "broker/connection.h"
#include "core/base/datetime.h"
#include "core/renewal/request.h"

struct cg_device_order {
    const char *folder;           /* see store.h */
    struct cg_mqtt_target target; /* without files: those of the folder are used; id NULL: see talk.h */
    int64_t now;                  /* seconds since 1970; used only if the broker does not know when it is due */
    bool only_due;                /* else a request is also made earlier, and the broker decides */
    bool dry_run;                 /* asks when it is due, and writes nothing */
    const char *hook;             /* a command to run after the pair changed (hook.h); or NULL */
};

enum cg_device_state {
    CG_DEVICE_FAILED = 0,
    CG_DEVICE_LOCKED,  /* another run uses the folder */
    CG_DEVICE_NOT_DUE, /* for seconds */
    CG_DEVICE_IS_DUE,  /* of a dry run */
    CG_DEVICE_WAITING, /* the request waits for the CA: run again after seconds */
    CG_DEVICE_BUSY,    /* the broker accepted nothing: run again after seconds */
    CG_DEVICE_UNUSED,  /* the broker does not accept the new certificate yet: run again after seconds */
    CG_DEVICE_RENEWED,
};

struct cg_device_outcome {
    enum cg_device_state state;
    int64_t seconds;
    char request[CG_RENEWAL_ID_MAX]; /* of WAITING; may be "" */
    char serial[64];                 /* of the current certificate, hexadecimal */
    char not_after[CG_TIME_TEXT_MAX];
    unsigned added, dropped; /* trust anchors */
    struct cg_error warning; /* "": none */
    struct cg_error hook;    /* why the hook failed; "": it did not */
};

/* err is set if the state is FAILED or LOCKED. */
void cg_device_renew(const struct cg_device_order *order, struct cg_device_outcome *outcome, struct cg_error *err);

#endif
