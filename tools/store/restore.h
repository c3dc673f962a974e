/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rebuilds index.txt after it was lost, truncated or restored from an old backup. Its rows stay; added are the certificates
 * in archive/, those issued according to the journal, and those revoked according to the last CRL or the journal.
 * Called by crl_renew and index_check. */
#ifndef CG_CA_RESTORE_H
#define CG_CA_RESTORE_H

#include "index.h"

/* Replaces *index, which was loaded. *restored: the number of rows added or marked as revoked. */
bool cg_index_restore(const struct cg_ca *ca, struct cg_index *index, size_t *restored, struct cg_error *err);

#endif
