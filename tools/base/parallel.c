/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "parallel.h"
#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS_MAX 64

struct work {
    cg_parallel_fn *job;
    void *context;
    size_t count;
    atomic_size_t next;
    int64_t until_ms; /* monotonic */
};

static void *run(void *context)
{
    struct work *work = context;
    for (size_t i; (work->next == 0 || cg_monotonic_ms() < work->until_ms) &&
                   (i = atomic_fetch_add(&work->next, 1)) < work->count;)
        work->job(work->context, i);
    return NULL;
}

size_t cg_parallel(size_t count, int64_t limit_ms, cg_parallel_fn *job, void *context)
{
    struct work work = {.job = job, .context = context, .count = count};
    pthread_t thread[THREADS_MAX];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX : (size_t)cpus, started = 0;
    wanted = wanted < count ? wanted : count;
    work.until_ms = limit_ms ? cg_monotonic_ms() + limit_ms : INT64_MAX;
    while (started + 1 < wanted && pthread_create(&thread[started], NULL, run, &work) == 0)
        started++;
    run(&work);
    while (started > 0)
        pthread_join(thread[--started], NULL);
    return work.next < count ? work.next : count;
}
