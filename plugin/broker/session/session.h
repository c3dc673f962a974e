/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker layer's part of a connection record: conn->session. The hook allocates it, zeroed, together with the record, and
 * frees it after ended(). Main thread only. */
#ifndef CG_SESSION_H
#define CG_SESSION_H

#include "broker/base/queue.h"

#include <stdbool.h>
#include <stdint.h>

struct cg_session {
    const char *client_id;             /* borrowed from claim; NULL before a CONNECT was allowed */
    struct cg_claim *claim;            /* see client_map.h; NULL before a CONNECT was allowed */
    struct cg_recheck_result *recheck; /* result in the pass that is running, see recheck.h; NULL: none */
    struct cg_session_end *ending; /* set by session_enforcement.c if the session is to be ended; freed in ended() */
    struct cg_queue_node limited;  /* see cg_enforcement_limit */
    int64_t limit_ms;              /* monotonic, with limited */
    struct cg_conn *conn;          /* its own record, with limited */
    struct cg_renewal_session *renewal; /* see renewal/sessions.h; NULL: it does not take part in renewal */
    bool auth_called;                   /* the broker called the plugin for its CONNECT */
    bool reported;                      /* no longer accepted, but the policy only reports it */
};

#endif
