/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* X509_verify_cert on exactly one path: signatures, basicConstraints, path length, name constraints and certificate
 * policies are OpenSSL's to check; dates, purposes, names and revocation are our own rules.
 * The caller owns everything. Called by check. */
#ifndef CG_VERIFY_H
#define CG_VERIFY_H

#include "core/policy/policy.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_PATH_ERRORS_MAX 32

/* What OpenSSL said: each X509_V_ERR_* once, at the certificate nearest to the anchor that it was said of. */
struct cg_path_errors {
    bool cut_short; /* a signature is bad, and the policy enforces that: the rest of the path was not looked at */
    int count;
    struct {
        enum cg_reason reason;
        int error, depth;
    } item[CG_PATH_ERRORS_MAX];
};

/* Verifies path (end entity first, anchor last). False: it could not be done (no memory, or OpenSSL used another path
 * than this one), and *reason says so. True: errors holds all that is wrong, in the order in which it was found.
 * signatures_known: they were verified before on this very path; all else is checked. */
bool cg_path_verify(const STACK_OF(X509) *path, const struct cg_profile *profile, bool signatures_known,
                    struct cg_path_errors *errors, enum cg_reason *reason);

#endif
