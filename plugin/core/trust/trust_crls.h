/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CRLs of a trust store. Each is taken by itself: a file that is gone, half written or of somebody else keeps no other
 * from being taken, and what it held before stays. The store owns them. Called by trust.c and snapshot. */
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

/* CRLs added from now on may be delta or indirect ones, or lack a cRLNumber. Off at first: such files are refused. */
void cg_trust_extend_crls(struct cg_trust *trust);

/* Every PEM or DER CRL in data; verified against the issuers that trust holds already (add them first). The first fault
 * ends it. */
bool cg_trust_add_crls(struct cg_trust *trust, const char *place, const void *data, size_t len, struct cg_error *err);

/* The CRLs of a snapshot that replaces another one, after the certificates: faults are listed, and what the store before had
 * stays (see cg_crl_set_keep). Without before, or without a list in it, the first fault ends it. seen: NULL, or gets a stamp of
 * each file and folder. False: nothing of the store may be used, or a path is at fault that must not be. */
struct cg_trust_before {
    const struct cg_trust *trust;  /* may be NULL */
    bool same_certificates;        /* then files that have not changed are not read again */
    const struct cg_strings *crls; /* NULL, or the only paths that may be at fault: those that were read before */
    struct cg_faults *faults;      /* may be NULL */
    const struct cg_crl_numbers *numbers; /* may be NULL */
};
bool cg_trust_read_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                        const struct cg_trust_before *before, struct cg_file_states *seen, struct cg_error *err);

/* A CRL that another store of the same policy has newer counts here too: nobody needs to refresh two copies at once. */
void cg_trust_refresh_crls(struct cg_trust *trust, const struct cg_trust *other);

/* Last, what is older than numbers say: a fault, and not taken. */
bool cg_trust_resolve_crls(struct cg_trust *trust, const struct cg_trust_files *files,
                           const struct cg_trust_before *before, struct cg_error *err);

/* The very same CRLs? */
bool cg_trust_same_crls(const struct cg_trust *a, const struct cg_trust *b);

/* Has the store a CRL of this issuer's name? */
bool cg_trust_has_crl_of(const struct cg_trust *trust, const X509 *issuer);

/* Notes the CRLs of the store as in use. False without memory. */
bool cg_trust_raise_numbers(const struct cg_trust *trust, struct cg_crl_numbers *numbers);

void cg_crl_files_free(struct cg_trust *trust); /* for cg_trust_free: what is remembered of the files */

#endif
