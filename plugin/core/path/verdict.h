/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The result of a check. Zero-initialized: deny.
 * The caller owns the struct; cg_verdict_clear frees what it holds. Set only by cg_check. */
#ifndef CG_VERDICT_H
#define CG_VERDICT_H

#include "core/base/reason.h"

#include <openssl/x509.h>
#include <stdbool.h>

enum cg_decision { CG_DENY = 0, CG_ACCEPT = 1 };

struct cg_finding {
    enum cg_reason reason;
    enum cg_mode mode; /* CG_ENFORCE or CG_AUDIT: rules that are off are not run */
    int depth;         /* 0 the end entity, 1 its issuer, ...; -1 the path as a whole */
    char detail[192];  /* one escaped line: what was found and expected in this case */
};

#define CG_FINDINGS_MAX 16

struct cg_verdict {
    enum cg_decision decision;
    enum cg_reason reason; /* CG_REASON_OK if there are no findings, or only audited ones */
    int depth;
    char detail[192];
    int nfindings; /* in order of precedence; at most CG_FINDINGS_MAX, more are dropped */
    struct cg_finding findings[CG_FINDINGS_MAX];
    bool complete;        /* a path with valid signatures was found, and every rule was run on it */
    bool signatures_hold; /* all of path are valid; false if the policy only audits one that is not */
    STACK_OF(X509) *path; /* end entity first, anchor last; owned; NULL if no path was found */
    /* The last second at which the rules accept the certificates, when a session ends. CG_TIME_NO_END: no enforced rule limits
     * it, or no dates were checked. */
    int64_t not_after;
};

/* The X509_V_ERR_* with which OpenSSL sends the right alert; X509_V_OK only if accepted. */
int cg_verdict_x509_error(const struct cg_verdict *verdict);

/* The first audited finding, which would refuse the peer if it were enforced; or NULL. */
const struct cg_finding *cg_verdict_audited(const struct cg_verdict *verdict);

void cg_verdict_clear(struct cg_verdict *verdict); /* leaves it zero: deny */

#endif
