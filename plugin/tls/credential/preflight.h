/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Proof that a snapshot works before it may serve: OpenSSL takes the lists of the policy's "tls" sections, they are sound
 * and of use, and a handshake in memory succeeds with each credential. Nothing is kept. Called by the broker layer at each load. */
#ifndef CG_PREFLIGHT_H
#define CG_PREFLIGHT_H

#include "core/base/error.h"
#include "core/snapshot_source.h"
#include "tls/openssl/ciphers.h"

#include <stdbool.h>

/* Any thread; on the main thread only before cg_hook_install. The error names the JSON key or the file, and what is wrong
 * with it. */
extern const struct cg_snapshot_preflight cg_preflight;

/* Of the policy's proof what opens no file: all but whether its ciphers fit the credentials' keys. As cg_preflight. */
bool cg_preflight_lists(const struct cg_policy *policy, struct cg_error *err);

/* Of the certificates that the broker loaded itself; zeroed: not known. A policy with ciphers that none of them can be used with
 * is refused from then on. Any thread. */
void cg_preflight_own_strength(const struct cg_strength *strength);

#endif
