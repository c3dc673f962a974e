/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a snapshot is loaded from, and what the layers above say about its parts. */
#ifndef CG_SNAPSHOT_SOURCE_H
#define CG_SNAPSHOT_SOURCE_H

#include "core/base/error.h"
#include "core/policy/policy.h"
#include "credential.h"

#include <stdbool.h>

/* exactly one of policy and anchors is set; strings are borrowed */
struct cg_snapshot_source {
    const char *policy;
    const char *anchors;
    const char *event_log; /* overrides log.file; may be NULL */
    bool hold;             /* at the start: a credential that is refused for its time alone is loaded and held */
    bool without_state;    /* files alone are judged, whatever was in use before */
};

/* What only the layers above can say about a part; state may be NULL. False, and *err: the part is not taken. Any thread. */
struct cg_snapshot_preflight {
    bool (*policy)(const struct cg_policy *policy, struct cg_error *err);
    bool (*credential)(const struct cg_credential *credential, const struct cg_listener_policy *listener,
                       struct cg_error *err);
    /* The folder of the policy's "state", when it was not in use before. */
    bool (*state)(const char *folder, struct cg_error *err);
};

#endif
