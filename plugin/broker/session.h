/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Sessions of MQTT clients with certificates, found by the certificate's fingerprint: for "one certificate, one
 * client". A session hangs on its connection record (broker_data) and is dropped when that ends.
 * The table is owned by the plugin's state; main thread only. */
#ifndef CG_SESSION_H
#define CG_SESSION_H

#include "tls/conn.h"

#include <stdbool.h>
#include <stddef.h>

struct cg_sessions;

struct cg_sessions *cg_sessions_new(void); /* NULL without memory */
void cg_sessions_free(struct cg_sessions *sessions);
size_t cg_sessions_count(const struct cg_sessions *sessions);

/* The client id that another connection uses with the same certificate, or NULL. The same client id is no other
 * client: it takes over its own session. */
const char *cg_sessions_other(const struct cg_sessions *sessions, const struct cg_conn *conn, const char *client_id);

/* Remembers that this connection is client_id's (sets conn->client_id). False without memory: deny. */
bool cg_sessions_add(struct cg_sessions *sessions, struct cg_conn *conn, const char *client_id);

/* The connection ends; fine when it has no session. */
void cg_sessions_drop(struct cg_sessions *sessions, struct cg_conn *conn);

#endif
