/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "auth.h"

#include "address.h"
#include "compat.h"
#include "state.h"

#include "core/identity.h"
#include "core/name.h"
#include "tls/hook.h"

#include <stdio.h>
#include <string.h>

/* One CONNECT while it is decided. */
struct connect {
    struct cg_state *state;
    struct mosquitto *client;
    const char *client_id;
    struct cg_conn *conn;                    /* NULL: no TLS */
    const struct cg_listener_policy *policy; /* NULL: not known yet, deny */
    char detail[192];
};

static void report(const struct connect *connect, enum cg_event_type type, enum cg_reason reason)
{
    const char *address = mosquitto_client_address(connect->client);
    struct sockaddr_storage peer;
    cg_address_parse(address, &peer);
    struct cg_event event = {
        .type = type,
        .reason = reason,
        .detail = connect->detail,
        .conn = connect->conn,
        .certificate = connect->conn ? connect->conn->peer_leaf : NULL,
        .peer = connect->conn ? NULL : address,
        .peer_address = (const struct sockaddr *)(const void *)&peer,
        .listener = connect->conn ? 0 : cg_compat_client_port(connect->client),
        .client_id = connect->client_id,
    };
    cg_report(connect->state->reporter, &event);
}

static int deny(const struct connect *connect, enum cg_reason reason)
{
    report(connect, CG_EVENT_CONNECT_DENIED, reason);
    return MOSQ_ERR_AUTH;
}

/* A rule was broken. True: it is enforced, deny. An audited one is told and lets the client go on. */
static bool enforced(const struct connect *connect, enum cg_reason reason)
{
    enum cg_mode mode = connect->policy->client.mode[reason];
    if (mode == CG_ENFORCE)
        return true;
    if (mode == CG_AUDIT)
        report(connect, CG_EVENT_CONNECT_AUDITED, reason);
    return false;
}

/* TLS without a certificate: the broker names no SSL, so it is the connection that was read last. It must fit in
 * all that can be seen: done, from the same address, without a certificate, and no CONNECT before this one. */
static struct cg_conn *conn_without_certificate(const struct mosquitto *client)
{
    struct cg_conn *conn = cg_hook_conn_reading();
    bool fits = conn && conn->role == CG_ROLE_LISTENER && conn->state == CG_CONN_ESTABLISHED && !conn->peer_leaf &&
                !conn->client_id && cg_address_equal(mosquitto_client_address(client), &conn->peer.any);
    uint16_t port = cg_compat_client_port(client);
    return fits && (!port || port == conn->listener) ? conn : NULL;
}

static bool plain_allowed(const void *context, uint16_t port)
{
    return cg_policy_listener(context, port)->plain_allowed;
}

/* Which listener a plain client came to matters only where the policy's listeners differ. */
static bool may_be_plain(const struct connect *connect)
{
    const struct cg_policy *policy = connect->state->snapshot->policy;
    uint16_t port = cg_compat_client_port(connect->client);
    if (port)
        return plain_allowed(policy, port);
    size_t allowing = 0;
    for (size_t i = 0; i < policy->nlisteners; i++)
        allowing += policy->listeners[i].plain_allowed;
    if (policy->base.plain_allowed && allowing == policy->nlisteners)
        return true;
    if (!policy->base.plain_allowed && allowing == 0)
        return false;
    return cg_address_plain_ports_allowed(mosquitto_client_address(connect->client), cg_hook_first(), plain_allowed,
                                          policy);
}

static int decide_plain(struct connect *connect)
{
    if (may_be_plain(connect))
        return MOSQ_ERR_PLUGIN_DEFER;
    connect->policy = &connect->state->snapshot->policy->base;
    return enforced(connect, CG_REASON_PLAIN_LISTENER) ? deny(connect, CG_REASON_PLAIN_LISTENER)
                                                       : MOSQ_ERR_PLUGIN_DEFER;
}

static int decide_without_certificate(struct connect *connect)
{
    bool psk = connect->conn->psk;
    if (psk && !connect->policy->tls.psk_allowed)
        return deny(connect, CG_REASON_PSK_NOT_ALLOWED);
    if (!psk && connect->policy->client.certificate == CG_CERT_REQUIRED &&
        enforced(connect, CG_REASON_CERTIFICATE_REQUIRED))
        return deny(connect, CG_REASON_CERTIFICATE_REQUIRED);
    if (!cg_sessions_add(connect->state->sessions, connect->conn, connect->client_id))
        return deny(connect, CG_REASON_NO_MEMORY);
    return MOSQ_ERR_PLUGIN_DEFER;
}

/* Names of the peer in a detail: escaped, and short enough to leave room for the words. */
#define SHOWN_MAX 56
static void show(const char *text, char out[SHOWN_MAX])
{
    cg_text_escape(text, strlen(text), out, SHOWN_MAX);
}

/* The reason why this certificate may not be this client; CG_REASON_OK when it may. */
static enum cg_reason check_client(struct connect *connect, struct cg_identity *identity)
{
    const struct cg_identity_policy *policy = &connect->policy->identity;
    const struct cg_conn *conn = connect->conn;
    char id[SHOWN_MAX], other_id[SHOWN_MAX], name[SHOWN_MAX];
    memset(identity, 0, sizeof *identity);
    show(connect->client_id, id);

    if (policy->username != CG_IDENTITY_NONE) {
        cg_identity_of(conn->peer_leaf, policy, identity);
        memcpy(connect->detail, identity->detail, sizeof connect->detail);
        if (identity->reason != CG_REASON_OK && enforced(connect, identity->reason))
            return identity->reason;
    }
    if (!cg_identity_allows(policy, identity->name, connect->client_id)) {
        show(identity->name, name);
        snprintf(connect->detail, sizeof connect->detail, "Expected a client id that %s '%s', found '%s'",
                 policy->client_id == CG_CLIENT_ID_EQUAL ? "is" : "is or starts with", name, id);
        if (enforced(connect, CG_REASON_CLIENT_ID_MISMATCH))
            return CG_REASON_CLIENT_ID_MISMATCH;
    }
    const char *other = policy->one_client ? cg_sessions_other(connect->state->sessions, conn, connect->client_id)
                                           : NULL;
    if (other) {
        show(other, other_id);
        snprintf(connect->detail, sizeof connect->detail, "The certificate is in use by client id '%s', not '%s'",
                 other_id, id);
        if (enforced(connect, CG_REASON_CERTIFICATE_IN_USE))
            return CG_REASON_CERTIFICATE_IN_USE;
    }
    connect->detail[0] = '\0';
    return CG_REASON_OK;
}

static int decide_with_certificate(struct connect *connect)
{
    struct cg_identity identity;
    enum cg_reason reason = check_client(connect, &identity);
    if (reason != CG_REASON_OK)
        return deny(connect, reason);
    if (*identity.name && mosquitto_set_username(connect->client, identity.name) != MOSQ_ERR_SUCCESS)
        return deny(connect, CG_REASON_NO_MEMORY);
    if (!cg_sessions_add(connect->state->sessions, connect->conn, connect->client_id))
        return deny(connect, CG_REASON_NO_MEMORY);
    return connect->policy->identity.authenticates ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}

static int decide(struct connect *connect)
{
    X509 *leaf = mosquitto_client_certificate(connect->client);
    connect->conn = leaf ? cg_hook_conn_of_certificate(leaf) : conn_without_certificate(connect->client);
    X509_free(leaf); /* the SSL holds one too */
    if (!connect->state->snapshot)
        return deny(connect, CG_REASON_NO_SNAPSHOT);
    if (!leaf && !connect->conn)
        return decide_plain(connect);
    if (!connect->conn || connect->conn->state != CG_CONN_ESTABLISHED || !connect->conn->policy)
        return deny(connect, CG_REASON_NO_RECORD);
    connect->policy = connect->conn->policy;
    return leaf ? decide_with_certificate(connect) : decide_without_certificate(connect);
}

static int decide_client(struct cg_state *state, struct mosquitto *client)
{
    const char *client_id = mosquitto_client_id(client);
    struct connect connect = {.state = state, .client = client, .client_id = client_id ? client_id : ""};
    int rc = decide(&connect);
    if (connect.conn) {
        cg_hook_connect_done(connect.conn);
        cg_state_touch(state, connect.conn);
    }
    return rc;
}

int cg_auth_basic(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_basic_auth *basic = event_data;
    return decide_client(userdata, basic->client);
}

int cg_auth_extended(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_extended_auth *extended = event_data;
    int rc = decide_client(userdata, extended->client);
    return rc == MOSQ_ERR_SUCCESS ? MOSQ_ERR_PLUGIN_DEFER : rc;
}

int cg_auth_disconnect(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_disconnect *disconnect = event_data;
    struct cg_state *state = userdata;
    if (state->told_identity_by_broker)
        return MOSQ_ERR_SUCCESS;
    X509 *leaf = mosquitto_client_certificate(disconnect->client);
    const struct cg_conn *conn = leaf ? cg_hook_conn_of_certificate(leaf) : NULL;
    X509_free(leaf);
    /* A CONNECT that the broker accepted, and that never came by here. */
    if (!conn || conn->client_id || !mosquitto_client_username(disconnect->client))
        return MOSQ_ERR_SUCCESS;
    struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "This client's CONNECT was not shown to plugins, so the policy's \"identity\" section had no effect "
                  "on "
                  "it; the TLS checks had",
        .conn = conn,
        .certificate = conn->peer_leaf,
        .client_id = mosquitto_client_id(disconnect->client),
        .hint = "remove use_identity_as_username and use_subject_as_username from this listener and let the policy's "
                "identity.username set the name",
    };
    cg_report(state->reporter, &warning);
    state->told_identity_by_broker = true;
    return MOSQ_ERR_SUCCESS;
}
