/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A command that runs after the pair of a device's folder changed, for example to restart the program that uses it. It is noted in
 * the folder before the change, and crossed out after success: so it runs at least once for each change, whatever kills a run, and
 * again after a failure. It has the rights of the run, also in the folder of another user: it comes from the command line alone.
 * Nothing is owned. Called by steps.c. */
#ifndef CG_TOOLS_DEVICE_HOOK_H
#define CG_TOOLS_DEVICE_HOOK_H

#include "store.h"

bool cg_device_hook_note(const struct cg_device *device, struct cg_error *err);

/* Runs it if it is noted. False: it failed, with its last line of output. */
bool cg_device_hook_run(const struct cg_device *device, const char *command, struct cg_error *err);

#endif
