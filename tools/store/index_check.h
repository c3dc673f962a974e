/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Does index.txt answer for all that was issued and revoked? A run that trusts a file which was lost, cut short or put
 * back from an old copy would renew and deploy what was revoked, certify a compromised key, and revoke less than it says.
 * Called by cg_ca_open for every run that changes something. */
#ifndef CG_CA_INDEX_CHECK_H
#define CG_CA_INDEX_CHECK_H

#include "store.h"

/* Compared with the journal; where that is lost too, with archive/ and the last CRL. False: the text names what is
 * missing, and the way back. */
bool cg_index_check(const struct cg_ca *ca, struct cg_error *err);

/* All generations of NAME are in the index. */
struct cg_index;
bool cg_index_check_name(const struct cg_ca *ca, const struct cg_index *index, const char *name, struct cg_error *err);

#endif
