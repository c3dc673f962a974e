/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reload.h"

#include "broker/base/clock.h"
#include "broker/base/thread.h"
#include "broker/event/eventlog.h"
#include "crl_numbers_writer.h"
#include "watch.h"

#include "tls/credential/preflight.h"

#include <stdlib.h>
#include <string.h>

#define STEADY_MS       100   /* files that may be half-written are loaded when they did not change for this time */
#define CHECK_EVERY_MS  700   /* for changes that the watch does not report */
#define REPORT_AFTER_MS 1000  /* key and certificate may be copied one after the other */
#define RETRY_AFTER_MS  30000 /* for faults that no change of the files corrects */
#define RETIRED_MAX     16

struct cg_reload {
    pthread_t thread;
    struct cg_watch *watch;
    pthread_mutex_t mutex; /* guards the members up to the thread's own */
    bool stop, requested;
    struct cg_snapshot *next; /* result, not taken yet */
    bool created_numbers;     /* result: the file of CRL numbers was missing */
    bool has_kept;
    struct cg_faults kept; /* result: parts that keep their previous version */
    struct cg_snapshot *retired[RETIRED_MAX];
    size_t nretired;

    /* The thread's own. */
    struct cg_snapshot_source source;
    struct cg_snapshot *latest; /* the last valid snapshot; unchanged parts are taken from it */
    struct cg_file_states seen; /* of the last load, successful or not */
    uint64_t loaded;            /* state of the files at the last load */
    uint64_t checked;           /* state of the files at the last check */
    int64_t steady_since_ms;    /* they are in this state since then */
    struct cg_faults faults;    /* of the last load */
    bool reported;              /* faults is in kept */
    int64_t failed_at_ms;
};

static void offer(struct cg_reload *reload, struct cg_snapshot *next)
{
    pthread_mutex_lock(&reload->mutex);
    struct cg_snapshot *replaced = reload->next;
    reload->next = cg_snapshot_ref(next);
    pthread_mutex_unlock(&reload->mutex);
    cg_snapshot_free(replaced);
}

/* Makes the faults of the last load a result. An empty list reports that they are corrected. */
static void offer_faults(struct cg_reload *reload)
{
    struct cg_faults copy;
    if (!cg_faults_copy(&reload->faults, &copy))
        return; /* retried at the next check */
    reload->reported = true;
    pthread_mutex_lock(&reload->mutex);
    cg_faults_clear(&reload->kept);
    reload->kept = copy;
    reload->has_kept = true;
    pthread_mutex_unlock(&reload->mutex);
}

/* Also rejects a policy whose event log cannot be written. */
static bool preflight_policy(const struct cg_policy *policy, struct cg_error *err)
{
    const char *file = policy->log.file;
    return cg_preflight.policy(policy, err) && (!file || strcmp(file, "-") == 0 || cg_eventlog_probe(file, err));
}

/* Called before the snapshot is used, so that a restart knows all numbers in use. A failure to write does not delay a CRL; it
 * is a fault that is retried. */
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
    reload->created_numbers = true;
    pthread_mutex_unlock(&reload->mutex);
}

static void compare_files(struct cg_reload *reload)
{
    const uint64_t state = cg_file_states_current_hash(&reload->seen);
    if (state != reload->checked)
        reload->steady_since_ms = cg_clock_monotonic_ms();
    reload->checked = state;
}

/* What changed before its folder was watched is a pending change. */
static void watch_files(struct cg_reload *reload)
{
    cg_watch_files(reload->watch, &reload->seen);
    compare_files(reload);
}

static void load(struct cg_reload *reload)
{
    const struct cg_snapshot_preflight preflight = {preflight_policy, cg_preflight.credential,
                                                    cg_crl_numbers_prepare_file};
    struct cg_file_states seen = {NULL, 0};
    cg_faults_clear(&reload->faults);
    struct cg_snapshot *next = cg_snapshot_reload(&reload->source, &preflight, reload->latest,
                                                  cg_clock_wall_ms() / 1000, &seen, &reload->faults);
    store_numbers(reload, next ? next : reload->latest, &seen);
    /* If seen is incomplete for lack of memory, the next retry completes it. */
    cg_file_states_clear(&reload->seen);
    reload->seen = seen;
    reload->loaded = cg_file_states_recorded_hash(&seen);
    watch_files(reload);
    reload->failed_at_ms = cg_clock_monotonic_ms();
    reload->reported = false;
    if (next) {
        offer(reload, next);
        cg_snapshot_free(reload->latest);
        reload->latest = next;
    }
    if (cg_faults_is_empty(&reload->faults))
        offer_faults(reload);
}

bool cg_reload_is_due(const struct cg_reload_check *check)
{
    if (check->changed)
        return check->replaced || check->steady || check->requested;
    /* The cause may be the time, a lack of memory, or something outside the files. */
    return check->failed && (check->requested || check->failed_for_ms >= RETRY_AFTER_MS);
}

/* A file that is written in place is the same one as before, whatever the watch said of it. */
static bool all_replaced(const struct cg_reload *reload)
{
    for (size_t i = 0; i < reload->seen.count; i++) {
        const struct cg_file_state *before = &reload->seen.item[i];
        struct cg_file_state now;
        cg_file_state_read(before->path, &now);
        bool is_other = now.present && (now.inode != before->inode || now.device != before->device);
        if (!cg_file_state_same(before, &now) && !(is_other && cg_watch_is_replaced(reload->watch, i)))
            return false;
    }
    return true;
}

static void check_files(struct cg_reload *reload, bool requested)
{
    compare_files(reload);
    const int64_t now_ms = cg_clock_monotonic_ms();
    struct cg_reload_check check = {
        .changed = reload->checked != reload->loaded,
        .steady = now_ms - reload->steady_since_ms >= STEADY_MS,
        .requested = requested,
        .failed = !cg_faults_is_empty(&reload->faults),
        .failed_for_ms = now_ms - reload->failed_at_ms,
    };
    check.replaced = check.changed && all_replaced(reload);
    if (cg_reload_is_due(&check))
        load(reload);
    else if (cg_watch_is_moved(reload->watch))
        watch_files(reload);
    bool due = !check.changed && (check.failed_for_ms >= REPORT_AFTER_MS || (check.failed && requested));
    if (due && !reload->reported && !cg_faults_is_empty(&reload->faults))
        offer_faults(reload);
}

static int64_t next_check_ms(const struct cg_reload *reload)
{
    const bool pending = reload->checked != reload->loaded;
    const bool unreported = !reload->reported && !cg_faults_is_empty(&reload->faults);
    return pending || unreported || !cg_watch_is_complete(reload->watch) ? STEADY_MS : CHECK_EVERY_MS;
}

/* Frees the retired snapshots that nobody else uses. Called with the mutex held, which it releases meanwhile. */
static void free_retired(struct cg_reload *reload)
{
    struct cg_snapshot *unused[RETIRED_MAX];
    size_t nunused = 0, kept = 0;
    for (size_t i = 0; i < reload->nretired; i++) {
        struct cg_snapshot *old = reload->retired[i];
        if (atomic_load(&old->references) == 1)
            unused[nunused++] = old;
        else
            reload->retired[kept++] = old;
    }
    reload->nretired = kept;
    pthread_mutex_unlock(&reload->mutex);
    for (size_t i = 0; i < nunused; i++)
        cg_snapshot_free(unused[i]);
    pthread_mutex_lock(&reload->mutex);
}

static void *run(void *argument)
{
    struct cg_reload *reload = argument;
    watch_files(reload);
    pthread_mutex_lock(&reload->mutex);
    while (!reload->stop) {
        pthread_mutex_unlock(&reload->mutex);
        (void)cg_watch_wait(reload->watch, next_check_ms(reload)); /* every wait ends with a check */
        pthread_mutex_lock(&reload->mutex);
        if (reload->stop)
            break;
        bool requested = reload->requested;
        reload->requested = false;
        pthread_mutex_unlock(&reload->mutex);
        check_files(reload, requested);
        pthread_mutex_lock(&reload->mutex);
        free_retired(reload);
    }
    pthread_mutex_unlock(&reload->mutex);
    return NULL;
}

static void destroy(struct cg_reload *reload)
{
    cg_watch_free(reload->watch);
    pthread_mutex_destroy(&reload->mutex);
    for (size_t i = 0; i < reload->nretired; i++)
        cg_snapshot_free(reload->retired[i]);
    cg_snapshot_free(reload->next);
    cg_snapshot_free(reload->latest);
    cg_file_states_clear(&reload->seen);
    cg_faults_clear(&reload->faults);
    cg_faults_clear(&reload->kept);
    free(reload);
}

struct cg_reload *cg_reload_start(const struct cg_snapshot_source *source, struct cg_snapshot *current,
                                  struct cg_file_states *seen, struct cg_faults *faults, struct cg_error *err)
{
    struct cg_reload *reload = calloc(1, sizeof *reload);
    if (!reload) {
        cg_error_set(err, "cannot start the thread that watches files: out of memory");
        return NULL;
    }
    struct cg_error cause = {""};
    pthread_mutex_init(&reload->mutex, NULL);
    reload->source = *source;
    reload->source.hold = false;
    reload->latest = cg_snapshot_ref(current);
    reload->seen = *seen;
    memset(seen, 0, sizeof *seen);
    reload->faults = *faults;
    memset(faults, 0, sizeof *faults);
    reload->failed_at_ms = cg_clock_monotonic_ms();
    reload->loaded = reload->checked = cg_file_states_recorded_hash(&reload->seen);
    reload->watch = cg_watch_new(&cause);
    int error = reload->watch ? cg_thread_start(&reload->thread, run, reload) : 0;
    if (reload->watch && error == 0)
        return reload;
    cg_error_set(err, "cannot start the thread that watches files: %s", error ? strerror(error) : cause.text);
    destroy(reload);
    return NULL;
}

void cg_reload_stop(struct cg_reload *reload)
{
    if (!reload)
        return;
    pthread_mutex_lock(&reload->mutex);
    reload->stop = true;
    cg_watch_wake(reload->watch);
    pthread_mutex_unlock(&reload->mutex);
    pthread_join(reload->thread, NULL);
    destroy(reload);
}

struct cg_snapshot *cg_reload_take(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    struct cg_snapshot *next = reload->next;
    reload->next = NULL;
    pthread_mutex_unlock(&reload->mutex);
    return next;
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
    bool created = reload->created_numbers;
    reload->created_numbers = false;
    pthread_mutex_unlock(&reload->mutex);
    return created;
}

bool cg_reload_has_result(struct cg_reload *reload)
{
    pthread_mutex_lock(&reload->mutex);
    bool result = reload->next || reload->has_kept || reload->created_numbers;
    pthread_mutex_unlock(&reload->mutex);
    return result;
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
    cg_watch_wake(reload->watch);
    pthread_mutex_unlock(&reload->mutex);
}
