/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reload.h"

#include "clock.h"
#include "thread.h"

#include "tls/prove.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_EVERY_MS  100   /* a change counts when two looks in a row see the same */
#define TELL_AFTER_MS  1000  /* a key that waits for its certificate is no news yet */
#define RETRY_AFTER_MS 30000 /* what only time or memory can mend */
#define RETIRED_MAX    16

struct cg_reload {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows, up to the worker's own part */
    pthread_cond_t wake;
    bool stop, nudged;
    struct cg_snapshot *fresh; /* built, not yet taken */
    bool has_rejection;
    struct cg_error rejection; /* not yet taken */
    enum cg_reason rejection_reason;
    struct cg_snapshot *retired[RETIRED_MAX];
    size_t nretired;

    /* The worker's own. */
    char *policy, *anchors, *event_log;
    struct cg_snapshot *latest; /* the last good one: taken over from, compared with */
    struct cg_stamps seen;      /* of the last load, good or bad */
    uint64_t loaded;            /* state of the files that it saw */
    uint64_t moving;            /* state at the last look, while it differs from loaded */
    bool failed, told;
    int64_t failed_at_ms;
    struct cg_error failure, last_told;
    enum cg_reason failure_reason;
};

static void offer(struct cg_reload *reload, struct cg_snapshot *fresh)
{
    pthread_mutex_lock(&reload->mutex);
    struct cg_snapshot *overtaken = reload->fresh;
    reload->fresh = cg_snapshot_take(fresh);
    reload->has_rejection = false;
    pthread_mutex_unlock(&reload->mutex);
    cg_snapshot_release(overtaken);
}

static void load(struct cg_reload *reload)
{
    const struct cg_snapshot_source source = {reload->policy, reload->anchors, reload->event_log};
    struct cg_stamps seen = {NULL, 0};
    enum cg_reason reason = CG_REASON_UNSET;
    struct cg_error err = {""};
    struct cg_snapshot *fresh = cg_snapshot_load(&source, reload->latest, cg_clock_wall_ms() / 1000, &seen, &reason,
                                                 &err);
    if (fresh && !cg_prove_snapshot(fresh, &reason, &err)) {
        cg_snapshot_release(fresh);
        fresh = NULL;
    }
    /* A list cut short by lack of memory would miss changes: the next retry makes it whole. */
    cg_stamps_clear(&reload->seen);
    reload->seen = seen;
    reload->loaded = reload->moving = cg_stamps_then(&seen);
    reload->failed = !fresh;
    if (!fresh) {
        reload->failed_at_ms = cg_clock_monotonic_ms();
        reload->failure = err;
        reload->failure_reason = reason;
        reload->told = false;
        return;
    }
    reload->last_told.text[0] = '\0';
    offer(reload, fresh);
    cg_snapshot_release(reload->latest);
    reload->latest = fresh;
}

/* Tells a failure that stayed, once for each text. */
static void tell(struct cg_reload *reload)
{
    reload->told = true;
    if (strcmp(reload->failure.text, reload->last_told.text) == 0)
        return;
    reload->last_told = reload->failure;
    pthread_mutex_lock(&reload->mutex);
    reload->rejection = reload->failure;
    reload->rejection_reason = reload->failure_reason;
    reload->has_rejection = true;
    pthread_mutex_unlock(&reload->mutex);
}

static void look(struct cg_reload *reload, bool nudged)
{
    uint64_t state = cg_stamps_now(&reload->seen);
    int64_t failed_for = cg_clock_monotonic_ms() - reload->failed_at_ms;
    bool changed = state != reload->loaded;
    bool settled = changed && (state == reload->moving || nudged);
    reload->moving = state;
    bool asked = reload->failed && !changed && nudged; /* something outside the files may be mended */
    if (settled || asked || (reload->failed && !changed && failed_for >= RETRY_AFTER_MS))
        load(reload);
    if (asked && reload->failed)
        tell(reload);
    else if (reload->failed && !changed && !reload->told && failed_for >= TELL_AFTER_MS)
        tell(reload);
}

/* Frees what nobody else holds any more. Called with the mutex held, which it lets go meanwhile. */
static void bury(struct cg_reload *reload)
{
    struct cg_snapshot *dead[RETIRED_MAX];
    size_t ndead = 0, kept = 0;
    for (size_t i = 0; i < reload->nretired; i++) {
        struct cg_snapshot *old = reload->retired[i];
        if (atomic_load(&old->references) == 1)
            dead[ndead++] = old;
        else
            reload->retired[kept++] = old;
    }
    reload->nretired = kept;
    pthread_mutex_unlock(&reload->mutex);
    for (size_t i = 0; i < ndead; i++)
        cg_snapshot_release(dead[i]);
    pthread_mutex_lock(&reload->mutex);
}

static void *run(void *argument)
{
    struct cg_reload *reload = argument;
    pthread_mutex_lock(&reload->mutex);
    while (!reload->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_EVERY_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        if (!reload->nudged)
            pthread_cond_timedwait(&reload->wake, &reload->mutex, &until);
        if (reload->stop)
            break;
        bool nudged = reload->nudged;
        reload->nudged = false;
        pthread_mutex_unlock(&reload->mutex);
        look(reload, nudged);
        pthread_mutex_lock(&reload->mutex);
        bury(reload);
    }
    pthread_mutex_unlock(&reload->mutex);
    return NULL;
}

static char *copy_of(const char *text, bool *ok)
{
    char *copy = text ? strdup(text) : NULL;
    *ok = *ok && (copy || !text);
    return copy;
}

static void destroy(struct cg_reload *reload)
{
    pthread_cond_destroy(&reload->wake);
    pthread_mutex_destroy(&reload->mutex);
    for (size_t i = 0; i < reload->nretired; i++)
        cg_snapshot_release(reload->retired[i]);
    cg_snapshot_release(reload->fresh);
    cg_snapshot_release(reload->latest);
    cg_stamps_clear(&reload->seen);
    free(reload->policy);
    free(reload->anchors);
    free(reload->event_log);
    free(reload);
}

struct cg_reload *cg_reload_start(const struct cg_snapshot_source *source, struct cg_snapshot *serving,
                                  struct cg_stamps *seen, struct cg_error *err)
{
    struct cg_reload *reload = calloc(1, sizeof *reload);
    if (!reload) {
        cg_error_set(err, "the thread that watches files: out of memory");
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&reload->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&reload->mutex, NULL);
    bool ok = true;
    reload->policy = copy_of(source->policy, &ok);
    reload->anchors = copy_of(source->anchors, &ok);
    reload->event_log = copy_of(source->event_log, &ok);
    reload->latest = cg_snapshot_take(serving);
    reload->seen = *seen;
    memset(seen, 0, sizeof *seen);
    reload->loaded = reload->moving = cg_stamps_then(&reload->seen);
    int error = ok ? cg_thread_start(&reload->thread, run, reload) : 0;
    if (ok && error == 0)
        return reload;
    cg_error_set(err, "the thread that watches files: %s", ok ? strerror(error) : "out of memory");
    destroy(reload);
    return NULL;
}

void cg_reload_stop(struct cg_reload *reload)
{
    if (!reload)
        return;
    pthread_mutex_lock(&reload->mutex);
    reload->stop = true;
    pthread_cond_signal(&reload->wake);
    pthread_mutex_unlock(&reload->mutex);
    pthread_join(reload->thread, NULL);
    destroy(reload);
}

enum cg_reload_news cg_reload_take(struct cg_reload *reload, struct cg_snapshot **fresh, enum cg_reason *reason,
                                   struct cg_error *err)
{
    enum cg_reload_news news = CG_RELOAD_NOTHING;
    *fresh = NULL;
    pthread_mutex_lock(&reload->mutex);
    if (reload->fresh) {
        *fresh = reload->fresh;
        reload->fresh = NULL;
        news = CG_RELOAD_FRESH;
    } else if (reload->has_rejection) {
        *err = reload->rejection;
        *reason = reload->rejection_reason;
        reload->has_rejection = false;
        news = CG_RELOAD_REJECTED;
    }
    pthread_mutex_unlock(&reload->mutex);
    return news;
}

bool cg_reload_has_news(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    bool news = reload->fresh || reload->has_rejection;
    pthread_mutex_unlock(&reload->mutex);
    return news;
}

void cg_reload_retire(struct cg_reload *reload, struct cg_snapshot *old)
{
    bool full = false;
    pthread_mutex_lock(&reload->mutex);
    if (reload->nretired < RETIRED_MAX)
        reload->retired[reload->nretired++] = old;
    else
        full = true;
    pthread_mutex_unlock(&reload->mutex);
    if (full)
        cg_snapshot_release(old);
}

void cg_reload_nudge(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    reload->nudged = true;
    pthread_cond_signal(&reload->wake);
    pthread_mutex_unlock(&reload->mutex);
}
