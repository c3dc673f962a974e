/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the plugin has in this process: its parts, and the snapshot that serves. Here it is made and freed, and no more: what
 * is done with it stands in the files above, which read it as they like. Each member is written by the one file that is
 * named beside it. No part knows the state.
 * Main thread only. */
#ifndef CG_STATE_H
#define CG_STATE_H

#include "broker/control/control.h"
#include "broker/event/reporter.h"
#include "broker/listener/plaintext.h"
#include "broker/listener/self_connect.h"
#include "broker/monitor/expiry_monitor.h"
#include "broker/monitor/own_monitor.h"
#include "broker/monitor/sysinfo.h"
#include "broker/reload/reload.h"
#include "broker/session/client_map.h"
#include "broker/session/session_enforcement.h"

#include "core/snapshot.h"

#include <pthread.h>

/* What only the broker can do. */
struct cg_state_ops {
    cg_broker_log_fn log;
    void (*kick)(const char *client_id, bool send_will); /* as in cg_enforcement_ops */
    cg_publish_fn publish;
    cg_client_of_fn client_of; /* NULL: this broker has no such question */
    bool tells_port;           /* of the listener that a client came to */
};

struct cg_state {
    struct cg_state_ops ops;
    pthread_t main_thread;

    /* parts, owned; lifecycle.c opens the reporter and starts the reload */
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    struct cg_enforcement *enforcement;
    struct cg_plaintext *plaintext;
    struct cg_expiry_monitor *expiry_monitor;
    struct cg_own_monitor *own_monitor;
    struct cg_sysinfo *sysinfo;
    struct cg_control *control;
    struct cg_reload *reload;
    struct cg_self_connect *self_connect; /* housekeeping.c: NULL before the first client over TLS */

    /* apply_reload.c */
    struct cg_snapshot *snapshot; /* the current one; a reference is held */
    uint64_t last_number;
    struct cg_faults kept; /* parts that stay what they were, and why */

    /* housekeeping.c */
    bool ticks;     /* the broker calls TICK: 2.0.11 with per_listener_settings does not */
    bool reloading; /* SIGHUP: until the next tick the broker may ask about sessions again, and no CONNECT can come */
    bool listeners_checked;

    /* What was warned of, and is not again. */
    bool told_no_ticks;           /* housekeeping.c */
    bool told_identity_by_broker; /* presence.c: of use_identity_as_username */
    uint64_t warned_user_names;   /* refusal.c: that the broker refuses them; of the snapshot of this number */
};

/* Called on the main thread. NULL without memory. */
struct cg_state *cg_state_new(const struct cg_state_ops *ops);

/* The parts that report, once there is a reporter. False without memory. */
bool cg_state_make_parts(struct cg_state *state);

void cg_state_free(struct cg_state *state); /* stops what runs; NULL is fine */

/* Mosquitto 2.1 asks from a thread of its own too. Nothing here has locks. */
bool cg_state_is_main_thread(const struct cg_state *state);

#endif
