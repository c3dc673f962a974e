/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections on which nothing was said yet: Mosquitto 2.1 starts a handshake when the first bytes come, so a peer that
 * sends none would have no record, no deadline and no bound. They are remembered from SSL_new on, and the next tick
 * opens a record for each that is the broker's and has a socket by then. */
#include "private.h"

struct cg_silent {
    SSL *ssl; /* borrowed: it owns us */
    int64_t since_ms;
    struct cg_silent *prev, *next;
};

static void forget(struct cg_silent *silent)
{
    *(silent->prev ? &silent->prev->next : &cg_hook.silent) = silent->next;
    *(silent->next ? &silent->next->prev : &cg_hook.silent_last) = silent->prev;
    OPENSSL_free(silent);
}

/* Inside SSL_new: the SSL is half built on some versions, so it is only remembered. Without memory a silent peer is
 * not noticed before it speaks; its handshake is judged all the same. */
static void silent_new(void *ssl, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)value, (void)argl, (void)argp;
    if (!cg_on_main_thread())
        return;
    struct cg_silent *silent = OPENSSL_zalloc(sizeof *silent);
    if (!silent || !CRYPTO_set_ex_data(data, index, silent)) {
        OPENSSL_free(silent);
        return;
    }
    silent->ssl = ssl;
    silent->since_ms = cg_handlers_monotonic_ms();
    silent->prev = cg_hook.silent_last;
    *(silent->prev ? &silent->prev->next : &cg_hook.silent) = silent;
    cg_hook.silent_last = silent;
}

static void silent_free(void *ssl, void *silent, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)ssl, (void)data, (void)index, (void)argl, (void)argp;
    if (silent)
        forget(silent);
}

static int do_not_copy(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **value, int index, long argl, void *argp)
{
    (void)to, (void)from, (void)index, (void)argl, (void)argp;
    *value = NULL;
    return 1;
}

bool cg_silent_index(void)
{
    cg_hook.silent_index = SSL_get_ex_new_index(0, NULL, silent_new, do_not_copy, silent_free);
    return cg_hook.silent_index >= 0;
}

void cg_silent_end(void)
{
    for (struct cg_silent *silent; (silent = cg_hook.silent);) {
        SSL_set_ex_data(silent->ssl, cg_hook.silent_index, NULL);
        forget(silent);
    }
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, cg_hook.silent_index);
}

int64_t cg_silent_spoke(SSL *ssl)
{
    struct cg_silent *silent = SSL_get_ex_data(ssl, cg_hook.silent_index);
    if (!silent)
        return cg_handlers_monotonic_ms();
    int64_t since_ms = silent->since_ms;
    SSL_set_ex_data(ssl, cg_hook.silent_index, NULL);
    forget(silent);
    return since_ms;
}

void cg_silent_tick(void)
{
    for (struct cg_silent *silent = cg_hook.silent, *next; silent; silent = next) {
        next = silent->next;
        /* Without a socket it may be anybody's, or a moment too early. */
        if (SSL_get_fd(silent->ssl) >= 0 && SSL_is_server(silent->ssl) && cg_context_of(silent->ssl))
            cg_handshake_open(silent->ssl);
    }
}
