/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "auth.h"
#include "compat.h"
#include "housekeeping.h"
#include "lifecycle.h"
#include "options.h"
#include "presence.h"
#include "state.h"

#include "core/renewal/question.h"
#include "tls/hook.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* One plugin line of mosquitto.conf. */
struct instance {
    mosquitto_plugin_id_t *identifier;
    struct cg_state *state;
};

static void broker_log(enum cg_level level, const char *text)
{
    static const int levels[] = {MOSQ_LOG_INFO, MOSQ_LOG_NOTICE, MOSQ_LOG_WARNING, MOSQ_LOG_ERR};
    mosquitto_log_printf(levels[level], "certguard: %s", text);
}

/* client_id may be freed during the call: the broker uses it only to look up the session. */
static void kick(const char *client_id, bool send_will)
{
    (void)mosquitto_kick_client_by_clientid(client_id, send_will);
}

static void publish(const char *client_id, const char *topic, const char *payload)
{
    mosquitto_broker_publish_copy(client_id, topic, (int)strlen(payload), payload, 0, !client_id, NULL);
}

static void send_octets(const char *client_id, const char *topic, const void *payload, size_t len)
{
    mosquitto_broker_publish_copy(client_id, topic, (int)len, payload, 0, false, NULL);
}

static int on_tick(int event, void *event_data, void *userdata)
{
    (void)event;
    cg_compat_next_tick(event_data, cg_housekeeping_tick(userdata));
    return MOSQ_ERR_SUCCESS;
}

static int on_reload(int event, void *event_data, void *userdata)
{
    (void)event;
    (void)event_data;
    cg_housekeeping_on_reload(userdata);
    return cg_compat_reload_done();
}

/* Always returns success: an error would end the connection. The result is the reason code of the PUBACK. */
static int on_control(int event, void *event_data, void *userdata)
{
    (void)event;
    struct mosquitto_evt_control *control = event_data;
    struct cg_state *state = userdata;
    static const uint8_t codes[] = {
        [CG_CONTROL_DENIED] = MQTT_RC_NOT_AUTHORIZED,
        [CG_CONTROL_ACCEPTED] = MQTT_RC_SUCCESS,
        [CG_CONTROL_BUSY] = MQTT_RC_QUOTA_EXCEEDED,
    };
    const struct cg_control_request request = {
        .conn = cg_presence_accept(state, control->client),
        .client_id = mosquitto_client_id(control->client),
        .address = mosquitto_client_address(control->client),
        .payload = control->payload,
        .len = control->payloadlen,
    };
    control->reason_code = codes[cg_control_receive(state->control, state->snapshot, &request)];
    return MOSQ_ERR_SUCCESS;
}

/* The same. The answer follows with the next housekeeping. */
static int on_renew(int event, void *event_data, void *userdata)
{
    (void)event;
    struct mosquitto_evt_control *control = event_data;
    struct cg_state *state = userdata;
    const struct cg_renewal_question question = {
        .conn = cg_presence_accept(state, control->client),
        .client_id = mosquitto_client_id(control->client),
        .payload = control->payload,
        .len = control->payloadlen,
    };
    cg_renewal_receive(state->renewal, state->snapshot, &question);
    cg_housekeeping_soon(state);
    control->reason_code = MQTT_RC_SUCCESS;
    return MOSQ_ERR_SUCCESS;
}

static const struct callback_row {
    int event;
    MOSQ_FUNC_generic_callback function;
    const char *topic; /* of CONTROL */
    bool optional;     /* 2.0 does not have it */
} callbacks[] = {
    {MOSQ_EVT_BASIC_AUTH, cg_auth_basic, NULL, false},
    {MOSQ_EVT_EXT_AUTH_START, cg_auth_extended, NULL, false},
    {MOSQ_EVT_EXT_AUTH_CONTINUE, cg_auth_continued, NULL, false},
    {CG_EVT_CONNECT, cg_presence_connected, NULL, true},
    {CG_EVT_CLIENT_OFFLINE, cg_presence_disconnected, NULL, true},
    {MOSQ_EVT_DISCONNECT, cg_presence_disconnected, NULL, false},
    {MOSQ_EVT_TICK, on_tick, NULL, false},
    {MOSQ_EVT_RELOAD, on_reload, NULL, false},
    {MOSQ_EVT_CONTROL, on_control, CG_CONTROL_TOPIC, false},
    {MOSQ_EVT_CONTROL, on_renew, CG_RENEW_TOPIC, false},
};
#define NCALLBACKS (sizeof callbacks / sizeof *callbacks)

static void unregister(const struct instance *instance)
{
    for (size_t i = 0; i < NCALLBACKS; i++)
        mosquitto_callback_unregister(instance->identifier, callbacks[i].event, callbacks[i].function,
                                      callbacks[i].topic);
}

static bool register_all(const struct instance *instance, struct cg_error *err)
{
    for (size_t i = 0; i < NCALLBACKS; i++) {
        int rc = mosquitto_callback_register(instance->identifier, callbacks[i].event, callbacks[i].function,
                                             callbacks[i].topic, instance->state);
        /* Two plugin lines without per_listener_settings share the first one's callbacks. */
        if (rc == MOSQ_ERR_SUCCESS || (rc == MOSQ_ERR_NOT_SUPPORTED && callbacks[i].optional) ||
            (rc == MOSQ_ERR_ALREADY_EXISTS && cg_lifecycle_is_shared()))
            continue;
        cg_error_set(err, "cannot register callback %d: the broker returned error %d", callbacks[i].event, rc);
        unregister(instance);
        return false;
    }
    return true;
}

#pragma GCC visibility push(default)
int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == 5)
            return 5;
    return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *given, int count)
{
    struct cg_error err = {""};
    struct cg_options options = {NULL, NULL, NULL};
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return MOSQ_ERR_NOMEM;
    *user_data = NULL;
    cg_compat_start(identifier, "certguard", CG_VERSION);
    const struct cg_state_ops ops = {
        broker_log, kick, publish, send_octets, cg_compat_client_of(), cg_compat_reports_port()};
    instance->identifier = identifier;
    if (!cg_options_read(given, count, &options, &err))
        goto out;
    instance->state = cg_lifecycle_open(&options, &ops, &err);
    if (!instance->state || !register_all(instance, &err))
        goto out;
    cg_options_clear(&options);
    mosquitto_log_printf(MOSQ_LOG_INFO, "certguard: version %s, built with OpenSSL %s, runs with %s", CG_VERSION,
                         OPENSSL_VERSION_STR, OpenSSL_version(OPENSSL_VERSION_STRING));
    if (!cg_hook_knows_ctx_owner())
        mosquitto_log_printf(MOSQ_LOG_NOTICE,
                             "certguard: this system's OpenSSL does not show which part of the process makes a "
                             "connection, so TLS connections of other plugins are checked like the broker's own");
    *user_data = instance;
    return MOSQ_ERR_SUCCESS;
out:
    mosquitto_log_printf(MOSQ_LOG_ERR, "certguard: %.850s", err.text);
    mosquitto_log_printf(MOSQ_LOG_ERR, "certguard: not loaded; the broker does not start");
    cg_options_clear(&options);
    cg_lifecycle_close(instance->state);
    free(instance);
    return MOSQ_ERR_INVAL;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *given, int count)
{
    (void)given;
    (void)count;
    struct instance *instance = user_data;
    if (!instance)
        return MOSQ_ERR_SUCCESS;
    unregister(instance);
    cg_lifecycle_close(instance->state);
    free(instance);
    return MOSQ_ERR_SUCCESS;
}
#pragma GCC visibility pop
