/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "peer.h"

#include "check.h"
#include "core/base/datetime.h"

#include <stdio.h>
#include <string.h>

bool cg_peer_needs_certificate(const struct cg_profile *profile)
{
    return profile->certificate == CG_CERT_REQUIRED && profile->mode[CG_REASON_NO_CERTIFICATE] == CG_ENFORCE;
}

static void accept(struct cg_verdict *out)
{
    memset(out, 0, sizeof *out);
    out->decision = CG_ACCEPT;
    out->not_after = CG_TIME_NO_END;
    out->reason = CG_REASON_OK;
}

static void deny_psk(struct cg_verdict *out)
{
    memset(out, 0, sizeof *out);
    out->not_after = CG_TIME_NO_END;
    out->reason = CG_REASON_PSK_NOT_ALLOWED;
    out->depth = -1;
    snprintf(out->detail, sizeof out->detail, "a pre-shared key in place of a certificate");
}

/* For a peer with only a pre-shared key. True if this decided. */
static bool check_psk(const struct cg_peer *peer, const struct cg_tls_policy *tls, struct cg_verdict *out)
{
    if (peer->leaf || !peer->psk)
        return false;
    if (tls->psk_allowed)
        accept(out);
    else
        deny_psk(out);
    return true;
}

static void check_client(const struct cg_listener_policy *listener, const struct cg_peer *peer,
                         struct cg_check_input *in, struct cg_verdict *out)
{
    in->profile = &listener->client;
    in->purpose = CG_PURPOSE_CLIENT;
    if (check_psk(peer, &listener->tls, out))
        return;
    if (!peer->leaf && listener->client.certificate != CG_CERT_REQUIRED)
        accept(out);
    else
        cg_check(in, out);
}

void cg_check_peer(const struct cg_snapshot *snapshot, const struct cg_peer *peer, int64_t now, struct cg_verdict *out)
{
    struct cg_check_input in = {
        .leaf = peer->leaf,
        .sent = peer->sent,
        .known_path = peer->known_path,
        .signatures = peer->signatures,
        .now = now,
    };
    if (snapshot && peer->role == CG_ROLE_LISTENER) {
        in.trust = snapshot->trust;
        check_client(cg_policy_listener(snapshot->policy, peer->port), peer, &in, out);
    } else if (snapshot && peer->role == CG_ROLE_BRIDGE) {
        in.profile = &snapshot->policy->bridge;
        in.trust = snapshot->bridge_trust;
        in.purpose = CG_PURPOSE_SERVER;
        in.host = peer->host;
        if (!check_psk(peer, &snapshot->policy->bridge_tls, out))
            cg_check(&in, out);
    } else {
        cg_check(&in, out); /* denies: there is nothing to check against */
    }
}
