/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fake_broker.h"

#include "broker/host/mosquitto_headers.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX   256
#define CALLBACKS_MAX 16

struct mosquitto {
    SSL *ssl;
    int fd;
    bool connected, kicked;
    char id[128], *username, address[64];
};

static struct {
    void *library, *instance;
    int (*init)(mosquitto_plugin_id_t *, void **, struct mosquitto_opt *, int);
    int (*cleanup)(void *, struct mosquitto_opt *, int);
    struct {
        int event;
        MOSQ_FUNC_generic_callback function;
        void *userdata;
    } callbacks[CALLBACKS_MAX];
    size_t ncallbacks;
    SSL_CTX *ctx;
    int listener;
    uint16_t port;
    struct mosquitto *clients[CLIENTS_MAX];
    size_t nclients;
    struct fake_told told;
} fake = {.listener = -1};

/* ---- what the plugin calls */

#pragma GCC visibility push(default)
__attribute__((format(printf, 2, 3))) void mosquitto_log_printf(int level, const char *format, ...)
{
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fake.told.snapshots += strncmp(text, "certguard: loaded policy", 24) == 0;
    if (level == MOSQ_LOG_ERR)
        fprintf(stderr, "%s\n", text);
}

int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback function,
                                const void *event_data, void *userdata)
{
    (void)identifier, (void)event_data;
    if (fake.ncallbacks == CALLBACKS_MAX)
        return MOSQ_ERR_NOMEM;
    fake.callbacks[fake.ncallbacks].event = event;
    fake.callbacks[fake.ncallbacks].function = function;
    fake.callbacks[fake.ncallbacks++].userdata = userdata;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback function,
                                  const void *event_data)
{
    (void)identifier, (void)event_data;
    for (size_t i = 0; i < fake.ncallbacks; i++)
        if (fake.callbacks[i].event == event && fake.callbacks[i].function == function)
            fake.callbacks[i] = fake.callbacks[--fake.ncallbacks];
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_kick_client_by_clientid(const char *clientid, bool with_will)
{
    (void)with_will;
    bool found = false;
    for (size_t i = 0; i < fake.nclients; i++)
        if (strcmp(fake.clients[i]->id, clientid) == 0)
            found = fake.clients[i]->kicked = true;
    fake.told.kicked += found;
    return found ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOT_FOUND;
}

int mosquitto_broker_publish_copy(const char *clientid, const char *topic, int payloadlen, const void *payload, int qos,
                                  bool retain, mosquitto_property *properties)
{
    (void)topic, (void)payloadlen, (void)payload, (void)qos, (void)retain, (void)properties;
    fake.told.answers += clientid != NULL;
    return MOSQ_ERR_SUCCESS;
}

const char *mosquitto_client_address(const struct mosquitto *client)
{
    return client->address;
}

void *mosquitto_client_certificate(const struct mosquitto *client)
{
    return SSL_get1_peer_certificate(client->ssl);
}

int mosquitto_client_protocol(const struct mosquitto *client)
{
    (void)client;
    return mp_mqtt;
}

int mosquitto_client_protocol_version(const struct mosquitto *client)
{
    (void)client;
    return 5; /* so that sessions are ended by name */
}

bool mosquitto_client_clean_session(const struct mosquitto *client)
{
    (void)client;
    return true;
}

const char *mosquitto_client_id(const struct mosquitto *client)
{
    return client->id;
}

const char *mosquitto_client_username(const struct mosquitto *client)
{
    return client->username;
}

int mosquitto_set_username(struct mosquitto *client, const char *username)
{
    free(client->username);
    client->username = strdup(username);
    return client->username ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}
#pragma GCC visibility pop

/* ---- what it gets called for */

static int tell(int event, void *data)
{
    int result = MOSQ_ERR_PLUGIN_DEFER;
    for (size_t i = 0; i < fake.ncallbacks; i++)
        if (fake.callbacks[i].event == event)
            result = fake.callbacks[i].function(event, data, fake.callbacks[i].userdata);
    return result;
}

void fake_reload(void)
{
    struct mosquitto_evt_reload reload = {0};
    tell(MOSQ_EVT_RELOAD, &reload);
}

/* ---- clients */

static void drop(size_t i)
{
    struct mosquitto *client = fake.clients[i];
    struct mosquitto_evt_disconnect gone = {.client = client};
    if (client->connected) {
        tell(MOSQ_EVT_DISCONNECT, &gone);
        fake.told.ended++;
    }
    SSL_free(client->ssl);
    close(client->fd);
    free(client->username);
    free(client);
    fake.clients[i] = fake.clients[--fake.nclients];
}

static void take_client(void)
{
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;
    int fd = accept4(fake.listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct mosquitto *client = fd >= 0 && fake.nclients < CLIENTS_MAX ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        if (fd >= 0)
            close(fd);
        return;
    }
    client->fd = fd;
    client->ssl = SSL_new(fake.ctx);
    SSL_set_fd(client->ssl, fd);
    SSL_set_accept_state(client->ssl);
    inet_ntop(AF_INET, &peer.sin_addr, client->address, sizeof client->address);
    fake.clients[fake.nclients++] = client;
}

/* MQTT 3.1.1 section 3.1 without user name, as cg_mqtt_connect writes it: the client id follows 12 octets. False: denied. */
static bool connected(struct mosquitto *client, const unsigned char *packet, int len)
{
    int id_len = len >= 14 ? packet[12] << 8 | packet[13] : 0;
    if (len < 14 || 14 + id_len > len || id_len >= (int)sizeof client->id)
        return false;
    memcpy(client->id, packet + 14, (size_t)id_len);
    struct mosquitto_evt_basic_auth auth = {.client = client};
    int result = tell(MOSQ_EVT_BASIC_AUTH, &auth);
    client->connected = result == MOSQ_ERR_SUCCESS || result == MOSQ_ERR_PLUGIN_DEFER;
    const unsigned char connack[] = {0x20, 2, 0, client->connected ? 0 : 5};
    SSL_write(client->ssl, connack, sizeof connack);
    fake.told.connects += client->connected;
    fake.told.denied += !client->connected;
    return client->connected;
}

/* False: it ends. */
static bool serve(struct mosquitto *client)
{
    unsigned char packet[4096];
    ERR_clear_error();
    if (client->kicked)
        return false;
    int len = SSL_read(client->ssl, packet, sizeof packet);
    if (len <= 0) {
        int why = SSL_get_error(client->ssl, len);
        return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    }
    if (!client->connected)
        return packet[0] == 0x10 && connected(client, packet, len);
    struct mosquitto_evt_control control = {
        .client = client, .topic = "$CONTROL/certguard/v1", .payload = packet + 1, .payloadlen = (uint32_t)len - 1};
    if (packet[0] == 0x30)
        tell(MOSQ_EVT_CONTROL, &control);
    return packet[0] != 0xe0;
}

void fake_turn(int wait_ms)
{
    struct pollfd ready[CLIENTS_MAX + 1] = {{.fd = fake.listener, .events = POLLIN}};
    for (size_t i = 0; i < fake.nclients; i++)
        ready[i + 1] = (struct pollfd){.fd = fake.clients[i]->fd, .events = POLLIN};
    poll(ready, fake.nclients + 1, wait_ms);
    for (size_t i = fake.nclients; i-- > 0;)
        if ((ready[i + 1].revents || fake.clients[i]->kicked) && !serve(fake.clients[i]))
            drop(i);
    if (ready[0].revents)
        take_client();
    struct mosquitto_evt_tick tick = {0};
    tell(MOSQ_EVT_TICK, &tick);
}

/* ---- life */

static bool load(const char *plugin)
{
    fake.library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
    if (!fake.library) {
        fprintf(stderr, "%s\n", dlerror());
        return false;
    }
    *(void **)&fake.init = dlsym(fake.library, "mosquitto_plugin_init");
    *(void **)&fake.cleanup = dlsym(fake.library, "mosquitto_plugin_cleanup");
    return fake.init && fake.cleanup;
}

static bool listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    fake.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fake.listener < 0 || bind(fake.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fake.listener, 64) != 0 || getsockname(fake.listener, (struct sockaddr *)&address, &len) != 0)
        return false;
    fake.port = ntohs(address.sin_port);
    return true;
}

static bool make_context(const char *folder)
{
    char chain[700], key[700];
    snprintf(chain, sizeof chain, "%s/chain.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    fake.ctx = SSL_CTX_new(TLS_server_method());
    return fake.ctx && SSL_CTX_use_certificate_chain_file(fake.ctx, chain) == 1 &&
           SSL_CTX_use_PrivateKey_file(fake.ctx, key, SSL_FILETYPE_PEM) == 1;
}

bool fake_open(const char *plugin, const char *folder, const char *policy)
{
    struct mosquitto_opt option = {(char[]){"policy"}, strdup(policy)};
    bool ok = load(plugin) && fake.init(NULL, &fake.instance, &option, 1) == MOSQ_ERR_SUCCESS && listen_on_loopback() &&
              make_context(folder);
    free(option.value);
    return ok;
}

uint16_t fake_port(void)
{
    return fake.port;
}

void fake_close(void)
{
    while (fake.nclients > 0)
        drop(fake.nclients - 1);
    SSL_CTX_free(fake.ctx);
    if (fake.listener >= 0)
        close(fake.listener);
    if (fake.instance)
        fake.cleanup(fake.instance, NULL, 0);
    if (fake.library)
        dlclose(fake.library);
}

const struct fake_told *fake_told(void)
{
    return &fake.told;
}
