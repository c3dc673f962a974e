/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state of the one hook of the process, shared by the files of this folder only. Main thread only:
 * what other threads do with OpenSSL is turned away at the ex_data callbacks (see context.c). */
#ifndef CG_TLS_PRIVATE_H
#define CG_TLS_PRIVATE_H

#include "context.h"
#include "credential.h"
#include "halfopen.h"
#include "handlers.h"
#include "hook.h"
#include "main_thread.h"
#include "marker.h"
#include "outcome.h"
#include "record.h"
#include "silent.h"
#include "socket.h"
#include "unclaimed.h"

/* credential.c */
bool cg_own_examine(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                    const STACK_OF(X509) *chain, struct cg_verdict *verdict); /* by the server rules of policy */
void cg_own_strength_note(
    void); /* what the certificates of the broker can be used for, for later policies; own_certificate.c */
/* selftest.c */
bool cg_self_test(struct cg_error *err);
bool cg_shake_hands(SSL *server, SSL *client); /* over a BIO pair; true when both sides are done */

#endif
