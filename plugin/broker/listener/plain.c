/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plain.h"

#include "broker/base/clock.h"
#include "self_connect.h"

#include <stdlib.h>

#define TRIED_AFTER_MS 1000 /* the broker has seen the end of a connection by then */

struct cg_plain {
    struct cg_reporter *reporter;
    bool tells_port;
    struct cg_listening *listening; /* NULL before the first look */
    bool tried;                     /* those that were not known to speak TLS */
    int64_t known_at_ms;            /* monotonic: what speaks TLS is known by then */
    uint64_t warned;                /* of the snapshot of this number */
};

struct cg_plain *cg_plain_new(struct cg_reporter *reporter, bool tells_port)
{
    struct cg_plain *plain = calloc(1, sizeof *plain);
    if (!plain)
        return NULL;
    plain->reporter = reporter;
    plain->tells_port = tells_port;
    return plain;
}

void cg_plain_free(struct cg_plain *plain)
{
    if (!plain)
        return;
    cg_listening_free(plain->listening);
    free(plain);
}

void cg_plain_saw_tls(struct cg_plain *plain, const struct cg_conn *conn)
{
    if (plain->listening)
        cg_listening_saw_tls(plain->listening, conn);
}

void cg_plain_look(struct cg_plain *plain, const struct cg_policy *policy)
{
    union cg_address address;
    if (plain->tells_port || plain->tried)
        return;
    if (!plain->listening)
        plain->listening = cg_listening_new();
    if (!plain->listening || cg_listening_plain(plain->listening, policy) != CG_PLAIN_DIFFERS)
        return;
    for (size_t i = 0; cg_listening_unknown(plain->listening, i, &address); i++)
        cg_self_connect_probe(&address);
    plain->tried = true;
    plain->known_at_ms = cg_clock_monotonic_ms() + TRIED_AFTER_MS;
}

enum cg_plain_answer cg_plain_answer(const struct cg_plain *plain, const struct cg_policy *policy, uint16_t port)
{
    if (port || plain->tells_port)
        return cg_policy_listener(policy, port)->plain_allowed ? CG_PLAIN_ALLOW : CG_PLAIN_DENY;
    if (!plain->listening)
        return CG_PLAIN_DENY;
    enum cg_plain_answer answer = cg_listening_plain(plain->listening, policy);
    bool known = plain->tried && cg_clock_monotonic_ms() >= plain->known_at_ms;
    return answer == CG_PLAIN_DIFFERS && !known ? CG_PLAIN_TRYING : answer;
}

void cg_plain_warn(struct cg_plain *plain, const struct cg_snapshot *current, enum cg_plain_answer answer)
{
    if (answer != CG_PLAIN_DIFFERS || plain->warned == current->number)
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "The policy allows clients without TLS on some of the listeners without TLS only. Mosquitto 2.0 does "
                  "not tell plugins which one a client came to, so all of them are denied",
        .fix = CG_FIX_PLAIN_DIFFERS,
    };
    cg_report(plain->reporter, &warning);
    plain->warned = current->number;
}
