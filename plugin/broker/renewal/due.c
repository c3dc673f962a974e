/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "due.h"

#include "core/cert/list.h"
#include "core/renewal/due.h"
#include "core/renewal/question.h"

#define PENDING_MOST 3600

int64_t cg_seconds_bounded(int64_t seconds)
{
    if (seconds <= 0)
        return 0;
    if (seconds < CG_RENEW_SECONDS_LEAST)
        return CG_RENEW_SECONDS_LEAST;
    return seconds < CG_RENEW_SECONDS_MOST ? seconds : CG_RENEW_SECONDS_MOST;
}

/* Whether its CA is being replaced. A failed look-up answers with the usual date. */
static bool is_moving(const struct cg_snapshot *current, const struct cg_conn *conn)
{
    bool fault = false;
    for (int i = 1; i < sk_X509_num(conn->path); i++)
        if (cg_list_find(&current->policy->renewal.move_from, sk_X509_value(conn->path, i), &fault))
            return true;
    return false;
}

/* A certificate with malformed dates is due at once: the CA says what is wrong with it. */
int64_t cg_seconds_until_due(const struct cg_snapshot *current, const struct cg_conn *conn, int64_t now)
{
    int64_t due = now, move = 0;
    int64_t left = cg_renewal_due(conn->peer_leaf, now, &due) ? due - now : 0;
    if (is_moving(current, conn) && (move = cg_renewal_move_in(conn->peer_leaf, now)) < left)
        left = move;
    return cg_seconds_bounded(left);
}

int64_t cg_seconds_pending(int64_t received, int64_t now)
{
    int64_t seconds = (now - received) / 10;
    seconds = seconds < PENDING_MOST ? seconds : PENDING_MOST;
    return seconds > CG_RENEW_SECONDS_LEAST ? seconds : CG_RENEW_SECONDS_LEAST;
}
