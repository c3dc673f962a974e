/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "peer.h"

#include "check.h"

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
    out->reason = CG_REASON_OK;
}

static void deny_psk(struct cg_verdict *out)
{
    memset(out, 0, sizeof *out);
    out->reason = CG_REASON_PSK_NOT_ALLOWED;
    out->depth = -1;
    snprintf(out->detail, sizeof out->detail, "a pre-shared key in place of a certificate");
}

static void check_client(const struct cg_listener_policy *listener, const struct cg_peer *peer,
                         struct cg_check_input *in, struct cg_verdict *out)
{
    in->profile = &listener->client;
    in->purpose = CG_PURPOSE_CLIENT;
    if (!peer->leaf && peer->psk && !listener->tls.psk_allowed)
        deny_psk(out);
    else if (!peer->leaf && (peer->psk || listener->client.certificate != CG_CERT_REQUIRED))
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
        cg_check(&in, out);
    } else {
        cg_check(&in, out); /* denies: there is nothing to check against */
    }
}
