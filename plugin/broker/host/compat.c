/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "compat.h"

#include <dlfcn.h>
#include <string.h>

typedef int (*set_info_fn)(mosquitto_plugin_id_t *, const char *, const char *);

/* Functions of 2.1; NULL with 2.0. */
static struct {
    int (*client_port)(const struct mosquitto *);
    struct mosquitto *(*client)(const char *);
} broker;

/* POSIX allows dlsym() to return a pointer to a function; ISO C has no cast for it. */
static void look_up(const char *name, void *function, size_t size)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, size);
}

void cg_compat_start(mosquitto_plugin_id_t *identifier, const char *name, const char *version)
{
    set_info_fn set_info = NULL;
    look_up("mosquitto_plugin_set_info", &set_info, sizeof set_info);
    look_up("mosquitto_client_port", &broker.client_port, sizeof broker.client_port);
    look_up("mosquitto_client", &broker.client, sizeof broker.client);
    if (set_info)
        set_info(identifier, name, version);
}

void cg_compat_next_tick(struct mosquitto_evt_tick *tick, int64_t ms)
{
    tick->next_s = (int)(ms / 1000);
    tick->CG_TICK_NEXT_MS = (long)(ms % 1000);
    /* 2.1 adds the interval to this time and waits until the wall clock reaches it, so setting the clock back would stop all
     * ticks. With 0, every turn of its loop ticks, as with 2.0; the time that the loop sleeps does not depend on this. */
    tick->now_s = 0;
    tick->now_ns = 0;
}

bool cg_compat_reports_port(void)
{
    return broker.client_port != NULL;
}

uint16_t cg_compat_client_port(const struct mosquitto *client)
{
    int port = broker.client_port ? broker.client_port(client) : 0;
    return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static const void *client_of(const char *client_id)
{
    return broker.client(client_id);
}

cg_client_of_fn cg_compat_client_of(void)
{
    return broker.client ? client_of : NULL;
}

int cg_compat_reload_done(void)
{
    return broker.client ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}
