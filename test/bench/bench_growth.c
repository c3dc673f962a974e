/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How the cost of a connection to Mosquitto with certguard grows with the number of CRL entries, live sessions, listeners,
 * subject rules, deny-list entries, and events per second:  bench_growth quick|full
 * The brokers of one table run at the same time and take turns.
 * Prints tab-separated lines: growth, what, number, CPU ms, p50 ms, resident KiB. */
#include "lib/crowd.h"
#include "lib/large_crl.h"
#include "lib/process.h"
#include "load.h"

#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEPS_MAX 5

/* One broker of a table. */
struct step {
    size_t n;
    struct peer_setup setup;
    char *policy, crl[600]; /* owned; crl: a file to remove at the end, or "" */
    struct cg_crowd *crowd;
    struct peer peer;
    struct load load;
};

/* A table, and how its brokers differ. */
struct growth {
    const char *what;
    size_t steps[STEPS_MAX]; /* 0 ends the list; the last step is only in the full form */
    void (*prepare)(struct step *step);
    void (*fill)(struct step *step); /* called after the start, or NULL */
    bool paced;                      /* n is the number of connections per second */
};

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        abort();
    return text;
}

static void with_crl(struct step *step)
{
    const struct ca ca = {cg_pki_cert(step->setup.pki, "root"), cg_pki_key(step->setup.pki, "root")};
    const char *tmp = getenv("CG_TEST_TMP");
    size_t len;
    snprintf(step->crl, sizeof step->crl, "%s/growth-%d-%zu.der", tmp ? tmp : "/tmp", getpid(), step->n);
    unsigned char *der = large_crl_make(&ca, step->n, time(NULL), 1, &len);
    large_crl_write(step->crl, der, len, false);
    free(der);
    step->policy = text_of("{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"%s\"}}", step->crl);
}

static void with_sessions(struct step *step)
{
    step->crowd = cg_crowd_new(step->n); /* also raises the limit of open files for the broker */
}

static void fill_sessions(struct step *step)
{
    const struct cg_client_spec spec = {.port = step->peer.port,
                                        .leaf = cg_pki_cert(step->setup.pki, "dev"),
                                        .key = cg_pki_key(step->setup.pki, "dev")};
    if (!cg_crowd_add(step->crowd, &spec, 0, "live", step->n))
        exit(1);
}

static void with_listeners(struct step *step)
{
    step->setup.listeners = step->n - 1;
}

/* Makes a policy with n elements in one of its arrays, between the texts before and after. */
static void with_array(struct step *step, const char *before, int (*element)(char *out, size_t i), const char *after)
{
    char *list = calloc(step->n + 1, 100), *at = list;
    if (!list)
        abort();
    for (size_t i = 0; i < step->n; i++) {
        at += sprintf(at, "%s", i ? ", " : "");
        at += element(at, i);
    }
    step->policy = text_of("{\"trust\": {\"anchors\": \"ca.pem\"}, %s%s%s}", before, list, after);
    free(list);
}

static int subject_rule(char *out, size_t i)
{
    return sprintf(out, "{\"attribute\": \"CN\", \"one_of\": [\"dev\", \"dev-%zu\"]}", i);
}

static void with_rules(struct step *step)
{
    with_array(step, "\"client\": {\"subject\": [", subject_rule, "]}");
}

static int deny_entry(char *out, size_t i)
{
    return sprintf(out, "{\"sha256\": \"%064zx\"}", i + 1);
}

static void with_deny_list(struct step *step)
{
    with_array(step, "\"deny\": [", deny_entry, "]");
}

static void with_events(struct step *step)
{
    step->policy = text_of(
        "{\"trust\": {\"anchors\": \"ca.pem\"}, \"log\": {\"file\": \"events.jsonl\", \"accepted\": true}}");
}

static const struct growth growths[] = {
    {"CRL entries", {1000, 10000, 100000, 1000000}, with_crl, NULL, false},
    {"live sessions", {10, 100, 1000, 5000}, with_sessions, fill_sessions, false},
    {"listeners", {1, 4, 16, 64}, with_listeners, NULL, false},
    {"rules on the subject", {1, 10, 100, 1000}, with_rules, NULL, false},
    {"deny-list entries", {10, 100, 1000, 10000}, with_deny_list, NULL, false},
    {"events per second", {10, 40, 160}, with_events, NULL, true},
};

static bool start(struct step *step, const struct growth *growth, struct cg_pki *pki)
{
    step->setup.pki = pki;
    growth->prepare(step);
    step->setup.policy = step->policy;
    if (!peer_start(&step->peer, peer_row("certguard"), &step->setup))
        return false;
    if (growth->fill)
        growth->fill(step);
    load_open(&step->load, &step->peer, &step->setup, TLS1_3_VERSION);
    return true;
}

static void stop(struct step *step)
{
    cg_crowd_free(step->crowd);
    load_close(&step->load);
    peer_stop(&step->peer);
    free(step->policy);
    if (step->crl[0])
        unlink(step->crl);
}

/* Connects step->n times, evenly spread over a second. */
static bool paced_round(struct step *step)
{
    int64_t next = cg_now_us();
    for (size_t i = 0; i < step->n; i++) {
        if (!load_round(&step->load, 1))
            return false;
        next += 1000000 / (int64_t)step->n;
        int64_t left = next - cg_now_us();
        if (left > 1000)
            cg_pause_ms((int)(left / 1000));
    }
    return true;
}

static bool run(const struct growth *growth, bool quick)
{
    static struct step steps[STEPS_MAX];
    struct cg_pki *pki = bench_pki();
    size_t count = 0, rounds = growth->paced ? (quick ? 2 : 6) : quick ? 5 : 21;
    bool ok = true;
    memset(steps, 0, sizeof steps);
    while (count < STEPS_MAX && growth->steps[count] && !(quick && count > 0 && !growth->steps[count + 1])) {
        steps[count].n = growth->steps[count];
        ok = ok && start(&steps[count], growth, pki);
        count++;
    }
    for (size_t round = 0; ok && round <= rounds; round++)
        for (size_t i = 0; ok && i < count; i++) {
            ok = growth->paced ? paced_round(&steps[i]) : load_round(&steps[i].load, quick ? 10 : 20);
            if (round == 0)
                load_reset(&steps[i].load);
        }
    for (size_t i = 0; i < count; i++) {
        if (ok)
            printf("growth\t%s\t%zu\t%.3f\t%.3f\t%ld\n", growth->what, steps[i].n, load_cpu_ms(&steps[i].load),
                   load_latency_ms(&steps[i].load, 0.5), peer_rss_kib(&steps[i].peer));
        stop(&steps[i]);
    }
    fflush(stdout);
    cg_pki_free(pki);
    return ok;
}

int main(int argc, char **argv)
{
    bool quick = bench_start(argc, argv, ""), ok = true;
    for (size_t i = 0; i < sizeof growths / sizeof *growths; i++)
        ok = run(&growths[i], quick) && ok;
    return !ok;
}
