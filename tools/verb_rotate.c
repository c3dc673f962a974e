/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_cli.h"
#include "ca_passphrase.h"
#include "ca_renew.h"
#include "core/moment.h"
#include "deploy.h"
#include "generation.h"
#include "rotation.h"
#include "served.h"
#include "verbs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS     200 /* at first; each look is an event in the broker's log, so slower from then on */
#define POLL_MAX_MS 1000
#define TIMEOUT     30
#define TIMEOUT_MAX 3600
#define LOCK_WAIT   60 /* s for the CA's lock after the proof: a decision is due */

struct rotate_options {
    const char *connect;
    struct cg_number timeout, lifetime;
};

static const struct cg_option options[] = {
    {"connect", "HOST:PORT", "where the broker serves it (default: as deploy remembers, else localhost:8883)",
     CG_OPT_STRING, 0, offsetof(struct rotate_options, connect)},
    {"timeout", "SECONDS", "how long the broker may take to serve it, 1 to 3600 (default 30)", CG_OPT_NUMBER, 0,
     offsetof(struct rotate_options, timeout)},
    {"lifetime", "DURATION", "validity (default: as before)", CG_OPT_LIFETIME, 0,
     offsetof(struct rotate_options, lifetime)},
};

struct run {
    const struct cg_cli *cli;
    const struct rotate_options *options;
    const char *name;
    struct cg_ca ca;
    struct cg_targets targets;
    struct cg_rotation rotation;
    struct cg_renewed renewed;
};

/* ---- signals: a run that is told to stop still decides */

static volatile sig_atomic_t stopped;

static void note_signal(int number)
{
    stopped = number;
}

/* What whoever started us ignores stays ignored. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < CG_COUNT(numbers); i++) {
        struct sigaction old, ours = {.sa_handler = note_signal};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &ours, NULL);
    }
}

/* ---- the proof */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A signal ends it. */
static void sleep_ms(int64_t ms)
{
    const struct timespec pause = cg_timespec(ms);
    nanosleep(&pause, NULL);
}

static bool is_stopped(struct cg_error *err)
{
    if (stopped)
        cg_error_set(err, "stopped by a signal (%s)", strsignal(stopped));
    return stopped;
}

/* Only what comes over the wire proves that it is served. err: the last thing that was seen instead. */
static bool is_served(const char *where, const X509 *cert, int64_t end, struct cg_error *err)
{
    for (int64_t pause = POLL_MS;; pause = pause * 2 < POLL_MAX_MS ? pause * 2 : POLL_MAX_MS) {
        int64_t left = end - now_ms();
        X509 *served = left > 0 ? cg_served_certificate(where, left, err) : NULL;
        bool same = served && X509_cmp(served, cert) == 0;
        if (served && !same)
            cg_error_set(err, "%s still serves another certificate; does it watch the folder that deploy writes?",
                         where);
        X509_free(served);
        if (same || left <= 0 || is_stopped(err))
            return same;
        sleep_ms(pause);
    }
}

static const char *address(const struct run *run, size_t i)
{
    const char *remembered = run->targets.item[i].connect;
    return run->options->connect ? run->options->connect : remembered ? remembered : "localhost:8883";
}

/* Several folders may be of one broker. */
static bool is_repeated(const struct run *run, size_t i)
{
    bool repeated = false;
    for (size_t k = 0; !repeated && k < i; k++)
        repeated = strcmp(address(run, k), address(run, i)) == 0;
    return repeated;
}

static void addresses(const struct run *run, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < run->targets.count && len < size; i++)
        if (!is_repeated(run, i))
            len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", address(run, i));
}

static bool is_served_everywhere(const struct run *run, struct cg_error *err)
{
    const struct cg_number *timeout = &run->options->timeout;
    const int64_t end = now_ms() + (timeout->given ? timeout->value : TIMEOUT) * 1000;
    bool served = true;
    for (size_t i = 0; served && i < run->targets.count; i++)
        served = is_repeated(run, i) || is_served(address(run, i), run->renewed.issued.cert, end, err);
    return served;
}

/* ---- the decision */

/* err holds why; it says in the end what serves now. */
static bool take_back(struct run *run, struct cg_error *err)
{
    struct cg_error second = {""};
    char why[sizeof err->text];
    bool stays = false;
    snprintf(why, sizeof why, "%s", err->text);
    const char *dot = why[0] && why[strlen(why) - 1] == '?' ? "" : ".";
    bool good = cg_rotation_take_back(&run->ca, run->name, run->cli->now, &stays, &second);
    const unsigned live = cg_generation_live(&run->ca, run->name);
    if (!good)
        cg_error_set(err, "%s%s Going back failed too, and the next run tries it again: %s", why, dot, second.text);
    else if (stays)
        cg_error_set(err, "%s%s Generation %u of \"%s\" is live all the same: %s", why, dot, live, run->name,
                     second.text[0] ? second.text : "another run chose it meanwhile");
    else
        cg_error_set(err, "%s%s Went back to generation %u of \"%s\"; the new one is kept in archive/", why, dot, live,
                     run->name);
    return false;
}

/* With the lock again: another run may have revoked it, or made another one live. */
static bool decide(struct run *run, bool served, struct cg_error *err)
{
    const unsigned made = run->renewed.generation, live = cg_generation_live(&run->ca, run->name);
    if (served && live == made)
        served = cg_generation_is_valid(&run->ca, run->name, made, run->cli->now, err);
    else if (served)
        cg_error_set(err, "generation %u was served, but another run made generation %u of \"%s\" live meanwhile", made,
                     live, run->name);
    if (served && live == made)
        return cg_rotation_prove(&run->ca, run->name, made, run->cli->now, err);
    return take_back(run, err);
}

/* The CA's lock is not held while the broker takes its time: revoke must get through. */
static int prove(struct run *run, struct cg_error *err)
{
    struct cg_error locked = {""};
    struct cg_ca_options patient = cg_ca_options_of(run->cli);
    if (patient.wait < LOCK_WAIT) {
        patient.wait_is_given = true;
        patient.wait = LOCK_WAIT;
    }
    cg_ca_close(&run->ca);
    bool served = !is_stopped(err) && is_served_everywhere(run, err);
    int code = cg_ca_exit_code(cg_ca_open(&run->ca, &patient, CG_CA_WRITE, &locked));
    if (code == CG_EXIT_OK)
        return decide(run, served, err) ? CG_EXIT_OK : CG_EXIT_FAILED;
    cg_error_set(
        err,
        "generation %u of \"%s\" is deployed and %s, but that could not be noted: %s. The next run of rotate, renew "
        "or deploy goes back to the one before",
        run->renewed.generation, run->name, served ? "served" : "not served", locked.text);
    return code;
}

/* ---- the verb */

static bool is_brokers(const struct run *run, struct cg_error *err)
{
    const char *name = run->name, *word = run->ca.word;
    X509 *cert = cg_ca_live_cert(&run->ca, name, err);
    const struct cg_ca_profile *profile = cert ? cg_ca_profile_of(cert) : NULL;
    const bool is_server = profile && profile->purpose == CG_PURPOSE_SERVER;
    if (cert && !is_server)
        cg_error_set(err,
                     "\"%s\" is no broker's certificate: nothing serves it, so nothing could prove it. For a new one: "
                     "certguard -C %s renew %s",
                     name, word, name);
    else if (cert && !run->targets.count)
        cg_error_set(
            err,
            "\"%s\" is not deployed, so no broker could serve the new one. certguard -C %s deploy %s --to FOLDER "
            "puts it where the broker reads; certguard -C %s renew %s makes a new one without proof",
            name, word, name, word, name);
    X509_free(cert);
    return is_server && run->targets.count;
}

static bool make(struct run *run, struct cg_error *err)
{
    const struct cg_cli *cli = run->cli;
    const struct cg_renew_terms terms = {.lifetime = run->options->lifetime.value, .write = !cli->dry_run};
    const unsigned next = cg_ca_generation(&run->ca, run->name) + 1;
    struct cg_issuer issuer = {0};
    struct cg_error unheard = {""};
    bool stays = false, good = cg_verb_open_issuer(&issuer, cli, &run->ca, err);
    catch_signals(); /* not before: a prompt has its own way */
    good = good && (cli->dry_run || cg_rotation_begin(&run->rotation, &run->ca, run->name, next, cli->now, err)) &&
           cg_renew(&issuer, run->name, &terms, &run->renewed, err);
    cg_issuer_close(&issuer);
    if (!good && run->rotation.lock >= 0) /* nothing was made: there is nothing to prove */
        cg_rotation_take_back(&run->ca, run->name, cli->now, &stays, &unheard);
    return good;
}

static void tell(struct run *run)
{
    const struct cg_cli *cli = run->cli;
    char end[24], where[512] = "";
    addresses(run, where, sizeof where);
    cg_say_shortened(cli, &run->ca, run->renewed.issued.shortened);
    cg_date_text(X509_get0_notAfter(run->renewed.issued.cert), end);
    cg_say(cli,
           cli->dry_run ? "Would rotate \"%s\" to generation %u, good until %s, and look for it at %s."
                        : "Rotated \"%s\" to generation %u, good until %s; %s serves it.",
           run->name, run->renewed.generation, end, where);
    cJSON_AddStringToObject(run->renewed.result, "served_at", where);
    cJSON_AddBoolToObject(run->renewed.result, "dry_run", cli->dry_run);
    cg_result(cli, run->renewed.result);
    run->renewed.result = NULL;
}

static int rotate(struct run *run, struct cg_error *err)
{
    bool busy = false;
    const int64_t now = run->cli->now;
    if (!cg_ca_name_valid(run->name, err) || !cg_targets_load(&run->ca, run->name, &run->targets, err) ||
        !is_brokers(run, err) || !(run->cli->dry_run || cg_rotation_settle(&run->ca, run->name, now, &busy, err)))
        return CG_EXIT_FAILED;
    if (busy) {
        cg_error_set(err, "another run rotates \"%s\" now; nothing was done, try again when it has ended", run->name);
        return CG_EXIT_LOCKED;
    }
    if (!cg_deploy_check(&run->ca, &run->targets, cg_generation_live(&run->ca, run->name), err) || !make(run, err))
        return CG_EXIT_FAILED;
    if (run->cli->dry_run)
        return CG_EXIT_OK;
    if (is_stopped(err) || !cg_deploy_name(&run->ca, &run->targets, err))
        return take_back(run, err) ? CG_EXIT_OK : CG_EXIT_FAILED;
    return prove(run, err);
}

static int run_verb(const struct cg_cli *cli, const void *values)
{
    const struct rotate_options *o = values;
    struct cg_error err = {""};
    if (o->timeout.given && (o->timeout.value < 1 || o->timeout.value > TIMEOUT_MAX))
        return cg_usage(cli, "--timeout: expected 1 to %d seconds; without a proof it is renew", TIMEOUT_MAX);
    struct run run = {.cli = cli, .options = o, .name = cli->args[0], .rotation = {-1}};
    cg_passphrase_ahead(cli, "ca");
    int code = cg_verb_open_ca(&run.ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK)
        code = rotate(&run, &err);
    if (code == CG_EXIT_OK)
        tell(&run);
    cg_rotation_end(&run.rotation);
    cg_renewed_clear(&run.renewed);
    cg_targets_clear(&run.targets);
    cg_ca_close(&run.ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_rotate = {
    .name = "rotate",
    .group = CG_GROUP_CA,
    .arguments = "NAME",
    .summary = "new key and certificate for the broker, proven to be served",
    .description = "Makes a new key and certificate, deploys them where NAME was deployed before, and connects to the "
                   "broker until it\n"
                   "serves the new certificate. If it does not within the timeout, or on Ctrl-C, the previous one is "
                   "restored and the\n"
                   "exit code is 1. A run that was killed is undone by the next one of rotate, renew or deploy.",
    .examples = "certguard rotate broker.lan\n"
                "certguard rotate broker.lan --connect broker.lan:8883 --timeout 10",
    .min_args = 1,
    .max_args = 1,
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct rotate_options),
    .run = run_verb,
};
