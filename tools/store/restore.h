/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* index.txt, made whole again after it was lost, shortened or put back from an old backup. What is there stays;
 * added are the certificates of archive/, what the journal says was issued, and what the last CRL or the journal
 * revoked. Called by ca_crl_renew and ca_index_check. */
#ifndef CG_CA_RESTORE_H
#define CG_CA_RESTORE_H

#include "index.h"

/* Replaces *index, which was loaded. *restored: how many rows were added or marked as revoked. */
bool cg_index_restore(const struct cg_ca *ca, struct cg_index *index, size_t *restored, struct cg_error *err);

#endif
