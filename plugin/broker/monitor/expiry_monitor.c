/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "expiry_monitor.h"

#include "broker/base/clock.h"
#include "broker/base/noun.h"
#include "broker/event/warning_cache.h"
#include "broker/session/session.h"

#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "tls/credential/own_certificate.h"
#include "tls/hook.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_EVERY_MS 600000
#define SLICE_MS       3
#define NEXT_SLICE_MS  50
#define CLOCK_SET_S    60
#define WARN_LEVELS    8

struct cg_expiry_monitor {
    struct cg_reporter *reporter;
    struct cg_warning_cache *warned;
    int64_t next_check_ms;
    int64_t ahead_s; /* wall clock minus monotonic clock at the last check; changes if the wall clock is set */
    int64_t due_s;   /* seconds from the current check to the next warning */
};

struct cg_expiry_monitor *cg_expiry_monitor_new(struct cg_reporter *reporter)
{
    struct cg_expiry_monitor *monitor = calloc(1, sizeof *monitor);
    if (!monitor)
        return NULL;
    monitor->reporter = reporter;
    monitor->warned = cg_warning_cache_new();
    if (monitor->warned)
        return monitor;
    free(monitor);
    return NULL;
}

void cg_expiry_monitor_free(struct cg_expiry_monitor *monitor)
{
    if (!monitor)
        return;
    cg_warning_cache_free(monitor->warned);
    free(monitor);
}

void cg_expiry_monitor_on_snapshot(struct cg_expiry_monitor *monitor)
{
    monitor->next_check_ms = 0;
}

static void set_due(struct cg_expiry_monitor *monitor, int64_t due_s)
{
    if (due_s > 0 && due_s < monitor->due_s)
        monitor->due_s = due_s;
}

/* The number of warning times that have passed, including the expiry; 0: no warning is due. */
static unsigned level_of(struct cg_expiry_monitor *monitor, const int64_t warn_before[WARN_LEVELS], int64_t left)
{
    unsigned level = 0;
    while (level < WARN_LEVELS && warn_before[level] > 0 && left <= warn_before[level])
        level++;
    set_due(monitor, level < WARN_LEVELS && warn_before[level] > 0 ? left - warn_before[level] : left + 1);
    return level + (left < 0);
}

static void time_left(int64_t left, bool expired, int64_t when, char *out, size_t size)
{
    char date[32];
    cg_time_text(when, date, sizeof date);
    if (expired)
        snprintf(out, size, "expired on %s", date);
    else if (left < 7200)
        snprintf(out, size, "expires in %lld %s, on %s", (long long)(left / 60),
                 cg_noun(left / 60, "minute", "minutes"), date);
    else if (left < 2 * CG_DAY)
        snprintf(out, size, "expires in %lld hours, on %s", (long long)(left / 3600), date);
    else
        snprintf(out, size, "expires in %lld days, on %s", (long long)(left / CG_DAY), date);
}

/* A certificate and the texts of its warning. */
struct subject {
    const X509 *certificate;
    const char *what, *fix;
    const struct cg_conn *conn; /* a connected client, or NULL */
    const char *file;
    uint16_t listener;
};

static void warn_of(struct cg_expiry_monitor *monitor, const struct cg_policy *policy, const struct subject *subject,
                    int64_t now)
{
    int64_t not_after = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char left[80], detail[160];
    if (!cg_time_seconds(X509_get0_notAfter(subject->certificate), &not_after))
        return;
    unsigned level = level_of(monitor, policy->warn_before, not_after - now);
    if (level == 0 || X509_digest(subject->certificate, EVP_sha256(), digest, &len) != 1 ||
        !cg_warning_cache_raise(monitor->warned, digest, level))
        return;
    time_left(not_after - now, not_after < now, not_after, left, sizeof left);
    snprintf(detail, sizeof detail, "%s %s", subject->what, left);
    const struct cg_event event = {
        .type = CG_EVENT_EXPIRY_WARNING,
        .detail = detail,
        .conn = subject->conn,
        .certificate = subject->certificate,
        .client_id = subject->conn ? subject->conn->session->client_id : NULL,
        .file = subject->file,
        .listener = subject->listener,
        .fix = subject->fix,
    };
    cg_reporter_write(monitor->reporter, &event);
}

#define RENEW_CLIENT "Renew it (`certguard renew NAME`) and install it on the client"
#define RENEW_REMOTE "Renew it on the remote broker. The bridge refuses it after it expires"
#define RENEW_BROKER "Renew it: `certguard rotate NAME`, or from a timer `certguard renew --all --due`"
#define RENEW_OWN                                                                                                      \
    "Renew it (`certguard renew NAME`) and send the broker SIGHUP. If you name it as credential in the policy, it is " \
    "reloaded automatically"
#define RENEW_CA "Create its successor in time. Certificates that it issued are refused after it expires"

void cg_expiry_monitor_accepted(struct cg_expiry_monitor *monitor, const struct cg_conn *conn,
                                const struct cg_policy *policy, int64_t now)
{
    /* This runs for every handshake, usually with one comparison. */
    if (!conn->peer_leaf || (conn->not_after != CG_TIME_NO_END && conn->not_after - now > policy->warn_before[0]))
        return;
    bool bridge = conn->role == CG_ROLE_BRIDGE;
    const struct subject subject = {conn->peer_leaf,
                                    bridge ? "the certificate of the broker that this bridge connects to"
                                           : "the certificate of this client",
                                    bridge ? RENEW_REMOTE : RENEW_CLIENT,
                                    conn,
                                    NULL,
                                    0};
    warn_of(monitor, policy, &subject, now);
}

static void check_stack(struct cg_expiry_monitor *monitor, const struct cg_policy *policy, const STACK_OF(X509) *stack,
                        const char *what, int64_t now)
{
    for (int i = 0; i < sk_X509_num(stack); i++) {
        const struct subject subject = {sk_X509_value(stack, i), what, RENEW_CA, NULL, NULL, 0};
        warn_of(monitor, policy, &subject, now);
    }
}

static void check_credentials(struct cg_expiry_monitor *monitor, const struct cg_snapshot *current, size_t section,
                              int64_t now)
{
    const struct cg_credentials *credentials = cg_snapshot_credentials_of(current, section);
    for (size_t i = 0; i < credentials->count; i++) {
        const struct subject subject = {credentials->item[i]->leaf,
                                        "the broker's certificate",
                                        RENEW_BROKER,
                                        NULL,
                                        credentials->item[i]->file,
                                        cg_policy_section(current->policy, section)->port};
        warn_of(monitor, current->policy, &subject, now);
    }
}

/* The levels begin at a half, three quarters, seven eighths and the end of the CRL's lifetime. */
static unsigned crl_level(struct cg_expiry_monitor *monitor, const struct cg_crl_info *info, int64_t now)
{
    int64_t life = info->next_update - info->this_update, age = now - info->this_update;
    const int64_t from[] = {life / 2, life - life / 4, life - life / 8, life};
    unsigned level = 0;
    while (level < 4 && age >= from[level])
        level++;
    if (level < 4)
        set_due(monitor, from[level] - age);
    return life <= 0 ? 4 : level;
}

/* The policy can end the use of a CRL before or after nextUpdate. */
static void refused_from(const struct cg_profile *profile, const char *who, const struct cg_crl_info *info, int64_t now,
                         char *out, size_t size)
{
    int64_t last = info->next_update + profile->crl_grace, oldest = info->this_update + profile->crl_max_age;
    bool too_old = profile->crl_max_age > 0 && oldest < last;
    char date[32];
    last = too_old ? oldest : last;
    if (info->is_delta) {
        snprintf(out, size, "its full CRL stays in use");
        return;
    }
    cg_time_text(last, date, sizeof date);
    snprintf(out, size, "%s is refused %s %s%s", who, last < now ? "since" : "after", date,
             too_old                  ? " (crl_max_age of the policy)"
             : profile->crl_grace > 0 ? " (crl_grace of the policy)"
                                      : "");
}

static void check_crl(struct cg_expiry_monitor *monitor, const struct cg_profile *profile, const char *who,
                      const struct cg_crl_info *info, int64_t now)
{
    unsigned level = crl_level(monitor, info, now), len = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char key[600], title[CG_CRL_TITLE_MAX], left[80], refused[160], detail[600];
    if (level == 0)
        return;
    snprintf(key, sizeof key, "%s|%lld|%s", info->number, (long long)info->this_update, info->issuer);
    if (EVP_Digest(key, strlen(key), digest, &len, EVP_sha256(), NULL) != 1 ||
        !cg_warning_cache_raise(monitor->warned, digest, level))
        return;
    time_left(info->next_update - now, info->next_update <= now, info->next_update, left, sizeof left);
    refused_from(profile, who, info, now, refused, sizeof refused);
    cg_crl_info_title(info, title);
    snprintf(detail, sizeof detail, "CRL %s of %s %s; %s", info->number, title, left, refused);
    const struct cg_event event = {
        .type = CG_EVENT_CRL_STALE,
        .detail = detail,
        .fix = "Issue a new CRL (`certguard crl`), and run `certguard crl --refresh-if 50%` daily from a timer",
    };
    cg_reporter_write(monitor->reporter, &event);
}

/* who: the peers that depend on the CRLs of this trust. */
static void check_trust(struct cg_expiry_monitor *monitor, const struct cg_policy *policy,
                        const struct cg_profile *profile, const char *who, const struct cg_trust *trust, int64_t now)
{
    const struct cg_crl_set *crls = cg_trust_crls(trust);
    check_stack(monitor, policy, cg_trust_anchors(trust), "the trust anchor", now);
    check_stack(monitor, policy, cg_trust_intermediates(trust), "the intermediate certificate", now);
    for (size_t i = 0; i < cg_crl_set_count(crls); i++) {
        struct cg_crl_info info;
        cg_crl_set_info(crls, i, &info);
        check_crl(monitor, profile, who, &info, now);
    }
}

static void check_snapshot(struct cg_expiry_monitor *monitor, const struct cg_snapshot *current, int64_t now)
{
    const struct cg_policy *policy = current->policy;
    check_trust(monitor, policy, &policy->base.client, "every client of this CA", current->trust, now);
    if (current->server_trust != current->trust)
        check_trust(monitor, policy, &policy->base.server, "the broker's own certificate", current->server_trust, now);
    if (current->bridge_trust != current->trust)
        check_trust(monitor, policy, &policy->bridge, "every bridge to a broker of this CA", current->bridge_trust,
                    now);
    for (size_t i = 0; i <= policy->nlisteners; i++)
        check_credentials(monitor, current, i, now);
    const X509 *own = NULL;
    for (size_t i = 0; (own = cg_hook_own_certificate(current, i)); i++) {
        const struct subject subject = {own, "the broker's certificate (certfile)", RENEW_OWN, NULL, NULL, 0};
        warn_of(monitor, policy, &subject, now);
    }
}

/* False: out of time. The next call starts again, but quickly skips clients that were warned of. */
static bool check_clients(struct cg_expiry_monitor *monitor, const struct cg_policy *policy, int64_t now)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    for (const struct cg_conn *conn = cg_hook_first(); conn; conn = conn->next) {
        if (conn->state != CG_CONN_ESTABLISHED)
            continue;
        cg_expiry_monitor_accepted(monitor, conn, policy, now);
        if (cg_clock_monotonic_ms() > until)
            return false;
    }
    return true;
}

int64_t cg_expiry_monitor_poll(struct cg_expiry_monitor *monitor, const struct cg_snapshot *current, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms(), ahead_s = now - now_ms / 1000;
    if (now_ms < monitor->next_check_ms && llabs(ahead_s - monitor->ahead_s) < CLOCK_SET_S)
        return -1;
    monitor->ahead_s = ahead_s;
    monitor->due_s = CHECK_EVERY_MS / 1000;
    check_snapshot(monitor, current, now);
    bool done = check_clients(monitor, current->policy, now);
    int64_t wait_ms = done ? monitor->due_s * 1000 : NEXT_SLICE_MS;
    monitor->next_check_ms = now_ms + wait_ms;
    return wait_ms;
}
