/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "attack_load.h"

#include "lib/process.h"
#include "lib/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLICY "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\"}}"

bool target_start(struct target *target, const struct cg_pki *pki, bool stock)
{
    const struct cg_broker_spec spec = {
        .options = "plugin_opt_policy FOLDER/policy.json", .global = "set_tcp_nodelay true\n", .stock = stock};
    *target = (struct target){.broker = cg_broker_new("attack")};
    cg_pki_write_folder(pki, cg_broker_folder(target->broker), "root", "server", "");
    cg_broker_write(target->broker, "policy.json", POLICY);
    if (!cg_broker_start(target->broker, &spec))
        return false;
    target->valid = (struct cg_client_spec){.port = cg_broker_port(target->broker),
                                            .leaf = cg_pki_cert(pki, "dev"),
                                            .key = cg_pki_key(pki, "dev"),
                                            .client_id = "good"};
    return true;
}

bool target_end(struct target *target, const char *name)
{
    bool started = cg_broker_pid(target->broker) != 0;
    bool ended = cg_broker_stop(target->broker) && started;
    cg_tap(ended, "%s: the broker keeps running and ends without errors", name);
    cg_broker_free(target->broker, !ended);
    return ended;
}

long target_rss_kib(const struct target *target)
{
    return cg_process_rss_kib(cg_broker_pid(target->broker));
}

long target_events_kib(const struct target *target)
{
    char path[700];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", cg_broker_folder(target->broker), CG_BROKER_EVENTS);
    return stat(path, &st) == 0 ? (long)(st.st_size / 1024) : 0;
}

/* Waits until that time, or until the load is stopped. */
static void wait_until(const struct attack_load *load, int64_t us)
{
    int64_t left;
    while (!atomic_load(&load->stop) && (left = us - cg_now_us()) > 0) {
        int64_t step = left < 20000 ? left : 20000;
        nanosleep(&(struct timespec){.tv_nsec = (long)step * 1000}, NULL);
    }
}

/* Each attempt has a fixed start time, so threads that are late catch up. */
static void run_attempts(struct attack_load *load, struct attacker *attacker)
{
    size_t number;
    while (!atomic_load(&load->stop) && (number = atomic_fetch_add(&load->next, 1)) < load->limit) {
        wait_until(load, load->began_us + (int64_t)number * 1000000 / load->rate);
        load->kind->attempt(attacker, load->kind);
        atomic_fetch_add(&load->done, 1);
    }
    while (!atomic_load(&load->stop)) /* the open connections are part of the measurement */
        cg_pause_ms(5);
}

static void *attack_thread(void *argument)
{
    struct attack_load *load = argument;
    int held[HELD_MAX / ATTACKERS];
    struct attacker attacker = {.data = load->data,
                                .port = load->port,
                                .random = (unsigned)cg_now_us() ^ (unsigned)gettid() << 16,
                                .held = held,
                                .nheld = load->kind->held / ATTACKERS};
    memset(held, 0xff, sizeof held);
    /* the attackers simulate other machines, so the valid client must not wait for their CPU time */
    setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
    run_attempts(load, &attacker);
    for (size_t i = 0; i < attacker.nheld; i++)
        if (held[i] >= 0)
            close(held[i]);
    atomic_fetch_add(&load->opened, attacker.opened);
    atomic_fetch_add(&load->bytes, attacker.bytes);
    return NULL;
}

void attack_load_begin(struct attack_load *load)
{
    atomic_store(&load->next, 0);
    atomic_store(&load->done, 0);
    atomic_store(&load->opened, 0);
    atomic_store(&load->bytes, 0);
    atomic_store(&load->stop, false);
    load->began_us = cg_now_us();
    for (int i = 0; i < ATTACKERS; i++)
        pthread_create(&load->threads[i], NULL, attack_thread, load);
}

void attack_load_end(struct attack_load *load)
{
    atomic_store(&load->stop, true);
    for (int i = 0; i < ATTACKERS; i++)
        pthread_join(load->threads[i], NULL);
}

void run_valid_client(struct target *target, struct samples *samples, const struct attack_load *load, int ms)
{
    int64_t end = cg_now_us() + ms * INT64_C(1000);
    while (cg_now_us() < end && samples->count < SAMPLES_MAX) {
        if (load && atomic_load(&load->done) >= load->limit)
            return;
        struct cg_client_result result;
        int64_t began = cg_now_us();
        cg_client_connect(&target->valid, &result);
        samples->ms[samples->count++] = (double)(cg_now_us() - began) / 1000;
        target->failed += !result.accepted;
        if (!result.accepted)
            printf("#   the valid client after %.0f ms: %s, alert %d, CONNACK %d %s\n", samples->ms[samples->count - 1],
                   !result.connected   ? "no connection"
                   : !result.handshake ? "no handshake"
                                       : result.version,
                   result.alert, result.connack, result.error);
        cg_client_close(&result);
        cg_pause_ms(5);
    }
}
