/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* $CONTROL/certguard/v1: requests of administrators, answered to them alone (docs/control.md).
 * Who may is asked again at each step, of the snapshot that serves then: the certificate is in "admin" of the policy,
 * and passes every rule, audited ones too. Answers go out at the pulse, when no client's packet can come between the
 * question who has this client id and the sending.
 * Owned by the plugin's state, which it does not know; main thread only. */
#ifndef CG_CONTROL_H
#define CG_CONTROL_H

#include "control_ops.h"

#include <stddef.h>

#define CG_CONTROL_TOPIC "$CONTROL/certguard/v1"

struct cg_control;

struct cg_control *cg_control_new(const struct cg_control_ops *ops); /* NULL without memory */
void cg_control_free(struct cg_control *control);

struct cg_control_request {
    struct cg_conn *conn;  /* NULL: no TLS, or no certificate */
    const char *client_id; /* may be NULL */
    const char *address;   /* for the event, where there is no conn */
    const void *payload;
    size_t len;
};

enum cg_control_result { CG_CONTROL_DENIED = 0, CG_CONTROL_TAKEN, CG_CONTROL_BUSY };

/* A refusal is told by an event, and counted; nothing of the payload is looked at before. */
enum cg_control_result cg_control_receive(struct cg_control *control, const struct cg_snapshot *current,
                                          const struct cg_control_request *request);

/* Does what is due, in slices. Returns the ms until it wants to be called again, -1 for whenever. */
int64_t cg_control_poll(struct cg_control *control, const struct cg_control_context *world);

/* An administrator asked that the files are looked at again: true once, and the caller sees to it. */
bool cg_control_take_reload(struct cg_control *control);

/* The connection is about to be freed: its requests get no answer. */
void cg_control_ended(struct cg_control *control, const struct cg_conn *conn);

#endif
