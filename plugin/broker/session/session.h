/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The part of a connection's record that is the broker layer's: conn->session. Zeroed when the record is made, and freed with
 * it, after ended(). The hook makes room for it and never looks into it. Main thread only. */
#ifndef CG_SESSION_H
#define CG_SESSION_H

#include <stdbool.h>

struct cg_session {
    const char *client_id;             /* borrowed from claim; NULL before a CONNECT was allowed */
    struct cg_claim *claim;            /* on that client id, see client_map.h; NULL before */
    struct cg_recheck_result *recheck; /* its place in the check of live sessions, see recheck.h; NULL: none */
    struct cg_session_end *ending;     /* of session_enforcement.c: it is to be ended, and why; freed in ended() */
    bool asked;                        /* its CONNECT was shown to plugins */
    bool reported;                     /* its snapshot refuses it, and the policy lets it go on */
};

#endif
