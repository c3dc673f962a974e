/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the plugin holds in this process: one hook, one snapshot, one event log, however many plugin lines the
 * broker's configuration has (per_listener_settings). Counted: each line opens and closes it.
 * Main thread only. Called by plugin.c (life), auth.c, presence.c and reload code (use). */
#ifndef CG_STATE_H
#define CG_STATE_H

#include "client_map.h"
#include "control.h"
#include "options.h"
#include "own_watch.h"
#include "plain.h"
#include "reload.h"
#include "report.h"
#include "self_connect.h"
#include "session_enforcement.h"
#include "sysinfo.h"
#include "warn.h"

#include "core/snapshot.h"

#include <pthread.h>

/* What only the broker can do. */
struct cg_state_means {
    cg_broker_log_fn log;
    void (*kick)(const char *client_id, bool send_will); /* as in cg_enforcement_means */
    cg_publish_fn publish;
    cg_client_of_fn client_of; /* NULL: this broker has no such question */
    bool tells_port;           /* of the listener that a client came to */
};

struct cg_state {
    int instances;
    struct cg_options options;
    struct cg_snapshot *snapshot; /* the current one; a reference is held */
    uint64_t last_number;
    struct cg_faults kept; /* parts that stay what they were, and why */
    struct cg_reporter *reporter;
    struct cg_state_means means;
    struct cg_client_map *clients;
    struct cg_enforcement *enforcement;
    struct cg_plain *plain;
    struct cg_warner *warner;
    struct cg_own_watch *own_watch;
    struct cg_sysinfo *sysinfo;
    struct cg_control *control;
    struct cg_reload *reload;
    bool hooked;
    bool own_certificate_checked;
    bool ticks;                           /* the broker calls TICK: 2.0.11 with per_listener_settings does not */
    struct cg_self_connect *self_connect; /* NULL before the first client over TLS */
    bool reloading; /* SIGHUP: until the next tick the broker may ask about sessions again, and no CONNECT can come */
    bool told_no_ticks;
    pthread_t main_thread;
    bool told_identity_by_broker; /* the warning about use_identity_as_username went out */
    uint64_t warned_user_names;   /* that the broker refuses them; of the snapshot of this number */
};

/* The first call loads the snapshot, opens the log and installs the hook; later ones must have the same options.
 * NULL and *err: the broker must not start. */
struct cg_state *cg_state_open(const struct cg_options *options, const struct cg_state_means *means,
                               struct cg_error *err);
void cg_state_close(struct cg_state *state); /* the last one undoes everything; NULL is fine */

/* SIGHUP: reopens the log, looks at the files at once. */
void cg_state_nudge(struct cg_state *state);

/* Makes fresh the current snapshot, numbers it and tells so. Takes over the caller's reference. */
void cg_state_swap(struct cg_state *state, struct cg_snapshot *fresh);

/* To be called when a client with TLS has connected: by then a broker that ticks has ticked. One that did not is woken. */
void cg_state_touch(struct cg_state *state, const struct cg_conn *conn);

/* To be called when a handshake starts: it must see the newest snapshot, tick or no tick. */
void cg_state_take_news(struct cg_state *state);

/* What has to be done from time to time. Returns the ms until it wants to be called again: 1 to 100. */
int64_t cg_state_pulse(struct cg_state *state);
int64_t cg_state_tick(struct cg_state *state); /* the same, called by the broker */

#endif
