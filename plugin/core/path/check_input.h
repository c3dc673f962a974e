/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The input of the verdict function (check.h) and of its rules. Everything is borrowed from the caller. */
#ifndef CG_CHECK_INPUT_H
#define CG_CHECK_INPUT_H

#include "core/path/signature_cache.h"
#include "core/policy/policy.h"
#include "core/trust/trust.h"

#include <openssl/x509.h>
#include <stdint.h>

enum cg_purpose {
    CG_PURPOSE_NONE = 0, /* unset: deny */
    CG_PURPOSE_CLIENT,   /* clientAuth: peers of our listeners */
    CG_PURPOSE_SERVER,   /* serverAuth: our own credential, peers of our bridges */
    CG_PURPOSE_ANY,      /* suites only: the EKU and key usage rules do not apply */
};

struct cg_check_input {
    const struct cg_profile *profile; /* the policy's rules for this role; NULL: deny */
    const struct cg_trust *trust;     /* NULL: deny */
    enum cg_purpose purpose;
    X509 *leaf;                 /* NULL: CG_REASON_NO_CERTIFICATE */
    const STACK_OF(X509) *sent; /* certificates as the peer sent them, with or without the leaf; or NULL */
    const STACK_OF(X509)
        *known_path; /* NULL, or verdict->path of an earlier accept of this leaf with verdict->signatures_hold: tried
                                       * first, without verifying its signatures again */
    struct cg_signature_cache *signatures; /* NULL: every signature is verified */
    const char *host; /* name or IP address that the leaf must have (RFC 9525); NULL: not checked */
    int64_t now;      /* seconds since 1970 */
};

#endif
