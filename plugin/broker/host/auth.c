/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "auth.h"

#include "broker/base/address.h"
#include "broker/session/session.h"
#include "compat.h"
#include "housekeeping.h"
#include "presence.h"
#include "state.h"

#include "core/base/text.h"
#include "core/path/identity.h"
#include "tls/conn/unclaimed.h"
#include "tls/hook.h"

#include <stdio.h>
#include <string.h>

/* A CONNECT that is being decided. */
struct connect {
    struct cg_state *state;
    struct mosquitto *client;
    const char *client_id;
    struct cg_conn *conn;                    /* NULL: no TLS */
    const struct cg_listener_policy *policy; /* of the current snapshot */
    bool extended;
    bool named;        /* the client gave a user name */
    bool no_password;  /* a user name without a password: the broker's password file refuses that */
    bool broke_a_rule; /* an audited one */
    bool renews;       /* the client id is that of a renewal */
    char detail[192];
    const char *fix; /* NULL: the reason's own */
};

static void report(const struct connect *connect, enum cg_event_type type, enum cg_reason reason)
{
    const char *address = mosquitto_client_address(connect->client);
    union cg_address peer;
    cg_address_parse(address, &peer);
    struct cg_event event = {
        .type = type,
        .reason = reason,
        .detail = connect->detail,
        .conn = connect->conn,
        .certificate = connect->conn ? connect->conn->peer_leaf : NULL,
        .peer = connect->conn ? NULL : address,
        .peer_address = &peer,
        .listener = connect->conn ? 0 : cg_compat_client_port(connect->client),
        .client_id = connect->client_id,
        .fix = connect->fix,
    };
    cg_reporter_write(connect->state->reporter, &event);
}

static int deny(const struct connect *connect, enum cg_reason reason)
{
    report(connect, CG_EVENT_CONNECT_DENIED, reason);
    return MOSQ_ERR_AUTH;
}

/* Handles a broken rule. True: it is enforced, deny the client. An audited rule is only reported. */
static bool enforced(struct connect *connect, enum cg_reason reason)
{
    enum cg_mode mode = connect->policy->client.mode[reason];
    if (mode == CG_ENFORCE)
        return true;
    if (mode == CG_AUDIT)
        report(connect, CG_EVENT_CONNECT_AUDITED, reason);
    connect->broke_a_rule = true;
    return false;
}

/* ---- which connection */

static X509 *certificate_of(const void *client)
{
    return mosquitto_client_certificate(client);
}

/* Whether the client may have this connection. Only saves calls to the broker: cg_hook_find_client() proves the result. */
static bool may_match(const void *client, const struct cg_conn *conn)
{
    uint16_t port = cg_compat_client_port(client);
    return port ? port == conn->listener : cg_address_equal(mosquitto_client_address(client), &conn->peer);
}

#define CLAIMS_CHECKED_MAX 4 /* of one client id: replaced sessions are still ending */

/* NULL: a client without TLS, or one that cannot be distinguished from it. */
static struct cg_conn *conn_without_certificate(const struct connect *connect)
{
    /* the client may have been decided before */
    const struct cg_claim *claim = cg_client_map_of_id(connect->state->clients, connect->client_id);
    for (int i = 0; claim && i < CLAIMS_CHECKED_MAX; claim = cg_claim_older(claim), i++)
        if (claim->conn && claim->client == connect->client &&
            cg_hook_is_client(claim->conn, certificate_of, connect->client))
            return claim->conn;
    return cg_hook_find_client(certificate_of, connect->client, may_match, connect->client);
}

/* Finds the connection. False: the client has a certificate, but its connection is unknown. */
static bool identify(struct connect *connect)
{
    X509 *leaf = certificate_of(connect->client);
    connect->conn = leaf ? cg_hook_conn_of_certificate(leaf) : conn_without_certificate(connect);
    X509_free(leaf); /* the SSL holds one too */
    return connect->conn || !leaf;
}

/* ---- repeated calls for the same client */

static const struct cg_claim *claim_of(const struct connect *connect)
{
    const struct cg_claim *claim = connect->conn ? connect->conn->session->claim : NULL;
    return claim && strcmp(claim->client_id, connect->client_id) == 0 ? claim : NULL;
}

/* Whether the broker checks an existing session of a client without a TLS connection: an offline client, or one without TLS.
 * 2.1 reports which sessions exist. 2.0 checks them right after the reload event; in between, a CONNECT can arrive only over
 * websockets. */
static bool is_existing_session(const struct connect *connect)
{
    cg_client_of_fn client_of = connect->state->ops.client_of;
    if (client_of)
        return client_of(connect->client_id) == connect->client;
    return connect->state->reloading && mosquitto_client_protocol(connect->client) != mp_websockets;
}

static int result(bool authenticated)
{
    return authenticated ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}

/* The client is connected already. If a certificate or extended authentication accepted it, it has no password that the broker
 * could check again: deferring would end the session. */
static int repeat_result(const struct connect *connect, const struct cg_claim *claim)
{
    return result(!connect->extended && (claim->authenticated || claim->extended));
}

/* An offline session has no claim. */
static int offline_result(const struct connect *connect)
{
    return result(connect->no_password || cg_client_map_was_authenticated(connect->state->clients, connect->client_id));
}

/* ---- decisions */

/* Escapes and shortens a peer's name for a detail. */
#define SHOWN_MAX 56
static void escape(const char *text, char out[SHOWN_MAX])
{
    cg_text_escape(text, strlen(text), out, SHOWN_MAX);
}

static bool is_taken(struct connect *connect)
{
    char id[SHOWN_MAX];
    escape(connect->client_id, id);
    snprintf(connect->detail, sizeof connect->detail, "The client id '%s' belongs to another certificate", id);
    return enforced(connect, CG_REASON_CLIENT_ID_TAKEN);
}

/* Checks that the id is free for this identity, and that the certificate is not in use with another id. A client that renews does
 * so beside its normal session, once at a time. */
static enum cg_reason check_id(struct connect *connect, const char *username)
{
    const struct cg_client_map *clients = connect->state->clients;
    X509 *leaf = connect->conn ? connect->conn->peer_leaf : NULL;
    char id[SHOWN_MAX], other_id[SHOWN_MAX];
    const char *other = leaf && (connect->policy->identity.one_client || connect->renews)
                            ? cg_client_map_other_id(clients, leaf, connect->client_id, connect->renews)
                            : NULL;
    if (other) {
        escape(connect->client_id, id);
        escape(other, other_id);
        snprintf(connect->detail, sizeof connect->detail, "The certificate is in use by client id '%s', not '%s'",
                 other_id, id);
        if (enforced(connect, CG_REASON_CERTIFICATE_IN_USE))
            return CG_REASON_CERTIFICATE_IN_USE;
    }
    if (!cg_client_map_is_free(clients, connect->client_id, leaf, username) && is_taken(connect))
        return CG_REASON_CLIENT_ID_TAKEN;
    connect->detail[0] = '\0';
    return CG_REASON_OK;
}

/* Records the client. False: out of memory. */
static bool record(const struct connect *connect, const char *username, bool authenticated)
{
    const struct cg_claim claim = {
        .conn = connect->conn,
        .named = connect->named || *username,
        .extended = connect->extended,
        .authenticated = authenticated,
        .renews = connect->renews,
    };
    if (!cg_presence_claim(connect->state, connect->client, &claim, username))
        return false;
    if (connect->renews)
        cg_enforcement_limit(connect->state->enforcement, connect->conn);
    return true;
}

static enum cg_reason check_plain(struct connect *connect)
{
    const struct cg_policy *policy = connect->state->snapshot->policy;
    uint16_t port = cg_compat_client_port(connect->client);
    cg_plaintext_probe(connect->state->plaintext, policy);
    enum cg_plaintext_answer answer = cg_plaintext_answer(connect->state->plaintext, policy, port);
    connect->policy = cg_policy_listener(policy, port);
    if (answer == CG_PLAINTEXT_PROBING) {
        snprintf(connect->detail, sizeof connect->detail,
                 "The policy allows clients without TLS only on some listeners, and the plugin does not know yet which "
                 "listeners use TLS");
        connect->fix = "Connect again in a second";
    } else if (answer == CG_PLAINTEXT_DIFFERS) {
        snprintf(
            connect->detail, sizeof connect->detail,
            "The policy allows clients without TLS only on some listeners, and Mosquitto 2.0 does not report which "
            "listener this client uses");
        connect->fix = CG_FIX_PLAIN_DIFFERS;
    }
    bool denied = answer != CG_PLAINTEXT_ALLOW && enforced(connect, CG_REASON_PLAIN_LISTENER);
    return denied ? CG_REASON_PLAIN_LISTENER : CG_REASON_OK;
}

/* The handshake was checked by the same function, but the policy may have changed since. */
static enum cg_reason check_over_tls(struct connect *connect)
{
    const struct cg_peer peer = {.role = CG_ROLE_LISTENER, .port = connect->conn->listener, .psk = connect->conn->psk};
    struct cg_verdict verdict;
    cg_check_peer(connect->state->snapshot, &peer, 0, &verdict);
    enum cg_reason reason = verdict.decision == CG_ACCEPT ? CG_REASON_OK : verdict.reason;
    const struct cg_finding *audited = reason == CG_REASON_OK ? cg_verdict_audited(&verdict) : NULL;
    if (audited) { /* the event of the handshake has no client id */
        snprintf(connect->detail, sizeof connect->detail, "%s", audited->detail);
        report(connect, CG_EVENT_CONNECT_AUDITED, audited->reason);
    }
    snprintf(connect->detail, sizeof connect->detail, "%s", verdict.detail);
    cg_verdict_clear(&verdict);
    return reason;
}

static int decide_without_certificate(struct connect *connect)
{
    enum cg_reason reason = connect->conn ? check_over_tls(connect) : check_plain(connect);
    if (reason == CG_REASON_OK)
        reason = check_id(connect, "");
    if (reason != CG_REASON_OK)
        return deny(connect, reason);
    return record(connect, "", false) ? MOSQ_ERR_PLUGIN_DEFER : deny(connect, CG_REASON_NO_MEMORY);
}

static enum cg_reason check_client(struct connect *connect, struct cg_client_verdict *client)
{
    cg_check_client(connect->policy, connect->conn->peer_leaf, connect->client_id, client);
    for (int i = 0; i < client->nfindings; i++) {
        snprintf(connect->detail, sizeof connect->detail, "%s%s", client->findings[i].detail,
                 connect->policy->identity.authenticates ? "; therefore the certificate does not log the client in"
                                                         : "");
        report(connect, CG_EVENT_CONNECT_AUDITED, client->findings[i].reason);
    }
    snprintf(connect->detail, sizeof connect->detail, "%s", client->detail);
    connect->renews = cg_identity_is_renewal(&connect->policy->identity, client->name, connect->client_id);
    return client->decision == CG_ACCEPT ? check_id(connect, client->name) : client->reason;
}

static int decide_with_certificate(struct connect *connect)
{
    struct cg_client_verdict client;
    enum cg_reason reason = check_client(connect, &client);
    if (reason != CG_REASON_OK)
        return deny(connect, reason);
    if (*client.name && mosquitto_set_username(connect->client, client.name) != MOSQ_ERR_SUCCESS)
        return deny(connect, CG_REASON_NO_MEMORY);
    bool authenticated = client.authenticates && !connect->broke_a_rule && !connect->extended;
    if (!record(connect, client.name, authenticated))
        return deny(connect, CG_REASON_NO_MEMORY);
    return result(authenticated);
}

static int decide(struct connect *connect)
{
    struct cg_state *state = connect->state;
    if (!state->snapshot)
        return deny(connect, CG_REASON_NO_SNAPSHOT);
    if (!identify(connect))
        return deny(connect, CG_REASON_NO_RECORD);
    const struct cg_claim *earlier = claim_of(connect);
    if (!earlier && !connect->conn && is_existing_session(connect)) {
        earlier = cg_client_map_of_client(state->clients, connect->client);
        if (!earlier)
            return offline_result(connect);
    }
    if (earlier)
        return repeat_result(connect, earlier);
    if (connect->conn) {
        connect->policy = cg_policy_listener(state->snapshot->policy, connect->conn->listener);
        connect->conn->session->auth_called = true;
    }
    return connect->conn && connect->conn->peer_leaf ? decide_with_certificate(connect)
                                                     : decide_without_certificate(connect);
}

static int decide_client(struct connect *connect)
{
    struct cg_state *state = connect->state;
    if (!cg_state_is_main_thread(state)) /* a user of the broker's web interface, not an MQTT client */
        return MOSQ_ERR_PLUGIN_DEFER;
    const char *client_id = mosquitto_client_id(connect->client);
    connect->client_id = client_id ? client_id : "";
    cg_client_map_poll(state->clients); /* no other client is being decided */
    int rc = decide(connect);
    if (connect->conn) {
        cg_hook_connect_done(connect->conn);
        cg_housekeeping_ensure_ticks(state, connect->conn);
    }
    return rc;
}

int cg_auth_basic(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_basic_auth *basic = event_data;
    struct connect connect = {
        .state = userdata,
        .client = basic->client,
        .named = basic->username,
        .no_password = basic->username && !basic->password,
    };
    return decide_client(&connect);
}

int cg_auth_extended(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_extended_auth *extended = event_data;
    struct connect connect = {.state = userdata, .client = extended->client, .extended = true};
    return decide_client(&connect);
}

int cg_auth_continued(int event, void *event_data, void *userdata)
{
    (void)event;
    const struct mosquitto_evt_extended_auth *extended = event_data;
    struct cg_state *state = userdata;
    struct cg_claim *claim = cg_state_is_main_thread(state) ? cg_client_map_of_client(state->clients, extended->client)
                                                            : NULL;
    if (!claim || (claim->conn && claim->accepted))
        return MOSQ_ERR_PLUGIN_DEFER;
    struct connect connect = {
        .state = state, .client = extended->client, .client_id = claim->client_id, .conn = claim->conn};
    enum cg_reason reason = CG_REASON_OK;
    if (claim->conn)
        connect.policy = cg_policy_listener(state->snapshot->policy, claim->conn->listener);
    else
        reason = check_plain(&connect);
    if (reason == CG_REASON_OK && !cg_client_map_is_still_free(claim) && is_taken(&connect))
        reason = CG_REASON_CLIENT_ID_TAKEN;
    if (reason != CG_REASON_OK)
        return deny(&connect, reason);
    cg_client_map_continued(claim);
    return MOSQ_ERR_PLUGIN_DEFER;
}
