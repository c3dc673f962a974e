/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One immutable configuration: policy, trust stores (for clients, the broker's own certificate and bridges) and
 * credentials. Reference counted. A handshake keeps the snapshot that it started with. Made by snapshot_load.h; used
 * by broker, tls and the tool. */
#ifndef CG_SNAPSHOT_H
#define CG_SNAPSHOT_H

#include "core/crl/crl_numbers_table.h"
#include "core/file/file_state.h"
#include "core/policy/policy.h"
#include "core/renewal/statements.h"
#include "core/trust/trust.h"
#include "credential.h"

#include <stdatomic.h>
#include <stdint.h>

struct cg_snapshot {
    atomic_int references;
    uint64_t number; /* set by the caller: 1, 2, ... */
    struct cg_policy *policy;
    struct cg_trust *trust;
    struct cg_trust *server_trust; /* for the broker's own certificate; same as trust if the policy names none */
    struct cg_trust *bridge_trust; /* the same for bridges; each of the three is a separate reference */
    struct cg_crl_numbers
        *numbers; /* the highest that were ever in use: from policy->state, the previous snapshot and this one */
    struct cg_credentials *credentials; /* by section of the policy (cg_policy_section); see below */
    struct cg_statements *statements;   /* about roots, for devices that renew over MQTT; NULL: none */
    char policy_changes[200];           /* cg_policy_changes since the previous one */
    struct cg_file_states trust_files, server_trust_files,
        bridge_trust_files; /* the state of the certificate files of the trust stores */
};

struct cg_snapshot *cg_snapshot_ref(struct cg_snapshot *snapshot); /* +1, returns its argument */
void cg_snapshot_free(struct cg_snapshot *snapshot);               /* NULL is fine */

/* Used while a snapshot is built: drops its trust stores. */
void cg_snapshot_drop_trusts(struct cg_snapshot *snapshot);

/* What a section of the policy, or a port, serves. Never NULL; none: the certificate of mosquitto.conf. */
const struct cg_credentials *cg_snapshot_credentials_of(const struct cg_snapshot *snapshot, size_t section);
const struct cg_credentials *cg_snapshot_credentials(const struct cg_snapshot *snapshot, uint16_t port);

#endif
