/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "hook.h"

#include "handshake.h"
#include "resumption.h"
#include "tls/conn/halfopen.h"
#include "tls/conn/outcome.h"
#include "tls/conn/pending.h"
#include "tls/conn/record.h"
#include "tls/conn/unclaimed.h"
#include "tls/credential/selftest.h"
#include "tls/openssl/ciphers.h"
#include "tls/openssl/context.h"
#include "tls/openssl/ctx_owner.h"
#include "tls/openssl/issuers.h"
#include "tls/openssl/libssl.h"
#include "tls/openssl/main_thread.h"
#include "tls/openssl/marker.h"

#include <openssl/err.h>
#include <openssl/rand.h>

static int installs;

static void ssl_new(void *ssl, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)ssl, (void)value, (void)data, (void)index, (void)argl, (void)argp;
    if (cg_on_main_thread())
        cg_handshake_configure();
}

static void ssl_free(void *ssl, void *conn, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)ssl, (void)data, (void)index, (void)argl, (void)argp;
    if (conn)
        cg_conn_end(conn);
}

/* The copy of an SSL or X509 has no record. */
static int do_not_copy(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **value, int index, long argl, void *argp)
{
    (void)to, (void)from, (void)index, (void)argl, (void)argp;
    *value = NULL;
    return 1;
}

static bool get_indexes(uint32_t process, struct cg_error *err)
{
    int conn_index = SSL_get_ex_new_index(0, NULL, ssl_new, do_not_copy, ssl_free);
    int leaf_index = X509_get_ex_new_index(0, NULL, NULL, do_not_copy, NULL);
    cg_records_begin(process, conn_index, leaf_index);
    if (conn_index >= 0 && leaf_index >= 0 && cg_contexts_begin() && cg_pending_begin())
        return true;
    cg_error_set(err, "TLS hook: cannot get an ex_data index from OpenSSL, probably out of memory; restart the broker");
    return false;
}

static void uninstall(void)
{
    for (struct cg_conn *conn; (conn = cg_conn_first());) {
        cg_handshake_unwatch(conn);
        cg_conn_end(conn);
    }
    cg_pending_end();
    cg_contexts_end();
    cg_records_end();
    /* The callbacks stay in SSL_CTXs that still exist (this object is never unmapped): without handlers they refuse. */
    (void)cg_handlers_replace(NULL);
    cg_main_thread_forget();
    cg_marks_set_proven(false);
    cg_issuers_set_proven(false);
    cg_issuers_forget();
    installs = 0;
}

bool cg_hook_install(const struct cg_hook_handlers *handlers, struct cg_error *err)
{
    if (installs > 0) {
        installs++;
        return true;
    }
    if (!handlers->snapshot || !handlers->now || !handlers->monotonic_ms) {
        cg_error_set(err, "TLS hook: a handler is missing; this is a bug");
        return false;
    }
    (void)cg_handlers_replace(handlers);
    cg_main_thread_is_this();
    installs = 1;
    ERR_set_mark();
    uint32_t seed = 0;
    bool ok = RAND_bytes((unsigned char *)&seed, sizeof seed) == 1;
    if (!ok)
        cg_error_set(err, "TLS hook: cannot get random bytes from OpenSSL; check its configuration");
    cg_half_open_begin(seed);
    ok = ok && cg_libssl_is_the_brokers(err) && get_indexes(seed, err) && cg_self_test(err);
    ERR_pop_to_mark();
    if (!ok)
        uninstall();
    return ok;
}

void cg_hook_remove(void)
{
    if (installs > 0 && --installs == 0)
        uninstall();
}

bool cg_hook_knows_ctx_owner(void)
{
    cg_contexts_force_owner(CG_CTX_OWNER_FOREIGN); /* the SSL_CTX created here is not a listener's */
    bool known = cg_ctx_owner_is_known();
    cg_contexts_force_owner(CG_CTX_OWNER_UNKNOWN);
    return known;
}

bool cg_hook_accepts_psk(const struct cg_tls_policy *tls)
{
    cg_contexts_force_owner(CG_CTX_OWNER_FOREIGN); /* the SSL_CTX created here is not a listener's */
    bool accepts = cg_ciphers_accept_psk(tls);
    cg_contexts_force_owner(CG_CTX_OWNER_UNKNOWN);
    return accepts;
}

bool cg_hook_broker_has_crl(void)
{
    bool found = false;
    for (const struct cg_context *context = cg_contexts_first(); context && !found; context = context->next) {
        X509_VERIFY_PARAM *param = X509_STORE_get0_param(SSL_CTX_get_cert_store(context->ctx));
        found = X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_CRL_CHECK;
    }
    return found;
}

struct cg_conn *cg_hook_conn_of_certificate(const X509 *certificate)
{
    return certificate && installs > 0 ? cg_conn_of_leaf(certificate) : NULL;
}

void cg_hook_connect_done(struct cg_conn *conn)
{
    if (conn->ssl)
        SSL_set_msg_callback(conn->ssl, NULL);
    conn->private->connect_done = true;
    cg_unclaimed_remove(conn);
}

int64_t cg_hook_tick(void)
{
    cg_handshake_open_pending();
    cg_resumption_tick();
    return cg_handshake_abort_late();
}

struct cg_conn *cg_hook_first(void)
{
    return cg_conn_first();
}
