/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "rotate.h"
#include "base/clock.h"
#include "base/failure.h"
#include "broker/tls_probe.h"
#include "core/base/datetime.h"
#include "deploy.h"
#include "generation.h"
#include "store/open.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS     200 /* at first; later slower, since each check is an event in the broker's log */
#define POLL_MAX_MS 1000
#define TIMEOUT     30
#define LOCK_WAIT   60 /* s for the CA's lock after the check, to record the decision */

/* ---- waiting until it is served */

/* A signal interrupts it. */
static void sleep_ms(int64_t ms)
{
    const struct timespec pause = cg_timespec(ms);
    nanosleep(&pause, NULL);
}

static bool is_stopped(const struct cg_rotate *run, struct cg_error *err)
{
    return run->request.is_stopped && run->request.is_stopped(run->request.context, err);
}

/* True once the broker sends this certificate. err: the last other result. */
static bool is_served(const struct cg_rotate *run, const char *where, const X509 *cert, int64_t end,
                      struct cg_error *err)
{
    for (int64_t pause = POLL_MS;; pause = pause * 2 < POLL_MAX_MS ? pause * 2 : POLL_MAX_MS) {
        int64_t left = end - cg_monotonic_ms();
        X509 *served = left > 0 ? cg_tls_probe_certificate(where, cert, left, err) : NULL;
        bool same = served && X509_cmp(served, cert) == 0;
        if (served && !same)
            cg_error_set(err, "%s still serves another certificate. Check that the broker reads the folder of deploy",
                         where);
        X509_free(served);
        if (same || left <= 0 || is_stopped(run, err))
            return same;
        sleep_ms(pause);
    }
}

static const char *address(const struct cg_rotate *run, size_t i)
{
    const char *remembered = run->targets.item[i].connect;
    return run->request.connect ? run->request.connect : remembered ? remembered : "localhost:8883";
}

/* Several folders may belong to one broker. */
static bool is_repeated(const struct cg_rotate *run, size_t i)
{
    bool repeated = false;
    for (size_t k = 0; !repeated && k < i; k++)
        repeated = strcmp(address(run, k), address(run, i)) == 0;
    return repeated;
}

void cg_rotate_addresses(const struct cg_rotate *run, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < run->targets.count && len < size; i++)
        if (!is_repeated(run, i))
            len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", address(run, i));
}

static bool is_served_everywhere(const struct cg_rotate *run, struct cg_error *err)
{
    const int64_t timeout = run->request.timeout, end = cg_monotonic_ms() + (timeout ? timeout : TIMEOUT) * 1000;
    bool served = true;
    for (size_t i = 0; served && i < run->targets.count; i++)
        served = is_repeated(run, i) || is_served(run, address(run, i), run->renewed.issued.cert, end, err);
    return served;
}

/* ---- the decision */

/* Adds the generation in use to the reason in err. Always false. */
static bool take_back(struct cg_rotate *run, struct cg_error *err)
{
    struct cg_error second = {""};
    char why[sizeof err->text];
    bool stays = false;
    snprintf(why, sizeof why, "%s", err->text);
    bool ok = cg_rotation_roll_back(run->ca, run->request.name, &stays, &second);
    const unsigned live = cg_generation_live(run->ca, run->request.name);
    if (!ok)
        return cg_fail_text(err, "%s. Restoring the previous generation failed too; the next run tries again: %s", why,
                            second.text);
    if (stays)
        return cg_fail_text(err, "%s. Generation %u of \"%s\" stays live: %s", why, live, run->request.name,
                            second.text[0] ? second.text : "another run made it live");
    return cg_fail_text(err, "%s. The previous generation %u of \"%s\" was restored; the new one is kept in archive/",
                        why, live, run->request.name);
}

/* Another run may have revoked it, or made another one live, while the lock was not held. */
static bool decide(struct cg_rotate *run, bool served, struct cg_error *err)
{
    const unsigned made = run->renewed.generation, live = cg_generation_live(run->ca, run->request.name);
    if (served && live == made)
        served = cg_generation_is_valid(run->ca, run->request.name, made, err);
    else if (served)
        cg_error_set(err, "generation %u was served, but another run made generation %u of \"%s\" live", made, live,
                     run->request.name);
    if (served && live == made)
        return cg_rotation_prove(run->ca, run->request.name, made, err);
    return take_back(run, err);
}

/* The CA's lock is not held while waiting for the broker, so that other runs can revoke. */
static enum cg_ca_result prove(struct cg_rotate *run, struct cg_error *err)
{
    struct cg_error locked = {""};
    struct cg_ca_options patient = run->ca->options;
    if (patient.wait < LOCK_WAIT) {
        patient.wait_is_given = true;
        patient.wait = LOCK_WAIT;
    }
    cg_ca_close(run->ca);
    bool served = !is_stopped(run, err) && is_served_everywhere(run, err);
    enum cg_ca_result result = cg_ca_open(run->ca, &patient, CG_CA_WRITE, &locked);
    if (result == CG_CA_OK)
        return decide(run, served, err) ? CG_CA_OK : CG_CA_FAILED;
    cg_error_set(
        err,
        "generation %u of \"%s\" is deployed and %s, but this could not be recorded: %s. The next run of rotate, "
        "renew or deploy restores the previous one",
        run->renewed.generation, run->request.name, served ? "served" : "not served", locked.text);
    return result;
}

/* ---- the steps */

static bool is_brokers(const struct cg_rotate *run, struct cg_error *err)
{
    const char *name = run->request.name, *word = run->ca->word;
    X509 *cert = cg_ca_live_cert(run->ca, name, err);
    const struct cg_ca_profile *profile = cert ? cg_ca_profile_of(cert) : NULL;
    const bool is_server = profile && profile->purpose == CG_PURPOSE_SERVER;
    if (cert && !is_server)
        cg_error_set(err,
                     "cannot rotate \"%s\": it is not a broker's certificate, so no broker serves it. For a new one: "
                     "certguard -C %s renew %s",
                     name, word, name);
    else if (cert && !run->targets.count)
        cg_error_set(
            err,
            "cannot rotate \"%s\": it is not deployed. Deploy it to the broker's folder: certguard -C %s deploy %s "
            "--to FOLDER. For a new one without a check: certguard -C %s renew %s",
            name, word, name, word, name);
    X509_free(cert);
    return is_server && run->targets.count;
}

enum cg_ca_result cg_rotate_begin(struct cg_rotate *run, struct cg_ca *ca, const struct cg_rotate_request *request,
                                  struct cg_error *err)
{
    const char *name = request->name;
    bool busy = false;
    *run = (struct cg_rotate){.request = *request, .ca = ca, .rotation = {-1}};
    if (!cg_ca_name_valid(name, err) || !cg_targets_load(ca, name, &run->targets, err) || !is_brokers(run, err) ||
        !(ca->options.dry_run || cg_rotation_finish(ca, name, &busy, err)))
        return CG_CA_FAILED;
    if (busy) {
        cg_rotation_fail_busy(name, err);
        return CG_CA_LOCKED;
    }
    return cg_deploy_check(ca, &run->targets, cg_generation_live(ca, name), err) ? CG_CA_OK : CG_CA_FAILED;
}

bool cg_rotate_make(struct cg_rotate *run, const struct cg_issuer *issuer, struct cg_error *err)
{
    const bool dry_run = run->ca->options.dry_run;
    const char *name = run->request.name;
    const struct cg_renew_params params = {.lifetime = run->request.lifetime, .write = !dry_run};
    const unsigned next = cg_ca_generation(run->ca, name) + 1;
    bool stays = false;
    const bool ok = (dry_run || cg_rotation_begin(&run->rotation, run->ca, name, next, err)) &&
                    cg_renew(issuer, name, &params, &run->renewed, err);
    if (!ok && run->rotation.lock >= 0) /* nothing was made */
        cg_rotation_roll_back(run->ca, name, &stays, NULL);
    return ok;
}

static enum cg_ca_result run_hooks(struct cg_rotate *run, struct cg_error *err)
{
    const struct cg_hook_request request = {"rotate", &run->request.name, 1, run->request.hooks};
    return cg_hooks_run(run->ca, &request, err);
}

static enum cg_ca_result deploy_and_prove(struct cg_rotate *run, struct cg_error *err)
{
    enum cg_ca_result result = CG_CA_FAILED;
    if (!is_stopped(run, err) && cg_deploy_name(run->ca, &run->targets, err))
        result = run_hooks(run, err);
    if (result == CG_CA_OK)
        return prove(run, err);
    if (result == CG_CA_FAILED)
        take_back(run, err);
    return result;
}

enum cg_ca_result cg_rotate_prove(struct cg_rotate *run, struct cg_error *err)
{
    struct cg_error second = {""};
    const enum cg_ca_result result = deploy_and_prove(run, err);
    if (result == CG_CA_FAILED && run_hooks(run, &second) != CG_CA_OK) {
        const struct cg_error why = *err;
        cg_error_set(err, "%s. Then %s", why.text, second.text);
    }
    return result;
}

void cg_rotate_end(struct cg_rotate *run)
{
    cg_rotation_end(&run->rotation);
    cg_renewed_clear(&run->renewed);
    cg_targets_clear(&run->targets);
}
