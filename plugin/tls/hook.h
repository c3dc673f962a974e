/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The hook into every TLS handshake of the process, by public OpenSSL API only: ex_data callbacks find each
 * SSL_CTX and SSL, an info callback configures and observes each connection, a certificate verify callback
 * asks cg_check. One hook a process; installs are counted (per_listener_settings loads the plugin twice).
 * Called by the broker layer from the main thread. Knows nothing of Mosquitto. */
#ifndef CG_HOOK_H
#define CG_HOOK_H

#include "core/base/error.h"
#include "core/policy/policy.h"
#include "tls/conn/conn.h"
#include "tls/conn/handlers.h"

/* Counted. The first call installs and runs the self-test: a handshake with itself in memory through the hook, one
 * with a good and one with a bad certificate. False: the hook is not effective; the broker must not start.
 * The handlers of the first call serve the process; those of later calls are not used. The calling thread is the
 * main thread: SSL_CTXs made on another one are not the broker's. */
bool cg_hook_install(const struct cg_hook_handlers *handlers, struct cg_error *err);
void cg_hook_remove(
    void); /* the last one calls ended() for every record and uninstalls; later handshakes are refused */

/* Whether the TLS of other plugins can be told from the broker's, and is left alone (see ctx_owner.h). Where it cannot, it is
 * checked as the broker's is. To be called once installed, on the main thread. */
bool cg_hook_knows_ctx_owner(void);

/* The record of a client's certificate as mosquitto_client_certificate returns it, or NULL. */
struct cg_conn *cg_hook_conn_of_certificate(const X509 *certificate);

/* Whether the proofs of cg_hook_is_client work with this OpenSSL, as the self-test found. */
bool cg_hook_can_preflight(void);

/* The CONNECT of this connection was shown to us: its records are no longer watched. Cheaper. reads_on() is called as soon
 * as more is read, which the broker does not do where it refuses. */
void cg_hook_connect_done(struct cg_conn *conn);

/* Does the broker check CRLs of its own (crlfile) in one of its listeners or bridges? To be called once the listeners
 * exist, from the first tick. */
bool cg_hook_broker_has_crl(void);

/* cg_ciphers_accept_psk, on the main thread while the hook is installed. */
bool cg_hook_accepts_psk(const struct cg_tls_policy *tls);

/* Cuts handshakes past their deadline. Returns ms until the next deadline, -1 for none. */
int64_t cg_hook_tick(void);

/* All records, newest first; valid until control returns to the broker. */
struct cg_conn *cg_hook_first(void);

#endif
