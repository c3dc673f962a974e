/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Renewal over MQTT, the broker's part (docs/renewal.md): it keeps requests of devices in the spool, and hands the CA's answers to
 * them. The main thread checks shape, rate and the table of requests; a worker thread does public-key cryptography and files.
 * Answers are found by certificate, never by client id. Off while the policy names no spool. Owned by the plugin's state; main
 * thread only. */
#ifndef CG_BROKER_RENEWAL_H
#define CG_BROKER_RENEWAL_H

#include "broker/event/reporter.h"
#include "broker/session/client_map.h"
#include "types.h"

#include "core/base/error.h"
#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_renewal;

/* NULL: out of memory. The reporter and the clients are borrowed. */
struct cg_renewal *cg_renewal_new(struct cg_reporter *reporter, struct cg_client_map *clients, cg_send_fn send);
void cg_renewal_free(struct cg_renewal *renewal); /* waits for the worker; accepts NULL */

/* Answers what the main thread can answer, and hands the rest to the worker. It never fails: what gets no answer is asked
 * again. */
void cg_renewal_receive(struct cg_renewal *renewal, struct cg_snapshot *current,
                        const struct cg_renewal_question *question);

/* Follows a changed policy, takes the worker's results, and sends the answers: no packet of a client can arrive between the check of
 * who owns a client id and the publish. Returns the ms until the next call is needed, -1 for none. */
int64_t cg_renewal_poll(struct cg_renewal *renewal, struct cg_snapshot *current);

/* A handshake was accepted: a new certificate that is in use for a minute works. */
void cg_renewal_accepted(struct cg_renewal *renewal, struct cg_conn *conn);

/* To be called before the connection is freed. */
void cg_renewal_ended(struct cg_renewal *renewal, const struct cg_conn *conn);

/* ---- for $SYS, "status" and the commands of signers */

struct cg_renewal_numbers {
    int64_t requested, refused, delivered, confirmed; /* since the start */
    int64_t waiting;                                  /* requests without an answer */
    bool full;                                        /* the spool takes no more */
    bool on;                                          /* the policy names a spool */
};
struct cg_renewal_numbers cg_renewal_numbers(const struct cg_renewal *renewal);

/* The requests that wait, oldest first, at most 100: "id", "subject", "received". The caller's; NULL: out of memory. */
cJSON *cg_renewal_waiting(const struct cg_renewal *renewal);

/* Starts a command. argument is copied. Returns its ticket, 0 with *err: it cannot be started. */
uint64_t cg_renewal_start(struct cg_renewal *renewal, enum cg_renewal_command command, const cJSON *argument,
                          struct cg_error *err);

/* True: it is done, and the ticket is used up. *data is the caller's; NULL with *err: it failed. */
bool cg_renewal_finish(struct cg_renewal *renewal, uint64_t ticket, cJSON **data, struct cg_error *err);
void cg_renewal_abandon(struct cg_renewal *renewal, uint64_t ticket); /* nobody waits for it; 0 is fine */

#endif
