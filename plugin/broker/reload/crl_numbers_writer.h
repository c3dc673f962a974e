/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes the file of CRL numbers (core/crl/crl_numbers_format.h) into the policy's "state" folder, in one step, and merges the
 * numbers that another broker has written. Blocks on the disk, so the main thread calls it only at start. Owns nothing. Called
 * by lifecycle.c and the reload thread. */
#ifndef CG_CRL_NUMBERS_WRITER_H
#define CG_CRL_NUMBERS_WRITER_H

#include "core/crl/crl_numbers.h"
#include "core/crl/crl_numbers_format.h"
#include "core/file/file_state.h"

/* Creates the folder (not its parents) and checks that a file can be written to it: cg_snapshot_preflight.state. Also true for
 * a temporary fault, such as a full disk. */
bool cg_crl_numbers_prepare_file(const char *folder, struct cg_error *err);

enum cg_numbers_stored {
    CG_NUMBERS_NOT_STORED = 0, /* see *err */
    CG_NUMBERS_LATER,          /* a temporary fault, see *err: a full disk, or another process holds the lock */
    CG_NUMBERS_STORED,         /* the file contains the numbers */
    CG_NUMBERS_CREATED,        /* the same, and the file was missing: a first start, or it was lost */
};

/* How long to wait for a lock that another broker holds while it writes the file. */
#define CG_NUMBERS_LOCK_WAIT_MS       2000
#define CG_NUMBERS_LOCK_WAIT_BRIEF_MS 300 /* while a new CRL waits to be used */

/* seen: NULL, or the states of files in which that of the written file is updated. */
enum cg_numbers_stored cg_crl_numbers_store(const char *folder, const struct cg_crl_numbers *numbers, int lock_wait_ms,
                                            struct cg_file_states *seen, struct cg_error *err);

#endif
