/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whom we trust: anchors, intermediates and CRLs, verified and indexed. Immutable once built.
 * Owns its certificates and CRL indexes. Called by check (look-ups), snapshot and the tool (building). */
#ifndef CG_TRUST_H
#define CG_TRUST_H

#include "crl.h"
#include "crl_numbers.h"
#include "error.h"
#include "policy.h"
#include "stamp.h"

#include <openssl/x509.h>
#include <stdbool.h>

struct cg_trust;

struct cg_trust *cg_trust_new(void);                    /* NULL without memory */
struct cg_trust *cg_trust_take(struct cg_trust *trust); /* +1 (atomic), returns its argument: snapshots share it */
void cg_trust_free(struct cg_trust *trust);             /* -1; NULL is fine */

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

/* CRLs added from now on may be delta or indirect ones, or lack a cRLNumber. Off at first: such files are refused. */
void cg_trust_extend_crls(struct cg_trust *trust);
bool cg_trust_has_extended_crls(const struct cg_trust *trust);

/* Every PEM or DER CRL in data; verified against the issuers that trust holds already (add them first). The first fault
 * ends it. */
bool cg_trust_add_crls(struct cg_trust *trust, const char *place, const void *data, size_t len, struct cg_error *err);

/* All of files (folders of CRLs too), each read with cg_file_read, whole or not at all. At least one anchor, or it fails. */
bool cg_trust_load(struct cg_trust *trust, const struct cg_trust_files *files, struct cg_error *err);

/* The same in two steps, for a snapshot that replaces another one. First the certificates of the files, or those of another
 * store, without CRLs; NULL: a fault, or no memory. */
struct cg_trust *cg_trust_load_certificates(const struct cg_trust_files *files, struct cg_error *err);
struct cg_trust *cg_trust_copy_certificates(const struct cg_trust *other);

/* Then the CRLs, each by itself: faults are listed, and what the store before had stays (see cg_crl_set_keep). Without
 * before, or without a list in it, the first fault ends it. seen: NULL, or gets a stamp of each file and folder. False: nothing
 * of the store may be used, or a path is at fault that must not be. */
struct cg_trust_before {
    const struct cg_trust *trust;  /* may be NULL */
    bool same_certificates;        /* then files that have not changed are not read again */
    const struct cg_strings *crls; /* NULL, or the only paths that may be at fault: those that were read before */
    struct cg_faults *faults;      /* may be NULL */
    const struct cg_crl_numbers *numbers; /* may be NULL */
};
bool cg_trust_read_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                        const struct cg_trust_before *before, struct cg_stamps *seen, struct cg_error *err);

/* A CRL that another store of the same policy has newer counts here too: nobody needs to refresh two copies at once. */
void cg_trust_freshen_crls(struct cg_trust *trust, const struct cg_trust *other);

/* Last, what is older than numbers say: a fault, and not taken. */
bool cg_trust_settle_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                          const struct cg_trust_before *before, struct cg_error *err);

/* The same certificates in the same order? */
bool cg_trust_same_certificates(const struct cg_trust *a, const struct cg_trust *b);

/* The very same CRLs? */
bool cg_trust_same_crls(const struct cg_trust *a, const struct cg_trust *b);

/* Has the store a CRL of this issuer's name? */
bool cg_trust_has_crl_of(const struct cg_trust *trust, const X509 *issuer);

/* Notes the CRLs of the store as in use. False without memory. */
bool cg_trust_raise_numbers(const struct cg_trust *trust, struct cg_crl_numbers *numbers);

/* Stamps the files of certificates. Call it before loading. False without memory. */
bool cg_trust_stamp_certificates(const struct cg_trust_files *files, struct cg_stamps *stamps);

/* Certificates by subject (RFC 5280 7.1 comparison), anchors and intermediates: found in O(1) however many there are.
 *   for (e = cg_trust_find(trust, X509_get_issuer_name(cert)); e; e = cg_trust_next(e)) */
struct cg_trust_entry {
    X509 *cert; /* borrowed */
    bool anchor;
    unsigned long hash;
    const struct cg_trust_entry *next; /* in its bucket: use cg_trust_next */
};
const struct cg_trust_entry *cg_trust_find(const struct cg_trust *trust, const X509_NAME *subject);
const struct cg_trust_entry *cg_trust_next(const struct cg_trust_entry *entry); /* of the same subject */

/* Borrowed. */
const STACK_OF(X509) *cg_trust_anchors(const struct cg_trust *trust);
const STACK_OF(X509) *cg_trust_intermediates(const struct cg_trust *trust);
const struct cg_crl_set *cg_trust_crls(const struct cg_trust *trust);

#endif
