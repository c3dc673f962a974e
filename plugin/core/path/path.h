/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Candidate certification paths, depth first and bounded (RFC 4158): from the end entity over what the peer sent and
 * the policy's intermediates to an anchor of the policy, which is always the last. Never the system's trust.
 * Nothing is owned but the path while it is built. Called by check.
 *
 * The first candidate is handed out as names and key identifiers suggest it, so that the usual handshake verifies
 * each signature once. Only when that one was refused, the signatures of further candidates are verified before they are
 * handed out, from the anchor down: a key is used only when its certificate has been vouched for. A peer cannot make us try
 * paths whose CA certificates it invented, nor compute with keys that it chose. */
#ifndef CG_PATH_H
#define CG_PATH_H

#include "core/base/openssl_const.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_RSA_EXPONENT_BITS_MAX 256 /* FIPS 186-5 A.1.1; the rule rsa_exponent has it from here */

#define CG_PATHS_MAX         32  /* candidates handed out */
#define CG_PATH_LENGTH       32  /* certificates in one, anchor included */
#define CG_PATH_EDGES_MAX    128 /* signatures verified while searching */
#define CG_PATH_STEPS_MAX    256 /* certificates visited */
#define CG_PATH_INVENTED_MAX 2   /* CA certificates that the peer sent and nobody had signed */

enum cg_search_end {
    CG_SEARCH_FAULT = 0, /* no memory */
    CG_SEARCH_STOPPED,   /* visit said so */
    CG_SEARCH_EXHAUSTED, /* every candidate was handed out */
    CG_SEARCH_LIMIT,     /* a bound was reached */
};

struct cg_search_input {
    X509 *leaf;
    const STACK_OF(X509) *sent, *intermediates, *anchors; /* may be NULL */
};

/* Gets a candidate, end entity first, anchor last; returns true to end the search. The path is borrowed.
 * verified: all its signatures hold. */
typedef bool cg_path_visit(void *context, const STACK_OF(X509) *path, bool verified);

enum cg_search_end cg_path_search(const struct cg_search_input *in, cg_path_visit *visit, void *context);

/* By names, key identifiers and kind of key. Whether the issuer may sign is for the rules to say. */
bool cg_path_may_have_issued(CG_OPENSSL4_CONST X509 *issuer, CG_OPENSSL4_CONST X509 *subject);

/* Its name is its issuer's, and its own key signed it. Not so where a CA and what it issued have one name. A key whose use
 * is costly is not used: then the names decide. */
bool cg_path_is_self_signed(X509 *cert);

/* Where a chain without a path ends: the last certificate below a root that names lead to, the end entity itself or one that
 * was sent, or the first that cannot be decoded. Borrowed. */
X509 *cg_path_dead_end(X509 *leaf, const STACK_OF(X509) *sent);

#endif
