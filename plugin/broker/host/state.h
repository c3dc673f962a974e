/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin's state in this process: its parts and the current snapshot. state.c only creates and frees it. All files in this
 * folder may read it; each member is written only by the file named in its comment. The parts do not know the state.
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
#include "broker/renewal/renewal.h"
#include "broker/session/client_map.h"
#include "broker/session/session_enforcement.h"

#include "core/path/signature_cache.h"
#include "core/snapshot.h"

#include <pthread.h>

/* Functions of the broker. */
struct cg_state_ops {
    cg_broker_log_fn log;
    void (*kick)(const char *client_id, bool send_will); /* as in cg_enforcement_ops */
    cg_publish_fn publish;
    cg_send_fn send;
    cg_client_of_fn client_of; /* NULL: this broker has none (2.0) */
    bool reports_port;         /* the broker reports the port of a client's listener */
};

struct cg_state {
    struct cg_state_ops ops;
    pthread_t main_thread;

    /* parts, owned; lifecycle.c opens the reporter and starts the reload */
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    struct cg_signature_cache *signatures;
    struct cg_enforcement *enforcement;
    struct cg_plaintext *plaintext;
    struct cg_expiry_monitor *expiry_monitor;
    struct cg_own_monitor *own_monitor;
    struct cg_sysinfo *sysinfo;
    struct cg_control *control;
    struct cg_renewal *renewal;
    struct cg_reload *reload;
    struct cg_self_connect *self_connect; /* housekeeping.c: NULL before the first client over TLS */

    /* apply_reload.c */
    struct cg_snapshot *snapshot; /* the current one; owns a reference */
    uint64_t last_number;
    struct cg_faults kept; /* parts that keep their previous version, and the reasons */

    /* housekeeping.c */
    bool ticks;     /* the broker calls TICK; 2.0.11 with per_listener_settings does not */
    bool reloading; /* from SIGHUP to the next tick: the broker may check sessions again, and no CONNECT can arrive */
    bool listeners_checked;
    int64_t due_ms; /* monotonic: the next housekeeping */

    /* warnings already given */
    bool warned_no_ticks;           /* housekeeping.c */
    bool warned_identity_by_broker; /* presence.c: use_identity_as_username */
    uint64_t warned_user_names;     /* refusal.c: number of the snapshot of the last warning */
};

/* Called on the main thread. NULL: out of memory. */
struct cg_state *cg_state_new(const struct cg_state_ops *ops);

/* Creates the parts that need state->reporter. False: out of memory. */
bool cg_state_make_parts(struct cg_state *state);

void cg_state_free(struct cg_state *state); /* stops all threads; accepts NULL */

/* Mosquitto 2.1 also calls plugins from another thread; nothing here has locks. */
bool cg_state_is_main_thread(const struct cg_state *state);

#endif
