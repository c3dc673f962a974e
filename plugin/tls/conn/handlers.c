/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "handlers.h"

static struct cg_hook_handlers current;

struct cg_hook_handlers cg_handlers_replace(const struct cg_hook_handlers *handlers)
{
    struct cg_hook_handlers before = current;
    current = handlers ? *handlers : (struct cg_hook_handlers){.context = NULL};
    return before;
}

bool cg_handlers_given(void)
{
    return current.snapshot != NULL;
}

void cg_handlers_begins(void)
{
    if (current.begins)
        current.begins(current.context);
}

struct cg_snapshot *cg_handlers_snapshot(void)
{
    return current.snapshot ? current.snapshot(current.context) : NULL;
}

size_t cg_handlers_session_size(void)
{
    return current.session_size;
}

struct cg_signature_cache *cg_handlers_signatures(void)
{
    return current.signatures;
}

int64_t cg_handlers_now(void)
{
    return current.now(current.context);
}

int64_t cg_handlers_monotonic_ms(void)
{
    return current.monotonic_ms(current.context);
}

void cg_handlers_rejected(struct cg_conn *conn)
{
    if (current.rejected)
        current.rejected(current.context, conn);
}

void cg_handlers_accepted(struct cg_conn *conn)
{
    if (current.accepted)
        current.accepted(current.context, conn);
}

void cg_handlers_first_read(struct cg_conn *conn)
{
    if (current.first_read)
        current.first_read(current.context, conn);
}

void cg_handlers_ended(struct cg_conn *conn)
{
    if (current.ended)
        current.ended(current.context, conn);
}
