/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Live sessions as JSON. The caller owns the objects; NULL: out of memory. Called by control_commands.c. */
#ifndef CG_CONTROL_SESSION_H
#define CG_CONTROL_SESSION_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <cjson/cJSON.h>

/* Whether this is a client's live session: not a bridge, and not being ended. */
bool cg_control_is_session(const struct cg_conn *conn);

/* "subject", "issuer", "serial", "sha256", "not_before", "not_after". */
cJSON *cg_control_certificate(const X509 *certificate);

/* The session, its client and its certificate. now: wall clock, s. */
cJSON *cg_control_session(const struct cg_conn *conn, int64_t now);

/* The same, and the verdict, findings and path of the current snapshot. */
cJSON *cg_control_explain(const struct cg_conn *conn, const struct cg_snapshot *current, int64_t now);

#endif
