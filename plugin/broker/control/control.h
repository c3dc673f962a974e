/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requests of administrators and signers on $CONTROL/certguard/v1, and the answers to them (docs/control.md). The right to send
 * requests is checked again before every command and before the answer, against the current snapshot: the certificate must be
 * in the list of the policy for that command ("admin" or "renewal.signers") and pass every rule, even audited ones. Answers are
 * sent in cg_control_poll(): no packet of a client can arrive between the check of who owns the client id and the publish.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_CONTROL_H
#define CG_CONTROL_H

#include "control_ops.h"

#include <stddef.h>

#define CG_CONTROL_TOPIC "$CONTROL/certguard/v1"

struct cg_control;

struct cg_control *cg_control_new(const struct cg_control_ops *ops); /* NULL: out of memory */
void cg_control_free(struct cg_control *control);

struct cg_control_request {
    struct cg_conn *conn;  /* NULL: no TLS, or no certificate */
    const char *client_id; /* may be NULL */
    const char *address;   /* for the event, if conn is NULL */
    const void *payload;
    size_t len;
};

enum cg_control_result { CG_CONTROL_DENIED = 0, CG_CONTROL_ACCEPTED, CG_CONTROL_BUSY };

/* Queues the request. Checks the sender before it parses the payload; a denied request is reported as an event. */
enum cg_control_result cg_control_receive(struct cg_control *control, const struct cg_snapshot *current,
                                          const struct cg_control_request *request);

/* Runs queued commands for a few ms. Returns the ms until the next call is needed, -1 for none. */
int64_t cg_control_poll(struct cg_control *control, const struct cg_control_context *context);

/* True once after an administrator requested a reload. The caller then starts it. */
bool cg_control_take_reload(struct cg_control *control);

/* To be called before the connection is freed: its requests get no answer. */
void cg_control_ended(struct cg_control *control, const struct cg_conn *conn);

#endif
