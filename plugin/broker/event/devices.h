/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which devices were named lately, so that each is named once in 6 to 12 hours, however many share an address. A device is
 * its certificate, or its client id where it shows none. Bounded: two generations of at most 4 MB; the older one is
 * forgotten after six hours. Pure: time comes in. Owned by event_limits.c. */
#ifndef CG_DEVICES_H
#define CG_DEVICES_H

#include "event.h"

#include <stdbool.h>
#include <stdint.h>

#define CG_DEVICE_KEY      32
#define CG_DEVICES_KEEP_MS ((int64_t)6 * 3600 * 1000)

struct cg_devices;

struct cg_devices *cg_devices_new(void); /* NULL without memory or random bytes */
void cg_devices_free(struct cg_devices *devices);

/* Which device does what in the event; false: the event names none. */
bool cg_devices_key(const struct cg_devices *devices, const struct cg_event *event, unsigned char key[CG_DEVICE_KEY]);

bool cg_devices_known(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY], int64_t now_ms);
void cg_devices_add(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY]);

#endif
