/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One immutable state of the world: policy, trust (clients' and bridges'), credentials. Built whole or not at all,
 * by any thread; reference counted; the handshake holds the one that it started with.
 * Called by broker (load, swap), tls (use), the tool. */
#ifndef CG_SNAPSHOT_H
#define CG_SNAPSHOT_H

#include "credential.h"
#include "error.h"
#include "policy.h"
#include "stamp.h"
#include "trust.h"

#include <stdatomic.h>
#include <stdint.h>

/* exactly one of policy and anchors is set; strings are borrowed */
struct cg_snapshot_source {
    const char *policy;
    const char *anchors;
    const char *event_log; /* overrides log.file; may be NULL */
};

struct cg_snapshot {
    atomic_int references;
    uint64_t number; /* set by the caller: 1, 2, ... */
    struct cg_policy *policy;
    struct cg_trust *trust;
    struct cg_trust *bridge_trust;         /* same pointer as trust where the policy names none */
    struct cg_credential *base_credential; /* of policy->base; NULL: the broker's own is served */
    struct cg_credential **credentials;    /* by policy->listeners index; NULL entries: the broker's own is served */
    char policy_changes[200];              /* cg_policy_changes since the previous one */
    struct cg_stamps trust_files, bridge_trust_files; /* those of the trust stores, to take them over unchanged */
};

/* Loads everything and runs cg_check (purpose server) on each credential: rules that are enforced fail it.
 * NULL, *err and *fault (a reason of files; may be NULL) on the first fault.
 * previous: the snapshot that serves now, NULL at the start. A trust store whose files have not changed is taken over
 * from it (a new certificate must not wait for a CRL of 240 MB), and no CRL may have a lower number than there.
 * seen: NULL, or gets a stamp of every file and folder that was tried, on failure too: what to watch. The caller clears
 * it. */
struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source, const struct cg_snapshot *previous,
                                     int64_t now, struct cg_stamps *seen, enum cg_reason *fault, struct cg_error *err);

struct cg_snapshot *cg_snapshot_take(struct cg_snapshot *snapshot); /* +1, returns its argument */
void cg_snapshot_release(struct cg_snapshot *snapshot);             /* NULL is fine */

/* The credential for a port, or NULL: the broker's own. */
const struct cg_credential *cg_snapshot_credential(const struct cg_snapshot *snapshot, uint16_t port);

#endif
