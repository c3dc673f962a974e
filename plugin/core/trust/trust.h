/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whom we trust: anchors, intermediates and CRLs, verified and indexed. Immutable once built.
 * Owns its certificates and CRL indexes. Called by check (look-ups), snapshot and the tool (building). */
#ifndef CG_TRUST_H
#define CG_TRUST_H

#include "core/base/error.h"
#include "core/crl/crl.h"
#include "core/file/file_state.h"
#include "core/policy/policy.h"
#include "trust_crls.h"
#include "trust_index.h"

#include <openssl/x509.h>
#include <stdbool.h>

struct cg_trust;

struct cg_trust *cg_trust_new(void);                   /* NULL without memory */
struct cg_trust *cg_trust_ref(struct cg_trust *trust); /* +1 (atomic), returns its argument: snapshots share it */
void cg_trust_free(struct cg_trust *trust);            /* -1; NULL is fine */

/* PEM (several, text between them ignored) or DER. Self-signed ones become anchors; others become intermediates,
 * since a path must end in a self-signed anchor, or in one that was named as such. place is for messages.
 * Fails on garbage, an anchor whose own signature does not fit, a private key in the file, no certificate at all,
 * more than 64 MiB or 100,000 certificates. */
bool cg_trust_add_anchors(struct cg_trust *trust, const char *place, const void *data, size_t len,
                          struct cg_error *err);
/* RFC 5280 6.1.1 (d): an anchor is a name and a key, and need not have signed itself. Each is a CA (basicConstraints); fails
 * on others, and on roots, which would let in more than was meant. Add them first: what is there already stays what it is. */
bool cg_trust_add_intermediate_anchors(struct cg_trust *trust, const char *place, const void *data, size_t len,
                                       struct cg_error *err);
bool cg_trust_add_intermediates(struct cg_trust *trust, const char *place, const void *data, size_t len,
                                struct cg_error *err);

/* All of files (folders of CRLs too), each read with cg_file_read, whole or not at all. At least one anchor, or it fails. */
bool cg_trust_load(struct cg_trust *trust, const struct cg_trust_files *files, struct cg_error *err);

/* The same in two steps, for a snapshot that replaces another one. First the certificates of the files, or those of another
 * store, without CRLs; NULL: a fault, or no memory. Then the CRLs: see trust_crls.h. */
struct cg_trust *cg_trust_load_certificates(const struct cg_trust_files *files, struct cg_error *err);
struct cg_trust *cg_trust_copy_certificates(const struct cg_trust *other);

/* The same certificates in the same order? */
bool cg_trust_same_certificates(const struct cg_trust *a, const struct cg_trust *b);

/* Stamps the files of certificates. Call it before loading. False without memory. */
bool cg_trust_record_certificates(const struct cg_trust_files *files, struct cg_file_states *file_states);

/* Certificates by subject, anchors and intermediates: found in O(1) however many there are.
 *   for (e = cg_trust_find(trust, X509_get_issuer_name(cert)); e; e = cg_trust_next(e)) */
const struct cg_trust_entry *cg_trust_find(const struct cg_trust *trust, const X509_NAME *subject);

/* Borrowed. */
const STACK_OF(X509) *cg_trust_anchors(const struct cg_trust *trust);
const STACK_OF(X509) *cg_trust_intermediates(const struct cg_trust *trust);
const struct cg_crl_set *cg_trust_crls(const struct cg_trust *trust);

#endif
