/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Publishes numbers as retained messages under $SYS/broker/certguard/, in plain text, like the broker's own. Every ten seconds
 * it publishes those that changed. docs/control.md lists the topics. Owned by the plugin's state; main thread only. */
#ifndef CG_SYSINFO_H
#define CG_SYSINFO_H

#include "broker/event/counters.h"
#include "broker/renewal/renewal.h"

#include "core/path/signature_cache.h"
#include "core/snapshot.h"
#include "tls/conn/conn.h"

/* Publishes one message. client_id NULL: retained, to all subscribers. Otherwise only to this client. */
typedef void (*cg_publish_fn)(const char *client_id, const char *topic, const char *payload);

#define CG_EXPIRING_COUNT 4
extern const int cg_expiring_days[CG_EXPIRING_COUNT];

/* Live TLS sessions of clients. */
struct cg_population {
    int64_t live;
    int64_t expiring[CG_EXPIRING_COUNT]; /* certificates expire within cg_expiring_days[] */
};

struct cg_sysinfo;

/* Borrows counters and signatures. NULL: out of memory. */
struct cg_sysinfo *cg_sysinfo_new(const struct cg_counters *counters, struct cg_signature_cache *signatures,
                                  cg_publish_fn publish);
void cg_sysinfo_free(struct cg_sysinfo *sysinfo);

/* Counts sessions, a few ms per call, and publishes changes. changes: cg_enforcement_changes(). now: wall clock, s. Returns the
 * ms until the next call is needed. */
int64_t cg_sysinfo_poll(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current,
                        const struct cg_renewal_numbers *renewal, uint64_t changes, int64_t now);

/* To be called before the connection is freed. */
void cg_sysinfo_ended(struct cg_sysinfo *sysinfo, const struct cg_conn *conn);

/* Requests a new count and returns its number. It is done when cg_sysinfo_counted() has reached this number. */
uint64_t cg_sysinfo_recount(struct cg_sysinfo *sysinfo);
uint64_t cg_sysinfo_counted(const struct cg_sysinfo *sysinfo);
const struct cg_population *cg_sysinfo_population(const struct cg_sysinfo *sysinfo);

/* Whole days from now until when, rounded down: -1 on the first day after when. */
int64_t cg_days_until(int64_t when, int64_t now);

#endif
