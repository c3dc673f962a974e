/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "suppress.h"

#include "broker/base/address.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    bool used;
    enum cg_reason reason;
    unsigned char peer[CG_NETWORK_BYTES];
    uint64_t passed, suppressed;
    int64_t started_ms, window_ms;
};

/* entries is small and searched only for refused peers. others has one entry per reason for the peers that do not fit. */
struct cg_suppress {
    size_t max, used;
    int64_t due_ms; /* no window ends earlier; lets flush return at once */
    struct entry *entries;
    struct entry others[CG_REASON_COUNT];
};

struct cg_suppress *cg_suppress_new(size_t max_entries)
{
    struct cg_suppress *suppress = calloc(1, sizeof *suppress);
    if (!suppress)
        return NULL;
    suppress->max = max_entries;
    suppress->due_ms = INT64_MAX;
    suppress->entries = calloc(max_entries ? max_entries : 1, sizeof *suppress->entries);
    if (!suppress->entries) {
        free(suppress);
        return NULL;
    }
    return suppress;
}

void cg_suppress_free(struct cg_suppress *suppress)
{
    if (!suppress)
        return;
    free(suppress->entries);
    free(suppress);
}

static struct entry *find(struct cg_suppress *suppress, const unsigned char key[CG_NETWORK_BYTES],
                          enum cg_reason reason)
{
    for (size_t i = 0; i < suppress->used; i++) {
        struct entry *entry = &suppress->entries[i];
        if (entry->reason == reason && memcmp(entry->peer, key, sizeof entry->peer) == 0)
            return entry;
    }
    bool room = suppress->used < suppress->max;
    struct entry *entry = room ? &suppress->entries[suppress->used++] : &suppress->others[reason];
    if (room || !entry->used) /* entries beyond used hold old data */
        *entry = (struct entry){.reason = reason};
    memcpy(entry->peer, key, sizeof entry->peer);
    return entry;
}

bool cg_suppress_pass(struct cg_suppress *suppress, const union cg_address *peer, enum cg_reason reason, int64_t now_ms,
                      const struct cg_log_policy *policy)
{
    unsigned char key[CG_NETWORK_BYTES];
    if ((int)reason < 0 || reason >= CG_REASON_COUNT)
        reason = CG_REASON_UNSET;
    cg_address_network(peer, key);
    struct entry *entry = find(suppress, key, reason);
    if (!entry->used) {
        entry->used = true;
        entry->started_ms = now_ms;
    }
    entry->window_ms = policy->window_ms; /* a new policy also applies to open windows */
    if (entry->started_ms + entry->window_ms < suppress->due_ms)
        suppress->due_ms = entry->started_ms + entry->window_ms;
    if (entry->passed < policy->burst) {
        entry->passed++;
        return true;
    }
    entry->suppressed++;
    return false;
}

static void report_entry(const struct entry *entry, bool others, int64_t now_ms, cg_suppressed_fn report, void *context)
{
    char text[CG_NETWORK_TEXT_MAX] = "others";
    if (!entry->suppressed)
        return;
    if (!others)
        cg_address_network_text(entry->peer, text);
    int64_t elapsed = now_ms - entry->started_ms;
    struct cg_suppressed what = {text, entry->reason, entry->suppressed,
                                 elapsed < entry->window_ms ? elapsed : entry->window_ms};
    report(context, &what);
}

int64_t cg_suppress_flush(struct cg_suppress *suppress, int64_t now_ms, bool all, cg_suppressed_fn report,
                          void *context)
{
    int64_t next = -1;
    if (!all && now_ms < suppress->due_ms)
        return suppress->due_ms == INT64_MAX ? -1 : suppress->due_ms - now_ms;
    for (size_t i = 0; i < suppress->used + CG_REASON_COUNT;) {
        bool others = i >= suppress->used;
        struct entry *entry = others ? &suppress->others[i - suppress->used] : &suppress->entries[i];
        int64_t left = entry->started_ms + entry->window_ms - now_ms;
        if (!entry->used || (left > 0 && !all)) {
            if (entry->used && (next < 0 || left < next))
                next = left;
            i++;
            continue;
        }
        report_entry(entry, others, now_ms, report, context);
        entry->used = false;
        if (others)
            i++;
        else
            *entry = suppress->entries[--suppress->used]; /* checked next */
    }
    suppress->due_ms = next < 0 ? INT64_MAX : now_ms + next;
    return next;
}
