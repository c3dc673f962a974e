/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One immutable state of the world: policy, trust (clients', the broker's own, bridges'), credentials. Reference counted;
 * the handshake holds the one that it started with. Made by snapshot_load.h; used by broker, tls and the tool. */
#ifndef CG_SNAPSHOT_H
#define CG_SNAPSHOT_H

#include "core/crl/crl_numbers_table.h"
#include "core/file/file_state.h"
#include "core/policy/policy.h"
#include "core/trust/trust.h"
#include "credential.h"

#include <stdatomic.h>
#include <stdint.h>

struct cg_snapshot {
    atomic_int references;
    uint64_t number; /* set by the caller: 1, 2, ... */
    struct cg_policy *policy;
    struct cg_trust *trust;
    struct cg_trust *server_trust;         /* of the broker's own certificate; trust where the policy names none */
    struct cg_trust *bridge_trust;         /* the same; each of the three is a reference of its own */
    struct cg_crl_numbers *numbers;        /* the highest that were ever in use: of policy->state, before, and now */
    struct cg_credential *base_credential; /* of policy->base; NULL: the broker's own is served */
    struct cg_credential **credentials;    /* by policy->listeners index; NULL entries: the broker's own is served */
    char policy_changes[200];              /* cg_policy_changes since the previous one */
    struct cg_file_states trust_files, server_trust_files,
        bridge_trust_files;                      /* of the certificates of the trust stores */
    struct cg_file_states base_credential_files; /* of the credentials, to know that they have not changed */
    struct cg_file_states *credential_files;     /* by policy->listeners index */
};

struct cg_snapshot *cg_snapshot_ref(struct cg_snapshot *snapshot); /* +1, returns its argument */
void cg_snapshot_free(struct cg_snapshot *snapshot);               /* NULL is fine */

/* While it is made: without its trust stores again. */
void cg_snapshot_drop_trusts(struct cg_snapshot *snapshot);

/* The credential for a port, or NULL: the broker's own. */
const struct cg_credential *cg_snapshot_credential(const struct cg_snapshot *snapshot, uint16_t port);

#endif
