/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Another plugin in the same broker, for tests: extended authentication (MQTT 5 section 4.12) that takes more than one
 * packet, so that a CONNECT stays undecided for as long as its client likes. Method "WAIT": the broker asks for more until
 * the client's data is "in" (let in) or "no" (refused). */
#include "plugin_entry.h"

#include <string.h>

static mosquitto_plugin_id_t *identifier;

static int is_data(const struct mosquitto_evt_extended_auth *auth, const char *word)
{
    return auth->data_in_len == strlen(word) && memcmp(auth->data_in, word, strlen(word)) == 0;
}

static int on_start(int event, void *event_data, void *unused)
{
    (void)event, (void)unused;
    const struct mosquitto_evt_extended_auth *auth = event_data;
    return strcmp(auth->auth_method, "WAIT") == 0 ? MOSQ_ERR_AUTH_CONTINUE : MOSQ_ERR_PLUGIN_DEFER;
}

/* Mosquitto 2.0 does not name the method here. There is no other one. */
static int on_continue(int event, void *event_data, void *unused)
{
    (void)event, (void)unused;
    const struct mosquitto_evt_extended_auth *auth = event_data;
    if (is_data(auth, "in"))
        return MOSQ_ERR_SUCCESS;
    return is_data(auth, "no") ? MOSQ_ERR_AUTH : MOSQ_ERR_AUTH_CONTINUE;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **data, struct mosquitto_opt *options, int count)
{
    (void)options, (void)count;
    *data = NULL;
    identifier = id;
    int rc = mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_START, on_start, NULL, NULL);
    return rc ? rc : mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_CONTINUE, on_continue, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *data, struct mosquitto_opt *options, int count)
{
    (void)data, (void)options, (void)count;
    mosquitto_callback_unregister(identifier, MOSQ_EVT_EXT_AUTH_START, on_start, NULL);
    return mosquitto_callback_unregister(identifier, MOSQ_EVT_EXT_AUTH_CONTINUE, on_continue, NULL);
}
