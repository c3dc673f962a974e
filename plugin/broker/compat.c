/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "compat.h"

#include <dlfcn.h>
#include <string.h>

typedef int (*set_info_fn)(mosquitto_plugin_id_t *, const char *, const char *);
typedef int (*client_port_fn)(const struct mosquitto *);

/* POSIX lets dlsym's pointer be a function; ISO C has no cast for it. */
static void look_up(const char *name, void *function, size_t size)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, size);
}

void cg_compat_introduce(mosquitto_plugin_id_t *identifier, const char *name, const char *version)
{
    set_info_fn set_info = NULL;
    look_up("mosquitto_plugin_set_info", &set_info, sizeof set_info);
    if (set_info)
        set_info(identifier, name, version);
}

void cg_compat_next_tick(struct mosquitto_evt_tick *tick, int64_t ms)
{
    /* 2.1 calls the member behind now_ns "next_ms"; 2.0 calls it "next_ns" and reads neither. */
    tick->next_s = (time_t)(ms / 1000);
    tick->next_ns = (long)(ms % 1000);
}

uint16_t cg_compat_client_port(const struct mosquitto *client)
{
    client_port_fn client_port = NULL;
    look_up("mosquitto_client_port", &client_port, sizeof client_port);
    int port = client_port ? client_port(client) : 0;
    return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}
