/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Durations as typed on the command line or written in files. Called by the command line and by the CA's settings. */
#ifndef CG_TOOLS_BASE_DURATION_H
#define CG_TOOLS_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* In seconds: "10s", "15m", "12h", "90d", "2w", "1y"; a bare number is days. */
bool cg_duration_parse(const char *text, int64_t *seconds);
#define CG_DURATION_WORDS "90d, 12h or 30m, at most 8000y"

/* A duration of more than 0 and at most 100 years. */
bool cg_lifetime_parse(const char *text, int64_t *seconds);
#define CG_LIFETIME_WORDS "90d, 12h or 30m, more than 0 and at most 100y"

/* The shortest of these texts for a whole number of seconds that is not negative: "90d", "36h". */
#define CG_DURATION_TEXT 24
void cg_duration_text(int64_t seconds, char out[CG_DURATION_TEXT]);

#endif
