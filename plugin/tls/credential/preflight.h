/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Tests a snapshot before it is activated: OpenSSL accepts the lists of the policy's "tls" sections, they are strong
 * and usable, and a test handshake succeeds with each credential. Nothing is kept. Called by the broker layer at
 * each load. */
#ifndef CG_PREFLIGHT_H
#define CG_PREFLIGHT_H

#include "core/base/error.h"
#include "core/snapshot_source.h"
#include "tls/openssl/ciphers.h"

#include <stdbool.h>

/* Any thread; the main thread only before cg_hook_install. The error names the JSON key or the file, and what is
 * wrong. */
extern const struct cg_snapshot_preflight cg_preflight;

/* The tests of the policy that open no file: all except whether its ciphers fit the credentials' keys. Threads as
 * cg_preflight. */
bool cg_preflight_lists(const struct cg_policy *policy, struct cg_error *err);

/* Sets the strength of the certificates that the broker loaded itself; zeroed: unknown. Later policies are refused
 * if none of these certificates can be used with their ciphers. Any thread. */
void cg_preflight_set_own_strength(const struct cg_strength *strength);

#endif
