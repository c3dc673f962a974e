/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "context.h"

#include "main_thread.h"

#include <openssl/crypto.h>
#include <string.h>

static struct {
    int index; /* ex_data of SSL_CTX; -1: none */
    struct cg_context *first;
    struct cg_context *reserve; /* allocated in advance: no SSL_CTX may be missed */
    bool untracked;
    enum cg_ctx_owner forced;
    uint64_t made, ports_learned;
} contexts = {.index = -1};

/* Inside SSL_CTX_new: the object is incomplete, so it is only listed. It is identified by its ex_data slot, not by
 * its pointer: the broker may free an SSL_CTX and get the next one at the same address. */
static void context_new(void *ctx, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)value, (void)argl, (void)argp;
    /* The broker creates its SSL_CTXs on the main thread, and this registry has no lock. */
    if (!cg_on_main_thread())
        return;
    enum cg_ctx_owner owner = contexts.forced ? contexts.forced : cg_ctx_owner_of_caller();
    if (owner == CG_CTX_OWNER_FOREIGN)
        return;
    struct cg_context *context = contexts.reserve ? contexts.reserve : OPENSSL_zalloc(sizeof *context);
    contexts.reserve = NULL;
    if (!context) {
        contexts.untracked = true;
        return;
    }
    context->ctx = ctx;
    context->number = ++contexts.made;
    context->in_slot = CRYPTO_set_ex_data(data, index, context) == 1; /* if not, cg_context_configured tries again */
    context->next = contexts.first;
    if (context->next)
        context->next->prev = context;
    contexts.first = context;
    contexts.reserve = OPENSSL_zalloc(sizeof *context);
}

static void forget(struct cg_context *context)
{
    if (context->prev)
        context->prev->next = context->next;
    else
        contexts.first = context->next;
    if (context->next)
        context->next->prev = context->prev;
    X509_free(context->own.leaf);
    cg_tickets_free(context->tickets);
    OPENSSL_free(context);
}

static struct cg_context *without_slot(const SSL_CTX *ctx)
{
    struct cg_context *context = contexts.first;
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

bool cg_contexts_begin(void)
{
    contexts.reserve = OPENSSL_zalloc(sizeof *contexts.reserve);
    contexts.index = SSL_CTX_get_ex_new_index(0, NULL, context_new, NULL, context_free);
    return contexts.reserve && contexts.index >= 0;
}

void cg_contexts_end(void)
{
    for (struct cg_context *context; (context = contexts.first);) {
        SSL_CTX_set_ex_data(context->ctx, contexts.index, NULL);
        forget(context);
    }
    OPENSSL_free(contexts.reserve);
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL_CTX, contexts.index);
    memset(&contexts, 0, sizeof contexts);
    contexts.index = -1;
}

void cg_context_configured(struct cg_context *context)
{
    context->security_level = SSL_CTX_get_security_level(context->ctx);
    context->configured = true;
    /* without a slot, its connections find no settings and are refused */
    if (!context->in_slot)
        context->in_slot = SSL_CTX_set_ex_data(context->ctx, contexts.index, context) == 1;
}

struct cg_context *cg_contexts_first(void)
{
    return contexts.first;
}

bool cg_contexts_untracked(void)
{
    return contexts.untracked;
}

struct cg_context *cg_context_of(const SSL *ssl)
{
    return contexts.index >= 0 ? SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), contexts.index) : NULL;
}

void cg_context_set_port(struct cg_context *context, uint16_t port)
{
    contexts.ports_learned += context->port != port;
    context->port = port;
}

uint64_t cg_contexts_ports_learned(void)
{
    return contexts.ports_learned;
}

void cg_contexts_force_owner(enum cg_ctx_owner owner)
{
    contexts.forced = owner;
}
