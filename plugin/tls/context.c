/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The registry of the broker's SSL_CTXs. */
#include "ciphers.h"
#include "private.h"
#include "tickets.h"

#include <openssl/crypto.h>

/* Inside SSL_CTX_new: the object is half built, so it is only remembered. Identity is the ex_data slot, not the
 * pointer: the broker may free an SSL_CTX and get the next one at the same address. */
static void context_new(void *ctx, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)value, (void)argl, (void)argp;
    /* The broker makes its SSL_CTXs on the main thread, and this registry has no lock. */
    if (!cg_on_main_thread())
        return;
    enum cg_origin origin = cg_hook.origin_forced ? cg_hook.origin_forced : cg_origin_of_caller();
    if (origin == CG_ORIGIN_FOREIGN)
        return;
    struct cg_context *context = cg_hook.spare ? cg_hook.spare : OPENSSL_zalloc(sizeof *context);
    cg_hook.spare = NULL;
    if (!context) {
        cg_hook.blind = true;
        return;
    }
    context->ctx = ctx;
    context->number = ++cg_hook.contexts_made;
    context->in_slot = CRYPTO_set_ex_data(data, index, context) == 1; /* else again when it is configured */
    context->next = cg_hook.contexts;
    if (context->next)
        context->next->prev = context;
    cg_hook.contexts = context;
    cg_hook.spare = OPENSSL_zalloc(sizeof *context);
}

static void forget(struct cg_context *context)
{
    if (context->prev)
        context->prev->next = context->next;
    else
        cg_hook.contexts = context->next;
    if (context->next)
        context->next->prev = context->prev;
    X509_free(context->own.leaf);
    cg_tickets_free(context->tickets);
    OPENSSL_free(context);
}

static struct cg_context *without_slot(const SSL_CTX *ctx)
{
    struct cg_context *context = cg_hook.contexts;
    while (context && (context->in_slot || context->ctx != ctx))
        context = context->next;
    return context;
}

static void context_free(void *ctx, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)data, (void)index, (void)argl, (void)argp;
    if (!cg_on_main_thread())
        return;
    struct cg_context *context = value ? value : without_slot(ctx);
    if (context)
        forget(context);
}

bool cg_contexts_index(void)
{
    cg_hook.spare = OPENSSL_zalloc(sizeof *cg_hook.spare);
    cg_hook.context_index = SSL_CTX_get_ex_new_index(0, NULL, context_new, NULL, context_free);
    return cg_hook.spare && cg_hook.context_index >= 0;
}

void cg_contexts_end(void)
{
    for (struct cg_context *context; (context = cg_hook.contexts);) {
        SSL_CTX_set_ex_data(context->ctx, cg_hook.context_index, NULL);
        forget(context);
    }
    OPENSSL_free(cg_hook.spare);
    cg_hook.spare = NULL;
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL_CTX, cg_hook.context_index);
}

void cg_contexts_configure(void)
{
    for (struct cg_context *context = cg_hook.contexts; context; context = context->next) {
        /* New ones come first, and all that were there at the last SSL_new are done. */
        if (context->configured)
            break;
        SSL_CTX_set_info_callback(context->ctx, cg_handshake_info);
        SSL_CTX_set_cert_verify_callback(context->ctx, cg_handshake_verify, NULL);
        cg_resumption_configure(context->ctx);
        /* SSL_OP_NO_TICKET does not stop resumption by TLS 1.2 session id. */
        SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_OFF);
        context->security_level = SSL_CTX_get_security_level(context->ctx);
        context->configured = true;
        /* without a slot its connections find no settings, and are refused */
        if (!context->in_slot)
            context->in_slot = SSL_CTX_set_ex_data(context->ctx, cg_hook.context_index, context) == 1;
    }
}

bool cg_hook_takes_psk(const struct cg_tls_policy *tls)
{
    cg_hook.origin_forced = CG_ORIGIN_FOREIGN; /* the SSL_CTX that is made meanwhile is no listener's */
    bool takes = cg_ciphers_take_psk(tls);
    cg_hook.origin_forced = CG_ORIGIN_UNKNOWN;
    return takes;
}

bool cg_hook_broker_has_crl(void)
{
    bool found = false;
    for (const struct cg_context *context = cg_hook.contexts; context && !found; context = context->next) {
        X509_VERIFY_PARAM *param = X509_STORE_get0_param(SSL_CTX_get_cert_store(context->ctx));
        found = X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_CRL_CHECK;
    }
    return found;
}

struct cg_context *cg_context_of(const SSL *ssl)
{
    return cg_handlers_given() ? SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), cg_hook.context_index) : NULL;
}
