/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state of the one hook of the process, shared by the files of this folder only. Main thread only:
 * what other threads do with OpenSSL is turned away at the ex_data callbacks (see context.c). */
#ifndef CG_TLS_PRIVATE_H
#define CG_TLS_PRIVATE_H

#include "context.h"
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

/* handshake.c */
struct cg_conn *cg_handshake_open(SSL *ssl); /* the record of an SSL that has none; NULL: refuse it */
void cg_handshake_info(const SSL *ssl, int where, int value);
int64_t cg_handshake_cut_late(void); /* those past their deadline; ms until the next deadline, -1 for none */
void cg_handshake_open_silent(void); /* records for silent peers of the broker */
void cg_handshake_configure(void);   /* puts our callbacks into the SSL_CTXs that miss them */
bool cg_handshake_resume(struct cg_conn *conn,
                         const STACK_OF(X509) *path); /* false: leaves no trace, the peer is asked */
void cg_handshake_unwatch(struct cg_conn *conn);      /* for an SSL that outlives its record */

/* settings.c */
bool cg_settings_apply(struct cg_conn *conn);
void cg_settings_refuse(SSL *ssl); /* makes this handshake fail, whatever comes */

/* credential.c */
int cg_serve_credential(SSL *ssl, void *conn); /* SSL_set_cert_cb */
bool cg_serve(SSL *ssl, const struct cg_credential *credential);
bool cg_own_examine(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                    const STACK_OF(X509) *chain, struct cg_verdict *verdict); /* by the server rules of policy */
void cg_own_strength_note(
    void); /* what the certificates of the broker can be used for, for later policies; own_certificate.c */
bool cg_own_credential(SSL *ssl, struct cg_conn *conn); /* the broker's certificate passes; else says why */

/* offer.c: of a listener, once a ClientHello was read */
bool cg_offers_psk(const struct cg_conn *conn);
bool cg_offer_lacks_version(struct cg_conn *conn); /* each: gives the reason; false: it is not known better */
bool cg_offer_lacks_cipher(struct cg_conn *conn);
bool cg_offer_lacks_signature(struct cg_conn *conn);

/* resumption.c */
void cg_resumption_configure(SSL_CTX *ctx);                                 /* puts the callbacks in */
void cg_resumption_apply(struct cg_conn *conn, struct cg_context *context); /* tickets, where the policy allows them */
void cg_resumption_accepted(struct cg_conn *conn);                          /* this peer may have one */
void cg_resumption_tick(void);

/* failure.c */
void cg_failure_classify(struct cg_conn *conn, int saved_errno); /* at the failure: reads the error queue */
void cg_failure_gone(struct cg_conn *conn, int saved_errno);     /* it ended, and nobody said why */

/* selftest.c */
bool cg_self_test(struct cg_error *err);
bool cg_shake_hands(SSL *server, SSL *client); /* over a BIO pair; true when both sides are done */

#endif
