/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verdict function: the one answer that the handshake, live sessions, the tool and every test get.
 * Pure: no clock, no files, no globals; everything it reads comes in, everything it says goes out.
 * The caller owns all inputs; nothing is kept after return but references held by verdict->path. */
#ifndef CG_CHECK_H
#define CG_CHECK_H

#include "policy.h"
#include "trust.h"
#include "verdict.h"

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
    X509 *leaf;                       /* NULL: CG_REASON_NO_CERTIFICATE */
    const STACK_OF(X509) *sent;       /* intermediates as the peer sent them, the leaf may be among them; or NULL */
    const STACK_OF(X509) *known_path; /* NULL, or verdict->path of an earlier accept of this leaf: tried first, and its
                                       * signatures, which hold for ever, are not computed again */
    const char *host;                 /* name or IP address that the leaf must have (RFC 9525); NULL: no such rule */
    int64_t now;                      /* seconds since 1970 */
};

/* Fills *out whatever happens (it is cleared first). Bounded: chain count and bytes before any work that
 * grows with them, CG_PATHS_MAX candidate paths. Leaves the OpenSSL error queue as it found it. */
void cg_check(const struct cg_check_input *in, struct cg_verdict *out);

/* Rows of the rule table, for --explain, docs and tests: the reasons that have a rule, in precedence order. */
size_t cg_rules_count(void);
enum cg_reason cg_rules_reason(size_t index);

#endif
