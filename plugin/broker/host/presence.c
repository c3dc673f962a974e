/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "presence.h"

#include "broker/base/address.h"
#include "broker/session/session.h"
#include "compat.h"

#include "core/path/identity.h"
#include "tls/hook.h"

#include <stdio.h>
#include <string.h>

bool cg_presence_claim(struct cg_state *state, struct mosquitto *client, const struct cg_claim *given,
                       const char *username)
{
    const char *address = mosquitto_client_address(client), *client_id = mosquitto_client_id(client);
    struct cg_claim claim = *given;
    claim.client = client;
    claim.websocket = mosquitto_client_protocol(client) == mp_websockets;
    claim.mqtt5 = mosquitto_client_protocol_version(client) == 5;
    struct cg_claim *made = cg_client_map_claim(state->clients, &claim, username, client_id ? client_id : "");
    if (!made || made->conn)
        return made != NULL;
    struct cg_plain_client *plain = &made->plain[0];
    plain->port = cg_compat_client_port(client);
    plain->checked_by = state->snapshot->number;
    snprintf(plain->peer, sizeof plain->peer, "%s", address ? cg_address_unmapped(address) : "");
    return true;
}

/* ---- clients for which the broker did not call BASIC_AUTH */

static void warn_of_identity_by_broker(struct cg_state *state, const struct cg_conn *conn, const char *client_id)
{
    if (state->warned_identity_by_broker)
        return;
    state->warned_identity_by_broker = true;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "The broker did not pass this client's CONNECT to plugins, so the policy's \"identity\" section had "
                  "no effect. The TLS checks took place",
        .conn = conn,
        .certificate = conn->peer_leaf,
        .client_id = client_id,
        .fix = "Set identity.username (\"cn\" or \"subject\", to keep the names) and identity.authenticates true in "
               "the policy, then remove use_identity_as_username or use_subject_as_username. If the listener also has "
               "use_username_as_clientid, first set the id of every client to the name in its certificate, then "
               "remove both lines",
    };
    cg_reporter_write(state->reporter, &warning);
}

static struct cg_conn *conn_of(const struct mosquitto *client)
{
    X509 *leaf = mosquitto_client_certificate(client);
    struct cg_conn *conn = leaf ? cg_hook_conn_of_certificate(leaf) : NULL;
    X509_free(leaf);
    return conn;
}

struct cg_conn *cg_presence_accept(struct cg_state *state, struct mosquitto *client)
{
    const struct cg_claim claim = {.conn = conn_of(client)};
    struct cg_conn *conn = claim.conn;
    if (!conn || !mosquitto_client_id(client) ||
        (!conn->session->claim && !cg_presence_claim(state, client, &claim, "")))
        return NULL;
    cg_client_map_accept(state->clients, conn->session->claim);
    return conn;
}

int cg_presence_connected(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct cg_evt_client *connected = event_data;
    struct cg_state *state = userdata;
    struct cg_claim *known = cg_client_map_of_client(state->clients, connected->client);
    if (known) {
        cg_client_map_accept(state->clients, known);
        return MOSQ_ERR_SUCCESS;
    }
    const struct cg_conn *conn = cg_presence_accept(state, connected->client);
    if (conn && !conn->session->auth_called)
        warn_of_identity_by_broker(state, conn, conn->session->client_id);
    return MOSQ_ERR_SUCCESS;
}

/* Whether the client's user name is one that the broker takes from the certificate. */
static bool has_certificate_name(const struct mosquitto *client, const X509 *leaf)
{
    static const enum cg_identity_source sources[] = {CG_IDENTITY_CN, CG_IDENTITY_SUBJECT};
    const char *username = mosquitto_client_username(client);
    struct cg_identity identity;
    bool found = false;
    for (size_t i = 0; username && !found && i < sizeof sources / sizeof *sources; i++) {
        const struct cg_identity_policy policy = {.username = sources[i]};
        cg_identity_of(leaf, &policy, &identity);
        found = identity.reason == CG_REASON_OK && strcmp(identity.name, username) == 0;
    }
    return found;
}

/* Mosquitto 2.0 does not report which clients it accepted, but sets the clean session flag of those that it refuses. This does
 * not apply to extended authentication. */
static bool leaves_a_session(const struct cg_state *state, const struct cg_claim *claim, const struct mosquitto *client)
{
    return !state->ops.client_of && !claim->extended && !mosquitto_client_clean_session(client);
}

int cg_presence_disconnected(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct cg_evt_client *disconnected = event_data;
    struct cg_state *state = userdata;
    struct cg_claim *claim = cg_client_map_of_client(state->clients, disconnected->client);
    if (claim && leaves_a_session(state, claim, disconnected->client))
        cg_client_map_accept(state->clients, claim);
    if (claim && !claim->conn) /* others are released when their connection ends */
        cg_client_map_release(state->clients, claim);
    const struct cg_conn *conn = conn_of(disconnected->client);
    if (conn && conn->peer_leaf && !conn->session->auth_called && !state->ops.client_of &&
        has_certificate_name(disconnected->client, conn->peer_leaf))
        warn_of_identity_by_broker(state, conn, mosquitto_client_id(disconnected->client));
    return MOSQ_ERR_SUCCESS;
}
