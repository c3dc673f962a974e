/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The status in Prometheus' text format, version 0.0.4, for node_exporter's textfile collector: HELP and TYPE lines, escaped
 * labels, each series once. Called by the verb status. */
#ifndef CG_STATUS_PROMETHEUS_H
#define CG_STATUS_PROMETHEUS_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* data: the answer to "status". NULL: the broker did not answer; only certguard_up 0 is written. */
void cg_prometheus_write(FILE *out, const cJSON *data);

#endif
