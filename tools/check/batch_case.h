/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One case of "check --batch": the input of cg_check and all that it points to, with the trust that its line brings along:
 * anchors, CRLs, and what they make of the peer's own certificates. The case owns everything in it; clear it.
 * Called by batch.c, which reads cases from lines, and by check. */
#ifndef CG_BATCH_CASE_H
#define CG_BATCH_CASE_H

#include "core/base/error.h"
#include "core/check.h"
#include "core/file/file.h"

#include <openssl/x509.h>
#include <stdbool.h>

struct cg_denied_key {
    struct cg_denied_key *next;
    unsigned char sha256[32];
};

struct cg_batch_case {
    char id[256];    /* escaped */
    bool unreadable; /* leaf or chain hold bytes that are no certificate: a handshake would fail on them */
    struct cg_check_input input;
    struct cg_error refused_crl; /* why the first refused CRL of the line was left out; "" */

    /* what input points to */
    struct cg_profile profile;
    struct cg_trust *trust;
    X509 *leaf;
    STACK_OF(X509) *sent;
    STACK_OF(X509_NAME) *refused_issuers; /* of refused CRLs */
    bool refused_unnamed;                 /* one of them could not be read at all */
    struct cg_certificate_match *denied;  /* the policy's deny list and the line's */
    struct cg_denied_key *denied_keys;
    char *host;
    const char **oids;
    struct cJSON *json;
};

void cg_batch_case_clear(struct cg_batch_case *c);

/* Adds the anchors in bytes. OpenSSL's "TRUSTED CERTIFICATE" says for what a certificate is trusted: one that is not
 * trusted for the purpose of the case joins the deny list by its key. */
bool cg_batch_add_root(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes, struct cg_error *err);

/* A CRL that is refused is left out; see cg_batch_crl_matters. */
void cg_batch_add_crl(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes);

/* A CRL of an issuer of this path was refused: nobody knows what it said, so accepting would be a guess. */
bool cg_batch_crl_matters(const struct cg_batch_case *c, const struct cg_verdict *verdict);

/* Makes the CA certificates that the peer sent known as intermediates, so that CRLs which they signed can be verified.
 * Offline only: the plugin takes issuers of CRLs from its own files. */
void cg_batch_trust_sent(struct cg_trust *trust, const STACK_OF(X509) *sent);

#endif
