/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "hook.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/failure.h"
#include "core/base/datetime.h"
#include "hook_environment.h"
#include "store/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE   8
#define STEP_MS   20
#define LOCK_WAIT 30    /* s beyond the limit of a hook that another run started */
#define NOGROUP   65534 /* not the group of root either */
#define STOPPED   "stopped by a signal"

struct job {
    struct jobs *all;
    struct cg_target target;
    struct cg_command command;
    char **environment;
    int lock;      /* -1: none */
    int64_t asked; /* monotonic ms, when the lock was first tried; 0: not yet */
    enum { WAITS = 0, RUNS, ENDED } state;
    bool is_ok;
};

struct jobs {
    struct cg_ca *ca;
    const struct cg_hook_request *request;
    struct job *item;
    size_t count, running, failed;
    struct cg_error first;
};

/* ---- which */

bool cg_hook_is_named(const struct cg_hook_request *request, const char *name)
{
    bool found = !request->names;
    for (size_t i = 0; !found && i < request->count; i++)
        found = strcmp(request->names[i], name) == 0;
    return found;
}

static bool collect(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct jobs *jobs = context;
    (void)ca;
    if (!cg_target_is_pending(target) || !cg_hook_is_named(jobs->request, target->name))
        return true;
    struct job *grown = cg_array_grow(jobs->item, jobs->count, sizeof *grown);
    if (!grown)
        return cg_fail_memory(err);
    jobs->item = grown;
    grown[jobs->count] = (struct job){.lock = -1, .all = jobs};
    if (!cg_target_copy(&grown[jobs->count].target, target))
        return cg_fail_memory(err);
    jobs->count++;
    return true;
}

static void clear(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        cg_target_clear(&jobs->item[i].target);
        cg_hook_environment_free(jobs->item[i].environment);
    }
    free(jobs->item);
}

/* ---- one of them */

static void show_line(const void *context, const char *line)
{
    const struct job *job = context;
    const struct cg_hook_report *report = &job->all->request->report;
    if (report->line)
        report->line(report->context, &job->target, line);
}

/* The last lines, the newest last. */
static const char *output_of(const struct job *job, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = CG_COMMAND_TAIL; i > 0 && len < size; i--)
        if (job->command.tail[i - 1][0])
            len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "; " : "", job->command.tail[i - 1]);
    return out;
}

static void end(struct job *job, const char *why)
{
    char output[CG_COMMAND_TAIL * (CG_COMMAND_LINE + 2)];
    struct jobs *jobs = job->all;
    struct cg_error err = {""};
    const struct cg_hook_result result = {&job->target, why, output_of(job, output, sizeof output), &err};
    jobs->running -= job->state == RUNS;
    job->is_ok = !why[0];
    job->state = ENDED;
    if (job->lock >= 0)
        close(job->lock);
    if (!job->is_ok)
        cg_error_set(
            &err,
            "the hook of \"%s\" for %s failed: %s%s%s%s. Fix the cause. It runs again with the next deploy, renew "
            "or crl; now: certguard -C %s deploy %s",
            job->target.name, job->target.to, why, output[0] ? " (" : "", output, output[0] ? ")" : "", jobs->ca->word,
            job->target.name);
    if (!job->is_ok && !jobs->failed++)
        jobs->first = err;
    if (jobs->request->report.ended)
        jobs->request->report.ended(jobs->request->report.context, &result);
}

/* Another run may run the same hook now. */
static bool take_lock(struct job *job)
{
    char path[PATH_MAX];
    cg_ca_path(job->all->ca, path, "deploy/%s.lock", job->target.name);
    if (job->lock < 0)
        job->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!job->asked)
        job->asked = cg_monotonic_ms();
    return job->lock >= 0 && flock(job->lock, LOCK_EX | LOCK_NB) == 0;
}

/* Root never runs a command that another user has chosen, even where that user cannot reach the CA's folder (owner.h). */
static void launch(struct job *job, struct cg_error *err)
{
    const struct cg_ca *ca = job->all->ca;
    const bool is_other = geteuid() == 0 && ca->owner.uid != 0;
    const struct passwd *user = is_other ? getpwuid(ca->owner.uid) : NULL;
    const gid_t own = ca->owner.gid ? ca->owner.gid : NOGROUP, gid = user ? user->pw_gid : own;
    job->environment = cg_hook_environment(ca, &job->target, job->all->request->verb, is_other, user);
    job->command = (struct cg_command){
        .text = job->target.hook,
        .environment = job->environment,
        .user = {is_other, ca->owner.uid, gid, user ? user->pw_name : NULL},
        .seconds = job->target.hook_timeout ? job->target.hook_timeout : CG_HOOK_TIMEOUT,
        .line = show_line,
        .context = job,
    };
    if (!job->environment)
        cg_fail_memory(err);
    else if (cg_command_start(&job->command, err)) {
        job->state = RUNS;
        job->all->running++;
    }
}

static void start(struct job *job)
{
    struct cg_error err = {""};
    if (!take_lock(job)) {
        const int64_t limit = (job->target.hook_timeout ? job->target.hook_timeout : CG_HOOK_TIMEOUT) + LOCK_WAIT;
        if (job->lock < 0 || cg_monotonic_ms() - job->asked > limit * 1000)
            end(job, job->lock < 0 ? "its lock in deploy/ cannot be opened" : "another run is still running it");
        return;
    }
    /* the run that had the lock may have done it, or changed the command */
    if (!cg_target_refresh(job->all->ca, &job->target) || !cg_target_is_pending(&job->target)) {
        job->state = ENDED;
        close(job->lock);
        return;
    }
    launch(job, &err);
    if (job->state != RUNS)
        end(job, err.text);
}

/* The jobs of a name are side by side, and take turns: the wait for the lock is for other runs. */
static bool is_next(const struct job *job)
{
    const struct job *before = job > job->all->item ? job - 1 : NULL;
    return job->all->running < AT_ONCE &&
           (!before || before->state == ENDED || strcmp(before->target.name, job->target.name) != 0);
}

/* True until it has ended. */
static bool step(struct job *job, bool is_stopped)
{
    if (job->state == WAITS && is_stopped)
        end(job, STOPPED);
    else if (job->state == WAITS && is_next(job))
        start(job);
    else if (job->state == RUNS && is_stopped)
        cg_command_stop(&job->command, STOPPED);
    if (job->state == RUNS && cg_command_poll(&job->command))
        end(job, job->command.why);
    return job->state != ENDED;
}

/* ---- all of them */

/* Signals that the parent process set to be ignored stay ignored. */
static void list_signals(sigset_t *set)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(set);
    for (size_t i = 0; i < CG_COUNT(numbers); i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(set, numbers[i]);
    }
}

static bool is_stopped(const sigset_t *signals)
{
    sigset_t pending;
    sigpending(&pending);
    return (sigismember(signals, SIGINT) && sigismember(&pending, SIGINT)) ||
           (sigismember(signals, SIGTERM) && sigismember(&pending, SIGTERM)) ||
           (sigismember(signals, SIGHUP) && sigismember(&pending, SIGHUP));
}

/* A signal first ends the hooks, and then this process or what it interrupts. */
static void run_all(struct jobs *jobs)
{
    const struct timespec pause = cg_timespec(STEP_MS);
    sigset_t signals, before;
    size_t left = jobs->count;
    list_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    while (left) {
        left = 0;
        for (size_t i = 0; i < jobs->count; i++)
            left += step(&jobs->item[i], is_stopped(&signals));
        if (left)
            nanosleep(&pause, NULL);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static bool record(const struct jobs *jobs, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->item[i].is_ok)
            ok = cg_target_unmark(jobs->ca, &jobs->item[i].target, err) && ok;
    return ok;
}

static enum cg_ca_result run_unlocked(struct jobs *jobs, struct cg_error *err)
{
    struct cg_error second = {""};
    if (!cg_lock_release(jobs->ca, err))
        return CG_CA_LOCKED;
    run_all(jobs);
    const enum cg_ca_result result = cg_lock_again(jobs->ca, &second);
    if (result != CG_CA_OK || !record(jobs, &second)) {
        cg_error_set(err, "hooks ran, but this could not be recorded, so the next run repeats them: %s", second.text);
        return CG_CA_LOCKED;
    }
    if (jobs->failed > 1)
        cg_error_set(err, "%zu of %zu hooks failed. The first: %s", jobs->failed, jobs->count, jobs->first.text);
    else if (jobs->failed)
        *err = jobs->first;
    return jobs->failed ? CG_CA_FAILED : CG_CA_OK;
}

enum cg_ca_result cg_hooks_run(struct cg_ca *ca, const struct cg_hook_request *request, struct cg_error *err)
{
    struct jobs jobs = {.ca = ca, .request = request};
    enum cg_ca_result result = CG_CA_OK;
    if (ca->lock < 0 || getenv(CG_HOOK_MARK))
        return CG_CA_OK;
    if (!cg_target_visit(ca, collect, &jobs, NULL, err))
        result = CG_CA_LOCKED;
    else if (jobs.count)
        result = run_unlocked(&jobs, err);
    clear(&jobs);
    return result;
}
