/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Statements about roots (docs/renewal.md): how a device that trusts root O learns of a new root R, or drops one. A statement is
 * one answer to "anchor N".
 *
 *     new root:  R || S             S with O's key over "certguard root v1" 0x0A || SHA-256(O, DER) || R
 *     drop:      0x00 || D || S     D = SHA-256(O, DER); S with the key of another held root over "certguard drop v1" 0x0A || D
 *
 * Signatures as in request_check.h. Certificates are DER. Nothing here trusts the broker, the topic or the order. Pure; spans are
 * borrowed. Called by the broker layer (shape only) and by the device's side of the tool. */
#ifndef CG_RENEWAL_STATEMENT_H
#define CG_RENEWAL_STATEMENT_H

#include "core/cert/der.h"
#include "refusal.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_STATEMENT_MAX         ((size_t)16384) /* octets */
#define CG_STATEMENT_ROOT_PREFIX "certguard root v1\n"
#define CG_STATEMENT_DROP_PREFIX "certguard drop v1\n"
#define CG_STATEMENT_ROOTS_MAX   3 /* that a device takes beside those that it has */

struct cg_statement {
    bool drop;
    struct cg_der root;       /* R; empty for a drop */
    unsigned char digest[32]; /* of R, or D */
    struct cg_der signature;
};

/* The shape. False with RENEWAL_MALFORMED. */
bool cg_statement_parse(const unsigned char *data, size_t len, struct cg_statement *out, struct cg_refusal *refusal);

/* The octets that S signs, OPENSSL_malloc'ed: by holder (its O) for a new root; holder is NULL for a drop. */
unsigned char *cg_statement_tbs(const struct cg_statement *statement, const X509 *holder, size_t *len);

/* The roots that a device holds, and the digests of those that it dropped, 32 octets each. */
struct cg_held_roots {
    STACK_OF(X509) *roots;
    const unsigned char *dropped;
    size_t ndropped;
};

/* A new root that the device must add: R is not held and was not dropped; S verifies with a held root; R's issuer is its subject,
 * it is signed by its own key, CA:TRUE, keyCertSign, has not ended (unless now is CG_TIME_NONE: the clock is not set), and has O's
 * name constraints octet for octet, if O has any. *root is the caller's. False: *refusal is set, or CG_REASON_OK if it is held. */
bool cg_statement_new_root(const struct cg_statement *statement, const struct cg_held_roots *held, int64_t now,
                           X509 **root, struct cg_refusal *refusal);

/* Whether the device must drop the root with this digest: it is held, S verifies with another held root, through which a
 * broker was reached (reached), and it is not the root of the device's current certificate (own). Either may be NULL: then false. */
bool cg_statement_drops(const struct cg_statement *statement, const struct cg_held_roots *held, const X509 *reached,
                        const X509 *own, struct cg_refusal *refusal);

#endif
