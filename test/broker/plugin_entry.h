/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the broker calls in a plugin; plugin_entry.c has the first for all plugins of the tests. */
#ifndef CG_TEST_PLUGIN_ENTRY_H
#define CG_TEST_PLUGIN_ENTRY_H

#include "broker/host/mosquitto_headers.h"

int mosquitto_plugin_version(int count, const int *versions);
int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **data, struct mosquitto_opt *options, int count);
int mosquitto_plugin_cleanup(void *data, struct mosquitto_opt *options, int count);

#endif
