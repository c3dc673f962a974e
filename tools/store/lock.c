/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lock.h"
#include "base/clock.h"
#include "base/failure.h"
#include "base/filesystem.h"
#include "change.h"
#include "core/base/datetime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS  INT64_C(10000)  /* the default: longer than nearly every run */
#define BACK_MS  INT64_C(600000) /* after yielding: the run has already started its work */
#define QUIET_MS INT64_C(1000)   /* shorter waits are not reported */
#define SLICE_MS INT64_C(1000)   /* a long run holds the lock for about this time */
#define STEP_MS  INT64_C(20)     /* between two attempts */
#define YIELD_MS (5 * STEP_MS)   /* every waiting run tries in this time */

static void pause_ms(int64_t ms)
{
    const struct timespec pause = cg_timespec(ms);
    nanosleep(&pause, NULL);
}

/* The holder, for messages only: left out if the disk is full. */
static void write_holder(const struct cg_ca *ca)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), ca->options.what ? ca->options.what : "");
    if (ftruncate(ca->lock, 0) == 0 && pwrite(ca->lock, text, (size_t)len, 0) != len)
        (void)!ftruncate(ca->lock, 0);
}

/* " (process 1234, issue)", or "". */
static const char *holder(const struct cg_ca *ca, char out[64])
{
    char text[40] = "", *verb = text;
    bool known = pread(ca->lock, text, sizeof text - 1, 0) > 0;
    long pid = strtol(text, &verb, 10);
    int len = *verb == ' ' ? (int)strspn(++verb, "abcdefghijklmnopqrstuvwxyz-") : 0;
    out[0] = '\0';
    if (known && pid > 0 && len)
        snprintf(out, 64, " (process %ld, %.*s)", pid, len, verb);
    return out;
}

/* Polls, since flock() has no timeout. */
static enum cg_ca_result wait_for_lock(struct cg_ca *ca, int64_t wait_ms, struct cg_error *err)
{
    char text[64];
    bool is_reported = false;
    int64_t start = cg_monotonic_ms();
    while (flock(ca->lock, LOCK_EX | LOCK_NB) != 0) {
        int64_t waited = cg_monotonic_ms() - start;
        if (errno != EWOULDBLOCK && errno != EINTR) {
            cg_fail_filesystem(err, "lock", ca->dir, ca->dir, CG_NEEDS_LOCKS);
            return CG_CA_FAILED;
        }
        if (waited >= wait_ms) {
            cg_error_set(err,
                         "another run of certguard%s is using %s. Try again when it has ended, or wait longer with "
                         "--wait SECONDS",
                         holder(ca, text), ca->dir);
            return CG_CA_LOCKED;
        }
        if (waited >= QUIET_MS && !is_reported && ca->options.waits)
            ca->options.waits(ca->options.context, holder(ca, text), wait_ms / 1000);
        is_reported = is_reported || waited >= QUIET_MS;
        pause_ms(STEP_MS);
    }
    ca->locked_ms = cg_monotonic_ms();
    write_holder(ca);
    return CG_CA_OK;
}

enum cg_ca_result cg_lock_acquire(struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    ca->lock = open(cg_ca_path(ca, path, "lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ca->lock < 0) {
        cg_fail_errno(err, "open", path);
        return CG_CA_FAILED;
    }
    return wait_for_lock(ca, ca->options.wait_is_given ? ca->options.wait * 1000 : WAIT_MS, err);
}

static bool is_same(const X509 *old, const struct cg_ca *ca, const char *file, struct cg_error *err)
{
    char path[PATH_MAX];
    X509 *now = cg_cert_load(cg_ca_path(ca, path, "%s", file), err);
    bool same = now && X509_cmp(now, old) == 0;
    if (now && !same)
        cg_error_set(err, "another run replaced %s. Run the command again", path);
    X509_free(now);
    return same;
}

bool cg_lock_release(const struct cg_ca *ca, struct cg_error *err)
{
    return flock(ca->lock, LOCK_UN) == 0 || cg_fail_errno(err, "unlock", ca->dir);
}

enum cg_ca_result cg_lock_again(struct cg_ca *ca, struct cg_error *err)
{
    int64_t asked = ca->options.wait_is_given ? ca->options.wait * 1000 : 0;
    enum cg_ca_result result = wait_for_lock(ca, asked > BACK_MS ? asked : BACK_MS, err);
    if (result != CG_CA_OK)
        return result;
    bool ok = cg_change_recover(ca, err) && is_same(ca->cert, ca, "ca/cert.pem", err) &&
              is_same(ca->root, ca, "ca.pem", err);
    return ok ? CG_CA_OK : CG_CA_FAILED;
}

enum cg_ca_result cg_lock_yield(struct cg_ca *ca, bool *yielded, struct cg_error *err)
{
    *yielded = ca->lock >= 0 && cg_monotonic_ms() - ca->locked_ms >= SLICE_MS;
    if (!*yielded)
        return CG_CA_OK;
    if (!cg_lock_release(ca, err))
        return CG_CA_FAILED;
    pause_ms(YIELD_MS);
    return cg_lock_again(ca, err);
}
