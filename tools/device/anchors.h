/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a device takes and drops trust anchors: by statements that roots signed which it holds (core/renewal/statement.h). A broker can
 * neither plant a root nor take one away. Nothing is owned. Called by steps.c. */
#ifndef CG_TOOLS_DEVICE_ANCHORS_H
#define CG_TOOLS_DEVICE_ANCHORS_H

#include "store.h"
#include "talk.h"

/* Asks for the first count statements, in order, and obeys those that must be obeyed; others are ignored. Adds to *added and
 * *dropped. False: the connection ended, or ca.pem could not be written. */
bool cg_device_ask_anchors(struct cg_device *device, struct cg_talk *talk, int64_t now, unsigned count, unsigned *added,
                           unsigned *dropped, struct cg_error *err);

#endif
