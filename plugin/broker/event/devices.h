/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The devices named in recent events, so that each is named once in 6 to 12 hours, even if many share an address. A device is
 * identified by its certificate, or by its client id if it has none. Bounded: two generations of at most 4 MB each; the older
 * one is dropped after six hours. Pure: time is an argument. Owned by event_limits.c. */
#ifndef CG_DEVICES_H
#define CG_DEVICES_H

#include "event.h"

#include <stdbool.h>
#include <stdint.h>

#define CG_DEVICE_KEY      32
#define CG_DEVICES_KEEP_MS ((int64_t)6 * 3600 * 1000)

struct cg_devices;

struct cg_devices *cg_devices_new(void); /* NULL: out of memory, or no random bytes */
void cg_devices_free(struct cg_devices *devices);

/* Key of the device, the type and the reason of an event; false: the event names no device. */
bool cg_devices_key(const struct cg_devices *devices, const struct cg_event *event, unsigned char key[CG_DEVICE_KEY]);

bool cg_devices_known(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY], int64_t now_ms);
void cg_devices_add(struct cg_devices *devices, const unsigned char key[CG_DEVICE_KEY]);

#endif
