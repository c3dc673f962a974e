/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "refusal.h"

#include "broker/session/session.h"

static bool has_audited_rule(const struct cg_profile *profile)
{
    for (int i = 0; i < CG_REASON_COUNT; i++)
        if (profile->mode[i] == CG_AUDIT)
            return true;
    return false;
}

/* The broker closed the connection after the plugin's answer, without accepting the client or reading again. Unknown for
 * websockets and extended authentication. */
static bool refused_by_broker(const struct cg_conn *conn)
{
    const struct cg_claim *claim = conn->session->claim;
    return claim && !claim->accepted && !claim->authenticated && !claim->extended && !claim->websocket &&
           conn->state == CG_CONN_ESTABLISHED;
}

/* A broker with allow_anonymous true and no password_file accepts any user name without a plugin, and none with a plugin. */
void cg_refusal_ended(struct cg_state *state, const struct cg_conn *conn)
{
    const struct cg_claim *claim = conn->session->claim;
    const struct cg_snapshot *current = state->snapshot;
    if (!current || state->warned_user_names == current->number || !refused_by_broker(conn) || !claim->named ||
        !has_audited_rule(&cg_policy_listener(current->policy, conn->listener)->client))
        return;
    state->warned_user_names = current->number;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "certguard accepted this client, but Mosquitto refused it: no password_file and no other plugin "
                  "accepts its user name. With a plugin loaded, neither audit mode nor allow_anonymous changes that",
        .conn = conn,
        .certificate = conn->peer_leaf,
        .client_id = conn->session->client_id,
        .fix = "Configure such clients to send no user name, or add a password_file with their users to "
               "mosquitto.conf. To take user names from certificates, enforce the rules and set identity.username and "
               "identity.authenticates true in the policy",
    };
    cg_reporter_write(state->reporter, &warning);
}
