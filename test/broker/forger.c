/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A plugin for tests that forges answers of certguard: each client that connects gets the value of every plugin_opt line
 * on the topic of the answers, before it has asked anything, as a subscriber on Mosquitto 2.0.11 gets anyone's will. */
#include "plugin_entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define TOPIC "$CONTROL/certguard/v1/response"

static mosquitto_plugin_id_t *identifier;
static struct mosquitto_opt *forged; /* the broker's, as long as the plugin is loaded */
static int nforged;

static int on_connect(int event, void *event_data, void *unused)
{
    (void)event, (void)unused;
    const struct mosquitto_evt_basic_auth *auth = event_data;
    const char *id = mosquitto_client_id(auth->client);
    for (int i = 0; i < nforged; i++)
        mosquitto_broker_publish_copy(id, TOPIC, (int)strlen(forged[i].value), forged[i].value, 0, false, NULL);
    return MOSQ_ERR_PLUGIN_DEFER;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **data, struct mosquitto_opt *options, int count)
{
    *data = NULL;
    identifier = id;
    forged = options;
    nforged = count;
    return mosquitto_callback_register(id, MOSQ_EVT_BASIC_AUTH, on_connect, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *data, struct mosquitto_opt *options, int count)
{
    (void)data, (void)options, (void)count;
    return mosquitto_callback_unregister(identifier, MOSQ_EVT_BASIC_AUTH, on_connect, NULL);
}
