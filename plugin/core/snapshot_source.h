/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The source of a snapshot, and the checks that the layers above add. Filled by broker and the tool; strings are
 * borrowed. */
#ifndef CG_SNAPSHOT_SOURCE_H
#define CG_SNAPSHOT_SOURCE_H

#include "core/base/error.h"
#include "core/policy/policy.h"
#include "credential.h"

#include <stdbool.h>

/* Exactly one of policy and anchors is set. */
struct cg_snapshot_source {
    const char *policy;
    const char *anchors;
    const char *event_log; /* overrides log.file; may be NULL */
    bool hold;             /* at start: load a credential that is refused only for its dates, and put it on hold */
    bool without_state;    /* check only the files, not what was in use before */
};

/* Checks that only the layers above can do; state may be NULL. False with *err: the part is not used. Any thread may
 * call them. */
struct cg_snapshot_preflight {
    bool (*policy)(const struct cg_policy *policy, struct cg_error *err);
    bool (*credential)(const struct cg_credential *credential, const struct cg_listener_policy *listener,
                       struct cg_error *err);
    /* The folder of the policy's "state", if it was not in use before. */
    bool (*state)(const char *folder, struct cg_error *err);
};

#endif
