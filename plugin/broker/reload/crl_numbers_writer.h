/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes the file of CRL numbers (core/crl/crl_numbers_format.h) into the folder that the policy names as "state": whole or not
 * at all, and merged with what another broker wrote meanwhile. Blocks on the disk, so not for the main thread once the broker
 * serves. Owns nothing. Called by lifecycle.c at the start, by the thread that watches files. */
#ifndef CG_CRL_NUMBERS_WRITER_H
#define CG_CRL_NUMBERS_WRITER_H

#include "core/crl/crl_numbers.h"
#include "core/crl/crl_numbers_format.h"
#include "core/file/file_state.h"

/* Makes the folder (not those above it) and tries whether a file can be written there: cg_snapshot_preflight.state. True on a
 * full disk too. */
bool cg_crl_numbers_prepare_file(const char *folder, struct cg_error *err);

enum cg_numbers_stored {
    CG_NUMBERS_NOT_STORED = 0, /* *err says why */
    CG_NUMBERS_LATER,          /* the disk is full, or another broker is writing: *err says which */
    CG_NUMBERS_STORED,         /* the file says it now, or did already */
    CG_NUMBERS_CREATED,        /* the same, and there was no file before: a first start, or it was lost */
};

/* How long to wait for a lock that another broker holds while it writes the file. */
#define CG_NUMBERS_LOCK_WAIT_MS       2000
#define CG_NUMBERS_LOCK_WAIT_BRIEF_MS 300 /* while a new CRL waits to be used */

/* seen: NULL, or the stamp of the file in it becomes that of what was written. */
enum cg_numbers_stored cg_crl_numbers_store(const char *folder, const struct cg_crl_numbers *numbers, int lock_wait_ms,
                                            struct cg_file_states *seen, struct cg_error *err);

#endif
