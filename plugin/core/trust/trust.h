/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A trust store: anchors, intermediates and CRLs, verified and indexed. Immutable once built, reference counted. Owns
 * its certificates and CRLs. Built by snapshot and the tool; used by check for look-ups. */
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
struct cg_trust *cg_trust_ref(struct cg_trust *trust); /* +1 (atomic), returns its argument: snapshots share a store */
void cg_trust_free(struct cg_trust *trust);            /* -1; NULL is fine */

/* PEM (several certificates; text between them is ignored) or DER. Self-signed certificates become anchors, others
 * become intermediates, since a path must end in a self-signed anchor or in an intermediate anchor. place is for
 * messages.
 * Fails on invalid data, an anchor whose own signature does not verify, a private key in the file, no certificate,
 * more than 64 MiB or more than 100,000 certificates. */
bool cg_trust_add_anchors(struct cg_trust *trust, const char *place, const void *data, size_t len,
                          struct cg_error *err);
/* RFC 5280 6.1.1 (d): an anchor is a name and a key, and need not be self-signed. Fails on certificates that are not
 * CAs (basicConstraints), and on roots, which would accept more than intended. Add them first: a certificate that is
 * already in the store keeps its kind. */
bool cg_trust_add_intermediate_anchors(struct cg_trust *trust, const char *place, const void *data, size_t len,
                                       struct cg_error *err);
bool cg_trust_add_intermediates(struct cg_trust *trust, const char *place, const void *data, size_t len,
                                struct cg_error *err);

/* Loads all files (and folders of CRLs), completely or not at all. Fails without an anchor. */
bool cg_trust_load(struct cg_trust *trust, const struct cg_trust_files *files, struct cg_error *err);

/* The same in two steps, for a snapshot that replaces another one. First the certificates, from files or copied from
 * another store, without CRLs; NULL on a fault or without memory. Then the CRLs: see trust_crls.h. */
struct cg_trust *cg_trust_load_certificates(const struct cg_trust_files *files, struct cg_error *err);
struct cg_trust *cg_trust_copy_certificates(const struct cg_trust *other);

/* Do both have the same certificates in the same order? */
bool cg_trust_same_certificates(const struct cg_trust *a, const struct cg_trust *b);

/* Records the state of the certificate files. Call it before loading. False without memory. */
bool cg_trust_record_certificates(const struct cg_trust_files *files, struct cg_file_states *file_states);

/* Certificates by subject, anchors and intermediates: O(1) for any number of them.
 * for (e = cg_trust_find(trust, X509_get_issuer_name(cert)); e; e = cg_trust_next(e)) */
const struct cg_trust_entry *cg_trust_find(const struct cg_trust *trust, const X509_NAME *subject);

/* Borrowed. */
const STACK_OF(X509) *cg_trust_anchors(const struct cg_trust *trust);
const STACK_OF(X509) *cg_trust_intermediates(const struct cg_trust *trust);
const struct cg_crl_set *cg_trust_crls(const struct cg_trust *trust);

#endif
