/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CRLs of a trust store. Each is loaded separately: a file that is missing, partly written or foreign does not
 * keep others from loading, and its previous CRLs stay. The store owns the CRLs. Called by trust.c, snapshot and the
 * tool. */
#ifndef CG_TRUST_CRLS_H
#define CG_TRUST_CRLS_H

#include "core/base/error.h"
#include "core/base/faults.h"
#include "core/crl/crl_numbers.h"
#include "core/file/file_state.h"
#include "core/policy/policy.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

struct cg_trust; /* trust_parts.h */

/* CRLs added afterwards may be delta or indirect CRLs, or lack a cRLNumber. Without this call, they are refused. */
void cg_trust_allow_extended_crls(struct cg_trust *trust);

/* Adds every CRL in data (PEM or DER), verified against the certificates of the store, which must be added first. The
 * first fault ends it. */
bool cg_trust_add_crls(struct cg_trust *trust, const char *place, const void *data, size_t len, struct cg_error *err);

/* Reads the CRLs of a snapshot that replaces another one, after the certificates. Faults are listed, and the CRLs of
 * the previous store stay (see cg_crl_set_keep). Without "before", or without its list of faults, the first fault
 * ends the load. watched may be NULL; otherwise it gets the state of every file and folder.
 * False: the store must not be used, or a path has a fault that is not in before->crls. */
struct cg_trust_before {
    const struct cg_trust *trust; /* may be NULL */
    bool same_certificates;       /* then unchanged files are not read again */
    const struct cg_strings
        *crls; /* NULL, or the only paths whose faults do not end the load: those that were read before */
    struct cg_faults *faults;             /* may be NULL */
    const struct cg_crl_numbers *numbers; /* may be NULL */
};
bool cg_trust_read_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                        const struct cg_trust_before *before, struct cg_file_states *watched, struct cg_error *err);

/* Uses the newer CRLs of another store of the same policy, so that an operator need not update two copies at the same
 * time. */
void cg_trust_refresh_crls(struct cg_trust *trust, const struct cg_trust *other);

/* The last step: rejects CRLs that are older than numbers allow, and keeps those of the previous store. */
bool cg_trust_resolve_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                           const struct cg_trust_before *before, struct cg_error *err);

/* Do both share the same CRL objects? */
bool cg_trust_same_crls(const struct cg_trust *a, const struct cg_trust *b);

/* Does the store have a CRL with this issuer's name? */
bool cg_trust_has_crl_of(const struct cg_trust *trust, const X509 *issuer);

/* Records the CRLs of the store as in use. False without memory. */
bool cg_trust_raise_numbers(const struct cg_trust *trust, struct cg_crl_numbers *numbers);

void cg_crl_files_free(struct cg_trust *trust); /* for cg_trust_free: frees the records of files */

#endif
