/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "listener_checks.h"

#include "broker/listener/listening.h"
#include "end_broker.h"

#include "tls/credential/own_certificate.h"
#include "tls/hook.h"

/* A broker that refuses every handshake would look healthy from outside, so it ends. */
static void check_own_certificate(struct cg_state *state)
{
    if (!cg_own_monitor_start(state->own_monitor, state->snapshot))
        cg_end_broker();
}

static void audit_own_certificate(struct cg_state *state)
{
    struct cg_error what = {""};
    enum cg_reason reason = cg_hook_audit_own(&what);
    if (reason == CG_REASON_UNSET)
        return;
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_AUDITED,
        .reason = reason,
        .detail = what.text,
        .fix = "Issue a new certificate for the broker (`certguard issue broker NAME`) before you enforce the rule",
    };
    cg_reporter_write(state->reporter, &event);
}

static void warn_of_crlfile(struct cg_state *state)
{
    if (!cg_hook_broker_has_crl())
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "A listener or bridge sets crlfile, which has no effect with certguard. Mosquitto still reads the "
                  "file at SIGHUP, and 2.1 exits if it is invalid",
        .fix = "Remove crlfile from mosquitto.conf and name the CRLs in trust.crls of the policy",
    };
    cg_reporter_write(state->reporter, &warning);
}

void cg_listener_checks(struct cg_state *state)
{
    cg_listening_raise_backlog(); /* first: all clients of a restarted broker connect now */
    check_own_certificate(state);
    audit_own_certificate(state);
    warn_of_crlfile(state);
}
