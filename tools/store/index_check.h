/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks that index.txt contains everything that was issued and revoked. A run that trusts a lost, truncated or outdated
 * index would renew and deploy revoked certificates, certify a compromised key, and revoke too little.
 * Called by cg_ca_open for every run that changes something. */
#ifndef CG_CA_INDEX_CHECK_H
#define CG_CA_INDEX_CHECK_H

#include "store.h"

/* Compares it with the journal; if that is lost too, with archive/ and the last CRL. False: the error names what is missing,
 * and the fix. */
bool cg_index_check(const struct cg_ca *ca, struct cg_error *err);

/* Checks that all generations of NAME are in the index, whose serial numbers are given. */
struct cg_serials;
bool cg_index_check_name(const struct cg_ca *ca, const struct cg_serials *issued, const char *name,
                         struct cg_error *err);

#endif
