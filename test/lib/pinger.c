/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pinger.h"

#include "process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define EVERY_MS 2

struct cg_pinger {
    pthread_t thread;
    struct cg_client_result session;
    atomic_bool stop, lost;
    atomic_llong waiting_since_us, worst_us; /* 0: no answer is awaited */
    atomic_size_t count;
};

static void record(struct cg_pinger *pinger, long long us)
{
    long long worst = atomic_load(&pinger->worst_us);
    while (us > worst && !atomic_compare_exchange_weak(&pinger->worst_us, &worst, us))
        ;
}

static void *run(void *argument)
{
    static const unsigned char request[] = {0xc0, 0x00};
    struct cg_pinger *pinger = argument;
    unsigned char answer[64];
    while (!atomic_load(&pinger->stop)) {
        int64_t start = cg_now_us();
        atomic_store(&pinger->waiting_since_us, start);
        if (SSL_write(pinger->session.ssl, request, sizeof request) != sizeof request ||
            SSL_read(pinger->session.ssl, answer, sizeof answer) < 2 || answer[0] != 0xd0) {
            atomic_store(&pinger->lost, true);
            break;
        }
        record(pinger, cg_now_us() - start);
        atomic_store(&pinger->waiting_since_us, 0);
        atomic_fetch_add(&pinger->count, 1);
        cg_pause_ms(EVERY_MS);
    }
    return NULL;
}

struct cg_pinger *cg_pinger_start(const struct cg_client_spec *spec)
{
    struct cg_pinger *pinger = calloc(1, sizeof *pinger);
    struct cg_client_spec patient = *spec;
    patient.wait_ms = 30000; /* long enough to measure a long block */
    if (!pinger)
        return NULL;
    cg_client_connect(&patient, &pinger->session);
    if (pinger->session.accepted && pthread_create(&pinger->thread, NULL, run, pinger) == 0)
        return pinger;
    cg_client_close(&pinger->session);
    free(pinger);
    return NULL;
}

double cg_pinger_worst_ms(struct cg_pinger *pinger, size_t *count)
{
    long long since = atomic_load(&pinger->waiting_since_us);
    if (since)
        record(pinger, cg_now_us() - since);
    size_t n = atomic_exchange(&pinger->count, 0);
    if (count)
        *count = n;
    return (double)atomic_exchange(&pinger->worst_us, 0) / 1000;
}

bool cg_pinger_stop(struct cg_pinger *pinger)
{
    if (!pinger)
        return false;
    atomic_store(&pinger->stop, true);
    pthread_join(pinger->thread, NULL);
    bool lost = atomic_load(&pinger->lost);
    cg_client_close(&pinger->session);
    free(pinger);
    return !lost;
}
