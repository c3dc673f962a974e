/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin_opt_* lines of mosquitto.conf. Owns its strings. Called by plugin.c. */
#ifndef CG_OPTIONS_H
#define CG_OPTIONS_H

#include "core/base/error.h"

#include <stdbool.h>

struct mosquitto_opt;

struct cg_options {
    char *policy;    /* plugin_opt_policy FILE */
    char *anchors;   /* plugin_opt_trust_anchors FILE */
    char *event_log; /* plugin_opt_event_log FILE; "-": no file; NULL: log.file of the policy */
};

/* Exactly one of policy and anchors is required. Unknown, repeated and empty options are errors. */
bool cg_options_read(const struct mosquitto_opt *given, int count, struct cg_options *out, struct cg_error *err);

bool cg_options_equal(const struct cg_options *a, const struct cg_options *b);
void cg_options_clear(struct cg_options *options);

#endif
