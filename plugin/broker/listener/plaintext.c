/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plaintext.h"

#include "broker/base/clock.h"
#include "self_connect.h"

#include <stdlib.h>

#define PROBE_MS 1000 /* the broker has handled the probes' connections by then */

struct cg_plaintext {
    struct cg_reporter *reporter;
    bool reports_port;
    struct cg_listening *listening; /* NULL before the first call */
    bool probed;
    int64_t known_at_ms; /* monotonic: when the result of the probe is known */
    uint64_t warned;     /* number of the snapshot of the last warning */
};

struct cg_plaintext *cg_plaintext_new(struct cg_reporter *reporter, bool reports_port)
{
    struct cg_plaintext *plaintext = calloc(1, sizeof *plaintext);
    if (!plaintext)
        return NULL;
    plaintext->reporter = reporter;
    plaintext->reports_port = reports_port;
    return plaintext;
}

void cg_plaintext_free(struct cg_plaintext *plaintext)
{
    if (!plaintext)
        return;
    cg_listening_free(plaintext->listening);
    free(plaintext);
}

void cg_plaintext_saw_tls(struct cg_plaintext *plaintext, const struct cg_conn *conn)
{
    if (plaintext->listening)
        cg_listening_saw_tls(plaintext->listening, conn);
}

void cg_plaintext_probe(struct cg_plaintext *plaintext, const struct cg_policy *policy)
{
    union cg_address address;
    if (plaintext->reports_port || plaintext->probed)
        return;
    if (!plaintext->listening)
        plaintext->listening = cg_listening_new();
    if (!plaintext->listening || cg_listening_plaintext(plaintext->listening, policy) != CG_PLAINTEXT_DIFFERS)
        return;
    for (size_t i = 0; cg_listening_unknown(plaintext->listening, i, &address); i++)
        cg_self_connect_probe(&address);
    plaintext->probed = true;
    plaintext->known_at_ms = cg_clock_monotonic_ms() + PROBE_MS;
}

enum cg_plaintext_answer cg_plaintext_answer(const struct cg_plaintext *plaintext, const struct cg_policy *policy,
                                             uint16_t port)
{
    if (port || plaintext->reports_port)
        return cg_policy_listener(policy, port)->plain_allowed ? CG_PLAINTEXT_ALLOW : CG_PLAINTEXT_DENY;
    if (!plaintext->listening)
        return CG_PLAINTEXT_DENY;
    enum cg_plaintext_answer answer = cg_listening_plaintext(plaintext->listening, policy);
    bool known = plaintext->probed && cg_clock_monotonic_ms() >= plaintext->known_at_ms;
    return answer == CG_PLAINTEXT_DIFFERS && !known ? CG_PLAINTEXT_PROBING : answer;
}

void cg_plaintext_warn(struct cg_plaintext *plaintext, const struct cg_snapshot *current,
                       enum cg_plaintext_answer answer)
{
    if (answer != CG_PLAINTEXT_DIFFERS || plaintext->warned == current->number)
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "The policy allows clients without TLS only on some listeners. Mosquitto 2.0 does not report which "
                  "listener a client uses, so clients without TLS are denied on all of them",
        .fix = CG_FIX_PLAIN_DIFFERS,
    };
    cg_reporter_write(plaintext->reporter, &warning);
    plaintext->warned = current->number;
}
