/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The structs that the rows of policy_keys.c fill, before policy_load.c builds the policy from them. Their pointers
 * are backed by the policy's store. */
#ifndef CG_POLICY_DRAFT_H
#define CG_POLICY_DRAFT_H

#include "policy.h"

#include <stdint.h>

enum cg_auto { CG_AUTO = 0, CG_YES, CG_NO };

struct cg_trust_draft {
    struct cg_trust_files files;
    enum cg_auto crl_required;
    int64_t crl_max_age, crl_grace;
};

/* A section of rules that may have its own trust: server, bridge. */
struct cg_role_draft {
    struct cg_profile profile; /* first: rows of a profile fill it too */
    struct cg_trust_draft trust;
    struct cg_tls_policy tls; /* bridge */
};

struct cg_draft {
    enum cg_mode mode;
    enum cg_mode rules[CG_REASON_COUNT];
    struct cg_trust_draft trust;
    const char *state;
    struct cg_log_policy log;
    struct cg_listener_policy listener;
    struct cg_role_draft server, bridge;
    struct cg_certificate_list deny, allow, admin;
    struct cg_renewal_policy renewal;
    int64_t warn_before[8];
};

/* In rules: no mode is given here. Never in a finished policy. */
#define CG_MODE_INHERIT ((enum cg_mode)3)

#endif
