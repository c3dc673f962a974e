/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Live sessions as JSON. Objects are the caller's; NULL without memory. Called by control_commands.c. */
#ifndef CG_CONTROL_SESSION_H
#define CG_CONTROL_SESSION_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <cjson/cJSON.h>

/* A client's session that goes on: not a bridge, not one that was told to end. */
bool cg_control_is_session(const struct cg_conn *conn);

/* "subject", "issuer", "serial", "sha256", "not_before", "not_after". */
cJSON *cg_control_certificate(const X509 *certificate);

/* One row of a list: who, from where, on which listener, with which certificate, until when. */
cJSON *cg_control_session(const struct cg_conn *conn, int64_t now);

/* The same, and what the current snapshot says of it now: verdict, findings, path. */
cJSON *cg_control_explain(const struct cg_conn *conn, const struct cg_snapshot *current, int64_t now);

#endif
