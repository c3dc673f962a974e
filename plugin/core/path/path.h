/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Searches candidate certification paths, depth first and bounded (RFC 4158): from the end entity through the
 * certificates that the peer sent and the policy's intermediates to an anchor of the policy, which is always the last.
 * The system's trust store is never used. Owns only the path while it is built. Called by check.c and the rules.
 *
 * The first candidate is visited with unverified signatures, so that a normal handshake verifies each signature
 * once (verify.c). If it is refused, the signatures of further candidates are verified before they are visited, from
 * the anchor down: a key is used only after its certificate has been verified. So a peer cannot make the search try
 * paths with forged CA certificates, or compute with keys that the peer chose. Signatures that the cache knows are
 * verified in neither case. */
#ifndef CG_PATH_H
#define CG_PATH_H

#include "core/base/openssl_const.h"
#include "signature_cache.h"

#include <openssl/x509.h>
#include <stdbool.h>

#define CG_PATHS_MAX       32  /* candidates visited */
#define CG_PATH_LENGTH     32  /* certificates in one, anchor included */
#define CG_PATH_EDGES_MAX  128 /* signatures verified while searching */
#define CG_PATH_STEPS_MAX  256 /* certificates visited */
#define CG_PATH_FORGED_MAX 2   /* sent CA certificates with an invalid signature */

enum cg_search_end {
    CG_SEARCH_FAULT = 0, /* no memory */
    CG_SEARCH_STOPPED,   /* visit returned true */
    CG_SEARCH_EXHAUSTED, /* every candidate was visited */
    CG_SEARCH_LIMIT,     /* a limit was reached */
};

struct cg_search_input {
    X509 *leaf;
    const STACK_OF(X509) *sent, *intermediates, *anchors; /* may be NULL */
    struct cg_signature_cache *signatures;                /* or NULL */
};

/* Visits a candidate, end entity first, anchor last; returns true to end the search. The path is borrowed. verified:
 * all its signatures are valid. */
typedef bool cg_path_visit(void *context, const STACK_OF(X509) *path, bool verified);

enum cg_search_end cg_path_search(const struct cg_search_input *in, cg_path_visit *visit, void *context);

/* Compares names, key identifiers and the kind of key. Whether the issuer may sign is left to the rules. */
bool cg_path_may_have_issued(CG_OPENSSL4_CONST X509 *issuer, CG_OPENSSL4_CONST X509 *subject);

/* Whether subject and issuer are the same and its own key signed it: a CA and a certificate that it issued may have
 * the same name. An expensive key is not used; then only the names are compared. */
bool cg_path_is_self_signed(X509 *cert);

/* The end of a chain without a path: following the issuers' names, the last certificate below a root (the end entity
 * or one that was sent), or the first that cannot be decoded. Borrowed. */
X509 *cg_path_dead_end(X509 *leaf, const STACK_OF(X509) *sent);

#endif
