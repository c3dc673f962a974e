/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the two forms of an event share: the parts that are found out, not stored. Nobody owns anything.
 * Called by event.c and event_json.c only. */
#ifndef CG_EVENT_JSON_H
#define CG_EVENT_JSON_H

#include "event.h"

const char *cg_event_detail(const struct cg_event *event);                              /* never NULL */
const char *cg_event_hint(const struct cg_event *event);                                /* never NULL */
const char *cg_event_peer(const struct cg_event *event, char buffer[CG_PEER_TEXT_MAX]); /* never NULL */
uint16_t cg_event_listener(const struct cg_event *event);

#endif
