/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A new CA is created only where it can work: not every file system of a USB stick or a network share has links and modes.
 * Nothing is owned. Called by open. */
#ifndef CG_STORE_TRIAL_H
#define CG_STORE_TRIAL_H

#include "store.h"

/* Tries links, modes and renames in stage/, with the lock held. False: the error names the file system and the fix. */
bool cg_folder_trial(const struct cg_ca *ca, struct cg_error *err);

#endif
