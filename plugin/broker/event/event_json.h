/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One event as one line of JSON, described in docs/events.md. Pure. Called by the reporter. */
#ifndef CG_EVENT_JSON_H
#define CG_EVENT_JSON_H

#include "event.h"

#define CG_EVENT_LINE_MAX 8192 /* bytes, including newline and NUL */

/* Writes the line without a newline, always terminated. Returns its length. */
size_t cg_event_json(const struct cg_event *event, char *out, size_t size);

#endif
