/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the check found: zero-initialised means deny.
 * The caller owns the struct; cg_verdict_clear frees what it holds. Made by cg_check only. */
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
    char detail[192];  /* one escaped line with the names of this case: what was found, what was expected */
};

#define CG_FINDINGS_MAX 16

struct cg_verdict {
    enum cg_decision decision;
    enum cg_reason reason; /* CG_REASON_OK when accepted without findings or with audited ones only */
    int depth;
    char detail[192];
    int nfindings; /* in order of precedence; at most CG_FINDINGS_MAX, more are dropped */
    struct cg_finding findings[CG_FINDINGS_MAX];
    bool complete;        /* a path whose signatures hold was found, and every rule was asked about it */
    STACK_OF(X509) *path; /* end entity first, anchor last; owned; NULL where no path was found */
    int64_t not_after;    /* until when the rules accept the certificates (a session ends then); CG_TIME_NO_END: no rule
                             ends it, or there are none, or none whose dates were asked */
};

/* The X509_V_ERR_* that makes OpenSSL send the fitting alert; X509_V_OK only when accepted. */
int cg_verdict_x509_error(const struct cg_verdict *verdict);

/* The first audited finding, or NULL: what enforcing would have refused. */
const struct cg_finding *cg_verdict_audited(const struct cg_verdict *verdict);

void cg_verdict_clear(struct cg_verdict *verdict); /* leaves it zero: deny */

#endif
