/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_renew.h"
#include "deploy.h"
#include "served.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS 200

struct rotate_options {
    const char *connect;
    struct cg_number timeout, lifetime;
};

static const struct cg_option options[] = {
    {"connect", "HOST:PORT", "where the broker serves it (default: as deploy remembers, else localhost:8883)",
     CG_OPT_STRING, 0, offsetof(struct rotate_options, connect)},
    {"timeout", "SECONDS", "how long the broker may take to serve it (default 30)", CG_OPT_NUMBER, 0,
     offsetof(struct rotate_options, timeout)},
    {"lifetime", "DURATION", "validity (default: as before)", CG_OPT_LIFETIME, 0,
     offsetof(struct rotate_options, lifetime)},
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Only what comes over the wire proves that it is served. err: the last thing that was seen instead. */
static bool is_served(const char *where, const X509 *cert, int64_t timeout_ms, struct cg_error *err)
{
    const int64_t end = now_ms() + timeout_ms;
    const struct timespec pause = {0, POLL_MS * 1000 * 1000};
    for (;;) {
        int64_t left = end - now_ms();
        X509 *served = left > 0 ? cg_served_certificate(where, left, err) : NULL;
        bool same = served && X509_cmp(served, cert) == 0;
        if (served && !same)
            cg_error_set(err, "%s still serves another certificate; does it watch the folder that deploy writes?",
                         where);
        X509_free(served);
        if (same || left <= 0)
            return same;
        nanosleep(&pause, NULL);
    }
}

static bool put_out(const struct cg_ca *ca, const char *name, const struct cg_target *target, struct cg_error *err)
{
    return !target->to || cg_deploy_name(ca, name, target, err);
}

/* err holds why; it says in the end what serves now. */
static void roll_back(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_target *target,
                      unsigned generation, struct cg_error *err)
{
    const char *name = cli->args[0];
    struct cg_error second = {""};
    char why[sizeof err->text];
    unsigned now = 0;
    snprintf(why, sizeof why, "%s", err->text);
    const char *dot = why[0] && why[strlen(why) - 1] == '?' ? "" : ".";
    if (cg_generation_switch(ca, name, generation, cli->now, &now, &second) && put_out(ca, name, target, &second))
        cg_error_set(err, "%s%s Went back to generation %u of \"%s\"; the new one is kept in archive/", why, dot, now,
                     name);
    else
        cg_error_set(err, "%s%s Going back to generation %u failed too: %s", why, dot, generation, second.text);
}

static bool swap_and_prove(const struct cg_cli *cli, const struct cg_ca *ca, const struct rotate_options *o,
                           const struct cg_issuer *issuer, const struct cg_target *target, struct cg_error *err)
{
    const char *name = cli->args[0], *remembered = target->connect ? target->connect : "localhost:8883";
    const char *where = o->connect ? o->connect : remembered;
    const struct cg_renew_terms terms = {.lifetime = o->lifetime, .write = !cli->dry_run};
    const unsigned before = cg_generation_live(ca, name);
    struct cg_renewed renewed;
    char end[24];
    bool good = cg_renew(issuer, name, &terms, &renewed, err);
    if (good && !cli->dry_run) {
        good = put_out(ca, name, target, err) &&
               is_served(where, renewed.issued.cert, (o->timeout.given ? o->timeout.value : 30) * 1000, err);
        if (!good)
            roll_back(cli, ca, target, before, err);
    }
    if (good) {
        cg_issue_say_shortened(cli, ca, renewed.issued.shortened);
        cg_date_text(X509_get0_notAfter(renewed.issued.cert), end);
        cg_say(cli,
               cli->dry_run ? "Would rotate \"%s\" to generation %u, good until %s, and look for it at %s."
                            : "Rotated \"%s\" to generation %u, good until %s; %s serves it.",
               name, renewed.generation, end, where);
        cJSON_AddStringToObject(renewed.result, "served_at", where);
        cJSON_AddBoolToObject(renewed.result, "dry_run", cli->dry_run);
        cg_result(cli, renewed.result);
        renewed.result = NULL;
    }
    cg_renewed_clear(&renewed);
    return good;
}

static bool rotate(const struct cg_cli *cli, const struct cg_ca *ca, const struct rotate_options *o,
                   struct cg_error *err)
{
    struct cg_issuer issuer = {0};
    struct cg_target target = {0};
    bool good = cg_ca_name_valid(cli->args[0], err) && cg_target_load(ca, cli->args[0], &target, err) &&
                cg_issuer_open(&issuer, cli, ca, err) && swap_and_prove(cli, ca, o, &issuer, &target, err);
    cg_issuer_close(&issuer);
    cg_target_clear(&target);
    return good;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    cg_passphrase_ahead(cli, "ca");
    int code = cg_ca_open(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && !rotate(cli, &ca, values, &err))
        code = CG_EXIT_FAILED;
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_rotate = {
    .name = "rotate",
    .group = CG_GROUP_CA,
    .arguments = "NAME",
    .summary = "new key and certificate for the broker, proven to be served",
    .description = "Makes a new key and certificate, deploys them where NAME was deployed before, and connects to the "
                   "broker until it\n"
                   "serves the new certificate. When it does not within the timeout, the old generation goes back and "
                   "the exit code\n"
                   "is 1.",
    .examples = "certguard rotate broker.lan\n"
                "certguard rotate broker.lan --connect broker.lan:8883 --timeout 10",
    .min_args = 1,
    .max_args = 1,
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct rotate_options),
    .run = run,
};
