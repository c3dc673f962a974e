/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pending.h"

#include "handlers.h"
#include "tls/openssl/context.h"
#include "tls/openssl/main_thread.h"

struct silent {
    SSL *ssl; /* borrowed: it owns us */
    int64_t since_ms;
    struct silent *prev, *next;
};

static struct {
    int index;                   /* ex_data of SSL; -1: none */
    struct silent *first, *last; /* oldest first */
} all = {.index = -1};

static void forget(struct silent *silent)
{
    *(silent->prev ? &silent->prev->next : &all.first) = silent->next;
    *(silent->next ? &silent->next->prev : &all.last) = silent->prev;
    OPENSSL_free(silent);
}

/* Inside SSL_new: the SSL is half built on some versions, so it is only remembered. Without memory a silent peer is
 * not noticed before it speaks; its handshake is judged all the same. */
static void silent_new(void *ssl, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)value, (void)argl, (void)argp;
    if (!cg_on_main_thread())
        return;
    struct silent *silent = OPENSSL_zalloc(sizeof *silent);
    if (!silent || !CRYPTO_set_ex_data(data, index, silent)) {
        OPENSSL_free(silent);
        return;
    }
    silent->ssl = ssl;
    silent->since_ms = cg_handlers_monotonic_ms();
    silent->prev = all.last;
    *(silent->prev ? &silent->prev->next : &all.first) = silent;
    all.last = silent;
}

static void silent_free(void *ssl, void *silent, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)ssl, (void)data, (void)index, (void)argl, (void)argp;
    if (silent)
        forget(silent);
}

/* A copy of an SSL is one more that says nothing, and was remembered when it was made. */
static int keep_own(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **value, int index, long argl, void *argp)
{
    (void)from, (void)argl, (void)argp;
    *value = CRYPTO_get_ex_data(to, index);
    return 1;
}

bool cg_pending_begin(void)
{
    all.index = SSL_get_ex_new_index(0, NULL, silent_new, keep_own, silent_free);
    return all.index >= 0;
}

void cg_pending_end(void)
{
    for (struct silent *silent; (silent = all.first);) {
        SSL_set_ex_data(silent->ssl, all.index, NULL);
        forget(silent);
    }
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, all.index);
    all.index = -1;
}

int64_t cg_pending_start(SSL *ssl)
{
    struct silent *silent = SSL_get_ex_data(ssl, all.index);
    if (!silent)
        return cg_handlers_monotonic_ms();
    int64_t since_ms = silent->since_ms;
    SSL_set_ex_data(ssl, all.index, NULL);
    forget(silent);
    return since_ms;
}

SSL *cg_pending_next(void)
{
    /* Without a socket it may be anybody's, or a moment too early. */
    for (const struct silent *silent = all.first; silent; silent = silent->next)
        if (SSL_get_fd(silent->ssl) >= 0 && SSL_is_server(silent->ssl) && cg_context_of(silent->ssl))
            return silent->ssl;
    return NULL;
}
