/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One immutable state of the world: policy, trust (clients', the broker's own, bridges'), credentials. Reference counted; the handshake
 * holds the one that it started with. At the start it is built whole or not at all. Later each part is taken by itself:
 * what is bad, half written or gone stays what it was, and holds nothing else back.
 * Called by broker (load, swap), tls (use), the tool. */
#ifndef CG_SNAPSHOT_H
#define CG_SNAPSHOT_H

#include "credential.h"
#include "error.h"
#include "faults.h"
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
    bool hold;             /* at the start: a credential that is refused for its time alone is loaded and held */
    bool without_state;    /* files alone are judged, whatever was in use before */
};

struct cg_snapshot {
    atomic_int references;
    uint64_t number; /* set by the caller: 1, 2, ... */
    struct cg_policy *policy;
    struct cg_trust *trust;
    struct cg_trust *server_trust;         /* of the broker's own certificate; trust where the policy names none */
    struct cg_trust *bridge_trust;         /* same pointer as trust where the policy names none */
    struct cg_crl_numbers *numbers;        /* the highest that were ever in use: of policy->state, before, and now */
    struct cg_credential *base_credential; /* of policy->base; NULL: the broker's own is served */
    struct cg_credential **credentials;    /* by policy->listeners index; NULL entries: the broker's own is served */
    char policy_changes[200];              /* cg_policy_changes since the previous one */
    struct cg_stamps trust_files, server_trust_files, bridge_trust_files; /* of the certificates of the trust stores */
    struct cg_stamps base_credential_files; /* of the credentials, to know that they have not changed */
    struct cg_stamps *credential_files;     /* by policy->listeners index */
};

/* What only the layers above can say about a part; state may be NULL. False, and *err: the part is not taken. Any thread. */
struct cg_snapshot_proofs {
    bool (*policy)(const struct cg_policy *policy, struct cg_error *err);
    bool (*credential)(const struct cg_credential *credential, const struct cg_listener_policy *listener,
                       struct cg_error *err);
    /* The folder of the policy's "state", when it was not in use before. */
    bool (*state)(const char *folder, struct cg_error *err);
};

/* Loads everything and runs cg_check (purpose server) on each credential: rules that are enforced fail it. No other part looks
 * at the time, so that a clock that is not set yet fails nothing where source->hold is set.
 * NULL, *err and *fault (a reason of files, or the rule that a credential breaks; may be NULL) on the first fault.
 * proofs: may be NULL. seen: NULL, or gets a stamp of every file and folder that was tried, on failure too: what to watch.
 * The caller clears it. */
struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source, const struct cg_snapshot_proofs *proofs,
                                     int64_t now, struct cg_stamps *seen, enum cg_reason *fault, struct cg_error *err);

/* The same beside one that serves, part by part: the policy together with the certificates of trust that it names; else
 * these certificates by themselves; each CRL; each credential. What has not changed is shared. Each part that stays what
 * it was although its files say otherwise is in *faults, and so is a credential in use that the new trust or policy would
 * not take: it goes on to serve, since clients would be worse off without. NULL: nothing is new (or no memory, which is a
 * fault). */
struct cg_snapshot *cg_snapshot_reload(const struct cg_snapshot_source *source, const struct cg_snapshot_proofs *proofs,
                                       const struct cg_snapshot *previous, int64_t now, struct cg_stamps *seen,
                                       struct cg_faults *faults);

struct cg_snapshot *cg_snapshot_take(struct cg_snapshot *snapshot); /* +1, returns its argument */
void cg_snapshot_release(struct cg_snapshot *snapshot);             /* NULL is fine */

/* The credential for a port, or NULL: the broker's own. */
const struct cg_credential *cg_snapshot_credential(const struct cg_snapshot *snapshot, uint16_t port);

#endif
