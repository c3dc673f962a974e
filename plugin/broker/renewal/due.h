/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When the device of a connection should ask again, and for what. Pure; no public-key cryptography. */
#ifndef CG_RENEWAL_DUE_ANSWER_H
#define CG_RENEWAL_DUE_ANSWER_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <stdint.h>

/* Seconds for an answer: 0, or from CG_RENEW_SECONDS_LEAST to CG_RENEW_SECONDS_MOST. */
int64_t cg_seconds_bounded(int64_t seconds);

/* The seconds until this client's certificate is due. */
int64_t cg_seconds_until_due(const struct cg_snapshot *current, const struct cg_conn *conn, int64_t now);

/* Of a request that waits since received: a minute at first, an hour later. */
int64_t cg_seconds_pending(int64_t received, int64_t now);

#endif
