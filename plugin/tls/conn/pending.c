/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pending.h"

#include "handlers.h"
#include "tls/openssl/context.h"
#include "tls/openssl/main_thread.h"

struct pending {
    SSL *ssl; /* borrowed: it owns this entry */
    int64_t since_ms;
    struct pending *prev, *next;
};

static struct {
    int index;                    /* ex_data of SSL; -1: none */
    struct pending *first, *last; /* oldest first */
} all = {.index = -1};

static void remove_entry(struct pending *pending)
{
    *(pending->prev ? &pending->prev->next : &all.first) = pending->next;
    *(pending->next ? &pending->next->prev : &all.last) = pending->prev;
    OPENSSL_free(pending);
}

/* Inside SSL_new: in some versions the SSL is incomplete, so it is only listed. If memory runs out, a silent peer
 * has no deadline before it sends something; its handshake is checked in any case. */
static void pending_new(void *ssl, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)value, (void)argl, (void)argp;
    if (!cg_on_main_thread())
        return;
    struct pending *pending = OPENSSL_zalloc(sizeof *pending);
    if (!pending || !CRYPTO_set_ex_data(data, index, pending)) {
        OPENSSL_free(pending);
        return;
    }
    pending->ssl = ssl;
    pending->since_ms = cg_handlers_monotonic_ms();
    pending->prev = all.last;
    *(pending->prev ? &pending->prev->next : &all.first) = pending;
    all.last = pending;
}

static void pending_free(void *ssl, void *pending, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)ssl, (void)data, (void)index, (void)argl, (void)argp;
    if (pending)
        remove_entry(pending);
}

/* The copy of an SSL is another pending connection with its own entry. */
static int keep_own(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **value, int index, long argl, void *argp)
{
    (void)from, (void)argl, (void)argp;
    *value = CRYPTO_get_ex_data(to, index);
    return 1;
}

bool cg_pending_begin(void)
{
    all.index = SSL_get_ex_new_index(0, NULL, pending_new, keep_own, pending_free);
    return all.index >= 0;
}

void cg_pending_end(void)
{
    for (struct pending *pending; (pending = all.first);) {
        SSL_set_ex_data(pending->ssl, all.index, NULL);
        remove_entry(pending);
    }
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, all.index);
    all.index = -1;
}

int64_t cg_pending_remove(SSL *ssl)
{
    struct pending *pending = SSL_get_ex_data(ssl, all.index);
    if (!pending)
        return cg_handlers_monotonic_ms();
    int64_t since_ms = pending->since_ms;
    SSL_set_ex_data(ssl, all.index, NULL);
    remove_entry(pending);
    return since_ms;
}

SSL *cg_pending_ready(void)
{
    /* Without a socket, it may not be the broker's, or not be ready yet. */
    for (const struct pending *pending = all.first; pending; pending = pending->next)
        if (SSL_get_fd(pending->ssl) >= 0 && SSL_is_server(pending->ssl) && cg_context_of(pending->ssl))
            return pending->ssl;
    return NULL;
}
