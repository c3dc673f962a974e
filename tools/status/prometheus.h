/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state as Prometheus' text format, version 0.0.4, for node_exporter's textfile collector: HELP and TYPE lines, escaped
 * labels, each series once. Called by verb_status. */
#ifndef CG_STATUS_PROMETHEUS_H
#define CG_STATUS_PROMETHEUS_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* data: of "status"; NULL: the broker could not be asked, which is told by certguard_up 0 alone. */
void cg_prometheus_write(FILE *out, const cJSON *data);

#endif
