/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Runs X509_verify_cert on exactly one path. OpenSSL checks signatures, basicConstraints, path length, name
 * constraints and certificate policies; certguard's rules check dates, purposes, names and revocation. The caller
 * owns everything. Called by check.c. */
#ifndef CG_VERIFY_H
#define CG_VERIFY_H

#include "core/policy/policy.h"
#include "signature_cache.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_PATH_ERRORS_MAX 32

/* The errors that OpenSSL found: each X509_V_ERR_* once, at the certificate nearest to the anchor. */
struct cg_path_errors {
    bool stopped_early;  /* a signature is invalid, and the policy enforces that: the rest was not checked */
    bool signatures_new; /* one was verified that the cache does not know */
    int count;
    struct {
        enum cg_reason reason;
        int error, depth;
    } item[CG_PATH_ERRORS_MAX];
};

/* Verifies path (end entity first, anchor last). True: errors lists everything that is wrong, in the order in which
 * it was found. False: the path could not be verified (no memory, or OpenSSL used another path), and *reason is set.
 * signatures_known: the signatures of exactly this path were verified before; everything else is checked. Else those
 * that the cache knows are not verified; NULL: OpenSSL verifies all. */
bool cg_path_verify(const STACK_OF(X509) *path, const struct cg_profile *profile, bool signatures_known,
                    struct cg_signature_cache *signatures, struct cg_path_errors *errors, enum cg_reason *reason);

#endif
