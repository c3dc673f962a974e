/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reload.h"

#include "broker/base/clock.h"
#include "broker/base/thread.h"
#include "broker/event/eventlog.h"
#include "crl_numbers_writer.h"

#include "tls/credential/preflight.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS  100   /* a change counts when two looks in a row see the same */
#define TELL_AFTER_MS  1000  /* a key that waits for its certificate is no news yet */
#define RETRY_AFTER_MS 30000 /* what only time or memory can mend */
#define RETIRED_MAX    16

struct cg_reload {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows, up to the worker's own part */
    pthread_cond_t wake;
    bool stop, requested;
    struct cg_snapshot *fresh; /* built, not yet taken */
    bool made_numbers;         /* a file of them, where there was none */
    bool has_kept;
    struct cg_faults kept; /* what stays what it was, and why; not yet taken */
    struct cg_snapshot *retired[RETIRED_MAX];
    size_t nretired;

    /* The worker's own. */
    char *policy, *anchors, *event_log;
    struct cg_snapshot *latest; /* the last good one: taken over from, compared with */
    struct cg_file_states seen; /* of the last load, good or bad */
    uint64_t loaded;            /* state of the files that it saw */
    uint64_t moving;            /* state at the last look, while it differs from loaded */
    struct cg_faults faults;    /* of the last load */
    bool told;                  /* they were handed over */
    int64_t failed_at_ms;
};

static void offer(struct cg_reload *reload, struct cg_snapshot *fresh)
{
    pthread_mutex_lock(&reload->mutex);
    struct cg_snapshot *overtaken = reload->fresh;
    reload->fresh = cg_snapshot_ref(fresh);
    pthread_mutex_unlock(&reload->mutex);
    cg_snapshot_free(overtaken);
}

/* Hands over what the last load could not take; an empty list too: then all is well again. */
static void tell(struct cg_reload *reload)
{
    struct cg_faults copy;
    if (!cg_faults_copy(&reload->faults, &copy))
        return; /* at the next look */
    reload->told = true;
    pthread_mutex_lock(&reload->mutex);
    cg_faults_clear(&reload->kept);
    reload->kept = copy;
    reload->has_kept = true;
    pthread_mutex_unlock(&reload->mutex);
}

/* A policy that sends events where none can go is not taken. */
static bool prove_policy(const struct cg_policy *policy, struct cg_error *err)
{
    const char *file = policy->log.file;
    return cg_preflight.policy(policy, err) && (!file || strcmp(file, "-") == 0 || cg_eventlog_probe(file, err));
}

/* Before the snapshot is offered, so that no number is in use that a restart would not know. What cannot be written holds
 * no CRL back, and is tried again: nor does a lock that another process keeps. */
static void store_numbers(struct cg_reload *reload, const struct cg_snapshot *snapshot, struct cg_file_states *seen)
{
    const char *folder = snapshot->policy->state;
    struct cg_error err = {""};
    if (!folder)
        return;
    enum cg_numbers_stored stored = cg_crl_numbers_store(folder, snapshot->numbers, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, seen,
                                                         &err);
    bool failed = stored == CG_NUMBERS_NOT_STORED || stored == CG_NUMBERS_LATER;
    if (failed)
        cg_faults_add(&reload->faults, CG_REASON_STATE_INVALID, &err, 0);
    if (stored != CG_NUMBERS_CREATED)
        return;
    pthread_mutex_lock(&reload->mutex);
    reload->made_numbers = true;
    pthread_mutex_unlock(&reload->mutex);
}

static void load(struct cg_reload *reload)
{
    const struct cg_snapshot_source source = {
        .policy = reload->policy, .anchors = reload->anchors, .event_log = reload->event_log};
    const struct cg_snapshot_preflight proofs = {prove_policy, cg_preflight.credential, cg_crl_numbers_prepare_file};
    struct cg_file_states seen = {NULL, 0};
    cg_faults_clear(&reload->faults);
    struct cg_snapshot *fresh = cg_snapshot_reload(&source, &proofs, reload->latest, cg_clock_wall_ms() / 1000, &seen,
                                                   &reload->faults);
    store_numbers(reload, fresh ? fresh : reload->latest, &seen);
    /* A list cut short by lack of memory would miss changes: the next retry makes it whole. */
    cg_file_states_clear(&reload->seen);
    reload->seen = seen;
    reload->loaded = reload->moving = cg_file_states_then(&seen);
    reload->failed_at_ms = cg_clock_monotonic_ms();
    reload->told = false;
    if (fresh) {
        offer(reload, fresh);
        cg_snapshot_free(reload->latest);
        reload->latest = fresh;
    }
    if (cg_faults_none(&reload->faults))
        tell(reload);
}

bool cg_reload_is_due(const struct cg_reload_look *look)
{
    if (look->changed)
        return look->steady || look->requested;
    /* Something outside the files may be mended, or it was the time or a lack of memory. */
    return look->failed && (look->requested || look->failed_for_ms >= RETRY_AFTER_MS);
}

static void look(struct cg_reload *reload, bool requested)
{
    uint64_t state = cg_file_states_now(&reload->seen);
    const struct cg_reload_look look = {
        .changed = state != reload->loaded,
        .steady = state == reload->moving,
        .requested = requested,
        .failed = !cg_faults_none(&reload->faults),
        .failed_for_ms = cg_clock_monotonic_ms() - reload->failed_at_ms,
    };
    reload->moving = state;
    if (cg_reload_is_due(&look))
        load(reload);
    bool told_late = !look.changed && look.failed_for_ms >= TELL_AFTER_MS;
    bool asked = look.failed && !look.changed && requested;
    if (!reload->told && !cg_faults_none(&reload->faults) && (asked || told_late))
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
        cg_snapshot_free(dead[i]);
    pthread_mutex_lock(&reload->mutex);
}

static void *run(void *argument)
{
    struct cg_reload *reload = argument;
    pthread_mutex_lock(&reload->mutex);
    while (!reload->stop) {
        int64_t until_ms = cg_clock_monotonic_ms() + LOOK_EVERY_MS;
        if (!reload->requested)
            cg_thread_wait(&reload->wake, &reload->mutex, until_ms);
        if (reload->stop)
            break;
        bool requested = reload->requested;
        reload->requested = false;
        pthread_mutex_unlock(&reload->mutex);
        look(reload, requested);
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
        cg_snapshot_free(reload->retired[i]);
    cg_snapshot_free(reload->fresh);
    cg_snapshot_free(reload->latest);
    cg_file_states_clear(&reload->seen);
    cg_faults_clear(&reload->faults);
    cg_faults_clear(&reload->kept);
    free(reload->policy);
    free(reload->anchors);
    free(reload->event_log);
    free(reload);
}

struct cg_reload *cg_reload_start(const struct cg_snapshot_source *source, struct cg_snapshot *serving,
                                  struct cg_file_states *seen, struct cg_faults *faults, struct cg_error *err)
{
    struct cg_reload *reload = calloc(1, sizeof *reload);
    if (!reload) {
        cg_error_set(err, "cannot start the thread that watches files: out of memory");
        return NULL;
    }
    cg_thread_wake_init(&reload->wake);
    pthread_mutex_init(&reload->mutex, NULL);
    bool ok = true;
    reload->policy = copy_of(source->policy, &ok);
    reload->anchors = copy_of(source->anchors, &ok);
    reload->event_log = copy_of(source->event_log, &ok);
    reload->latest = cg_snapshot_ref(serving);
    reload->seen = *seen;
    memset(seen, 0, sizeof *seen);
    reload->faults = *faults;
    memset(faults, 0, sizeof *faults);
    reload->failed_at_ms = cg_clock_monotonic_ms();
    reload->loaded = reload->moving = cg_file_states_then(&reload->seen);
    int error = ok ? cg_thread_start(&reload->thread, run, reload) : 0;
    if (ok && error == 0)
        return reload;
    cg_error_set(err, "cannot start the thread that watches files: %s", ok ? strerror(error) : "out of memory");
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

struct cg_snapshot *cg_reload_take(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    struct cg_snapshot *fresh = reload->fresh;
    reload->fresh = NULL;
    pthread_mutex_unlock(&reload->mutex);
    return fresh;
}

bool cg_reload_take_kept(struct cg_reload *reload, struct cg_faults *kept)
{
    pthread_mutex_lock(&reload->mutex);
    bool has = reload->has_kept;
    if (has) {
        *kept = reload->kept;
        memset(&reload->kept, 0, sizeof reload->kept);
        reload->has_kept = false;
    }
    pthread_mutex_unlock(&reload->mutex);
    return has;
}

bool cg_reload_take_created(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    bool made = reload->made_numbers;
    reload->made_numbers = false;
    pthread_mutex_unlock(&reload->mutex);
    return made;
}

bool cg_reload_has_result(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    bool news = reload->fresh || reload->has_kept || reload->made_numbers;
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
        cg_snapshot_free(old);
}

void cg_reload_request(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    reload->requested = true;
    pthread_cond_signal(&reload->wake);
    pthread_mutex_unlock(&reload->mutex);
}
