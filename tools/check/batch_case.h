/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One case of "check --batch": the input of cg_check with everything it points to, such as the trust anchors and CRLs of
 * its line. The case owns all of it; clear it.
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
    bool unreadable; /* leaf or chain contain bytes that are no certificate, which would end a handshake */
    struct cg_check_input input;
    struct cg_error refused_crl; /* the error of the first refused CRL; "" */

    /* what input points to */
    struct cg_profile profile;
    struct cg_trust *trust;
    X509 *leaf;
    STACK_OF(X509) *sent;
    STACK_OF(X509_NAME) *refused_issuers; /* of refused CRLs */
    bool refused_unnamed;                 /* the issuer of a refused CRL is unknown */
    struct cg_certificate_match *denied;  /* deny list of the policy and the line */
    struct cg_denied_key *denied_keys;
    char *host;
    const char **oids;
    struct cJSON *json;
};

void cg_batch_case_clear(struct cg_batch_case *c);

/* Adds the anchors in bytes. OpenSSL's "TRUSTED CERTIFICATE" lists the purposes a certificate is trusted for. If the
 * purpose of the case is rejected there, the certificate's key is added to the deny list instead. */
bool cg_batch_add_root(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes, struct cg_error *err);

/* Refused CRLs are not added; see cg_batch_crl_matters. */
void cg_batch_add_crl(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes);

/* True if a CRL of an issuer in the path was refused: without it, revocation is unknown and the path must be rejected. */
bool cg_batch_crl_matters(const struct cg_batch_case *c, const struct cg_verdict *verdict);

/* Adds the CA certificates that the peer sent as intermediates, to verify CRLs that they signed. Only for offline checks:
 * the plugin accepts issuers of CRLs only from its own files. */
void cg_batch_trust_sent(struct cg_trust *trust, const STACK_OF(X509) *sent);

#endif
