/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The hook into every TLS handshake of the process, with public OpenSSL API only. ex_data callbacks find each
 * SSL_CTX and SSL, an info callback configures and observes each connection, and a certificate verify callback calls
 * cg_check_peer. There is one hook per process; installs are counted, since per_listener_settings loads the plugin
 * twice. Called by the broker layer on the main thread. Knows nothing of Mosquitto. */
#ifndef CG_HOOK_H
#define CG_HOOK_H

#include "core/base/error.h"
#include "core/policy/policy.h"
#include "tls/conn/conn.h"
#include "tls/conn/handlers.h"

/* Counted. The first call installs the hook and runs the self-test (selftest.h). False: the hook is not effective,
 * and the broker must not start. Only the handlers of the first call are used. The calling thread becomes the main
 * thread: SSL_CTXs created on other threads are not the broker's. */
bool cg_hook_install(const struct cg_hook_handlers *handlers, struct cg_error *err);
void cg_hook_remove(
    void); /* the last call calls ended() for every record and uninstalls; later handshakes are refused */

/* Whether the TLS of other plugins can be distinguished from the broker's (see ctx_owner.h). If so, the hook ignores
 * it; if not, it is checked like the broker's. Call it after the install, on the main thread. */
bool cg_hook_knows_ctx_owner(void);

/* The record of a client's certificate as mosquitto_client_certificate returns it, or NULL. */
struct cg_conn *cg_hook_conn_of_certificate(const X509 *certificate);

/* The plugin has seen the CONNECT of this connection: its TLS records are no longer observed, which saves time.
 * first_read() is called when the broker reads again, which it does not do if it refuses the client. */
void cg_hook_connect_done(struct cg_conn *conn);

/* Whether the broker itself checks CRLs (crlfile) in a listener or bridge. Call it after the listeners exist, from
 * the first tick on. */
bool cg_hook_broker_has_crl(void);

/* As cg_ciphers_accept_psk, for the main thread while the hook is installed. */
bool cg_hook_accepts_psk(const struct cg_tls_policy *tls);

/* Aborts handshakes past their deadline. Returns ms until the next deadline, -1 for none. */
int64_t cg_hook_tick(void);

/* All records, newest first; valid until control returns to the broker. */
struct cg_conn *cg_hook_first(void);

#endif
