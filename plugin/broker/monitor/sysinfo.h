/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Numbers as retained messages below $SYS/broker/certguard/, as the broker's own below $SYS/broker/: plain text, sent
 * when they change, looked at every ten seconds. docs/control.md lists the topics.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_SYSINFO_H
#define CG_SYSINFO_H

#include "broker/event/counters.h"

#include "core/snapshot.h"
#include "tls/conn/conn.h"

/* Sends one message. client_id NULL: retained, to whoever subscribed. Else to this client alone. */
typedef void (*cg_publish_fn)(const char *client_id, const char *topic, const char *payload);

#define CG_EXPIRING_COUNT 4
extern const int cg_expiring_days[CG_EXPIRING_COUNT];

/* The clients' live TLS sessions. */
struct cg_population {
    int64_t live;
    int64_t expiring[CG_EXPIRING_COUNT]; /* end within so many days */
};

struct cg_sysinfo;

struct cg_sysinfo *cg_sysinfo_new(const struct cg_counters *counters, cg_publish_fn publish); /* NULL without memory */
void cg_sysinfo_free(struct cg_sysinfo *sysinfo);

/* Counts and sends what is due, in slices. now: wall clock, s. Returns the ms until it wants to be called again. */
int64_t cg_sysinfo_poll(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current, int64_t now);

/* The connection is about to be freed. */
void cg_sysinfo_ended(struct cg_sysinfo *sysinfo, const struct cg_conn *conn);

/* Asks for a count that begins now; it is there when cg_sysinfo_counted has the number that this returns. */
uint64_t cg_sysinfo_recount(struct cg_sysinfo *sysinfo);
uint64_t cg_sysinfo_counted(const struct cg_sysinfo *sysinfo);
const struct cg_population *cg_sysinfo_population(const struct cg_sysinfo *sysinfo);

/* Whole days until then, rounded down: -1 on the day after the end. */
int64_t cg_days_until(int64_t when, int64_t now);

#endif
