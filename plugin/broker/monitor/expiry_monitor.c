/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "expiry_monitor.h"

#include "broker/base/clock.h"
#include "broker/base/plural.h"
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

#define LOOK_EVERY_MS 600000
#define SLICE_MS      3
#define LOOK_AGAIN_MS 50
#define CLOCK_SET_S   60
#define WARN_LEVELS   8

struct cg_expiry_monitor {
    struct cg_reporter *reporter;
    struct cg_warning_cache *told;
    int64_t next_look_ms;
    int64_t ahead_s; /* wall clock less monotonic clock at the last look: differs when the wall clock was set */
    int64_t in_s;    /* of a look: until the next distance of what it saw is reached */
};

struct cg_expiry_monitor *cg_expiry_monitor_new(struct cg_reporter *reporter)
{
    struct cg_expiry_monitor *expiry_monitor = calloc(1, sizeof *expiry_monitor);
    if (!expiry_monitor)
        return NULL;
    expiry_monitor->reporter = reporter;
    expiry_monitor->told = cg_warning_cache_new();
    if (expiry_monitor->told)
        return expiry_monitor;
    free(expiry_monitor);
    return NULL;
}

void cg_expiry_monitor_free(struct cg_expiry_monitor *expiry_monitor)
{
    if (!expiry_monitor)
        return;
    cg_warning_cache_free(expiry_monitor->told);
    free(expiry_monitor);
}

void cg_expiry_monitor_on_snapshot(struct cg_expiry_monitor *expiry_monitor)
{
    expiry_monitor->next_look_ms = 0;
}

static void notice(struct cg_expiry_monitor *expiry_monitor, int64_t in_s)
{
    if (in_s > 0 && in_s < expiry_monitor->in_s)
        expiry_monitor->in_s = in_s;
}

/* How many of the policy's distances are behind us, and the end itself: 0 is far from expiry. */
static unsigned level_of(struct cg_expiry_monitor *expiry_monitor, const int64_t warn_before[WARN_LEVELS], int64_t left)
{
    unsigned level = 0;
    while (level < WARN_LEVELS && warn_before[level] > 0 && left <= warn_before[level])
        level++;
    notice(expiry_monitor, level < WARN_LEVELS && warn_before[level] > 0 ? left - warn_before[level] : left + 1);
    return level + (left < 0);
}

static void time_left(int64_t left, bool over, int64_t when, char *out, size_t size)
{
    char date[32];
    cg_time_text(when, date, sizeof date);
    if (over)
        snprintf(out, size, "expired on %s", date);
    else if (left < 7200)
        snprintf(out, size, "expires in %lld %s, on %s", (long long)(left / 60),
                 cg_plural(left / 60, "minute", "minutes"), date);
    else if (left < 2 * CG_DAY)
        snprintf(out, size, "expires in %lld hours, on %s", (long long)(left / 3600), date);
    else
        snprintf(out, size, "expires in %lld days, on %s", (long long)(left / CG_DAY), date);
}

/* What is warned of: a row of words for each kind of holder. */
struct subject {
    const X509 *certificate;
    const char *what, *fix;
    const struct cg_conn *conn; /* a connected client, or NULL */
    const char *file;
    uint16_t listener;
};

static void warn_of(struct cg_expiry_monitor *expiry_monitor, const struct cg_policy *policy,
                    const struct subject *subject, int64_t now)
{
    int64_t not_after = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char left[80], detail[160];
    if (!cg_time_seconds(X509_get0_notAfter(subject->certificate), &not_after))
        return;
    unsigned level = level_of(expiry_monitor, policy->warn_before, not_after - now);
    if (level == 0 || X509_digest(subject->certificate, EVP_sha256(), digest, &len) != 1 ||
        !cg_warning_cache_raise(expiry_monitor->told, digest, level))
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
    cg_reporter_write(expiry_monitor->reporter, &event);
}

#define RENEW_CLIENT "Renew it (`certguard renew NAME`) and install it on the client"
#define RENEW_REMOTE "Renew it on the remote broker. The bridge refuses it after it expires"
#define RENEW_BROKER "Renew it: `certguard rotate NAME`, or from a timer `certguard renew --all --due`"
#define RENEW_OWN                                                                                                      \
    "Renew it (`certguard renew NAME`) and send the broker SIGHUP. A credential in the policy is reloaded "            \
    "automatically"
#define RENEW_CA "Create its successor in time. Certificates that it issued are refused after it expires"

void cg_expiry_monitor_accepted(struct cg_expiry_monitor *expiry_monitor, const struct cg_conn *conn,
                                const struct cg_policy *policy, int64_t now)
{
    /* The common case costs one comparison. */
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
    warn_of(expiry_monitor, policy, &subject, now);
}

static void look_at_stack(struct cg_expiry_monitor *expiry_monitor, const struct cg_policy *policy,
                          const STACK_OF(X509) *stack, const char *what, int64_t now)
{
    for (int i = 0; i < sk_X509_num(stack); i++) {
        const struct subject subject = {sk_X509_value(stack, i), what, RENEW_CA, NULL, NULL, 0};
        warn_of(expiry_monitor, policy, &subject, now);
    }
}

static void look_at_credential(struct cg_expiry_monitor *expiry_monitor, const struct cg_policy *policy,
                               const struct cg_credential *credential, const struct cg_listener_policy *listener,
                               int64_t now)
{
    if (!credential)
        return;
    const struct subject subject = {credential->leaf, "the broker's certificate", RENEW_BROKER, NULL, credential->file,
                                    listener->port};
    warn_of(expiry_monitor, policy, &subject, now);
}

/* From half of a CRL's life on, again at three quarters, at seven eighths, and when it is over. */
static unsigned crl_level(struct cg_expiry_monitor *expiry_monitor, const struct cg_crl_info *info, int64_t now)
{
    int64_t life = info->next_update - info->this_update, age = now - info->this_update;
    const int64_t from[] = {life / 2, life - life / 4, life - life / 8, life};
    unsigned level = 0;
    while (level < 4 && age >= from[level])
        level++;
    if (level < 4)
        notice(expiry_monitor, from[level] - age);
    return life <= 0 ? 4 : level;
}

/* When the policy's terms end it, which is not always at nextUpdate. */
static void refused_from(const struct cg_profile *profile, const char *who, const struct cg_crl_info *info, int64_t now,
                         char *out, size_t size)
{
    int64_t last = info->next_update + profile->crl_grace, oldest = info->this_update + profile->crl_max_age;
    bool too_old = profile->crl_max_age > 0 && oldest < last;
    char date[32];
    last = too_old ? oldest : last;
    cg_time_text(last, date, sizeof date);
    snprintf(out, size, "%s is refused %s %s%s", who, last < now ? "since" : "after", date,
             too_old                  ? " (crl_max_age of the policy)"
             : profile->crl_grace > 0 ? " (crl_grace of the policy)"
                                      : "");
}

static void look_at_crl(struct cg_expiry_monitor *expiry_monitor, const struct cg_profile *profile, const char *who,
                        const struct cg_crl_info *info, int64_t now)
{
    unsigned level = crl_level(expiry_monitor, info, now), len = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char key[600], title[CG_CRL_TITLE_MAX], left[80], refused[160], detail[600];
    if (level == 0)
        return;
    snprintf(key, sizeof key, "%s|%lld|%s", info->number, (long long)info->this_update, info->issuer);
    if (EVP_Digest(key, strlen(key), digest, &len, EVP_sha256(), NULL) != 1 ||
        !cg_warning_cache_raise(expiry_monitor->told, digest, level))
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
    cg_reporter_write(expiry_monitor->reporter, &event);
}

/* who: depends on the CRLs of this store. */
static void look_at_trust(struct cg_expiry_monitor *expiry_monitor, const struct cg_policy *policy,
                          const struct cg_profile *profile, const char *who, const struct cg_trust *trust, int64_t now)
{
    const struct cg_crl_set *crls = cg_trust_crls(trust);
    look_at_stack(expiry_monitor, policy, cg_trust_anchors(trust), "the trust anchor", now);
    look_at_stack(expiry_monitor, policy, cg_trust_intermediates(trust), "the intermediate certificate", now);
    for (size_t i = 0; i < cg_crl_set_count(crls); i++) {
        struct cg_crl_info info;
        cg_crl_set_info(crls, i, &info);
        look_at_crl(expiry_monitor, profile, who, &info, now);
    }
}

static void look_at_snapshot(struct cg_expiry_monitor *expiry_monitor, const struct cg_snapshot *current, int64_t now)
{
    const struct cg_policy *policy = current->policy;
    look_at_trust(expiry_monitor, policy, &policy->base.client, "every client of this CA", current->trust, now);
    if (current->server_trust != current->trust)
        look_at_trust(expiry_monitor, policy, &policy->base.server, "the broker's own certificate",
                      current->server_trust, now);
    if (current->bridge_trust != current->trust)
        look_at_trust(expiry_monitor, policy, &policy->bridge, "every bridge to a broker of this CA",
                      current->bridge_trust, now);
    look_at_credential(expiry_monitor, policy, current->base_credential, &policy->base, now);
    for (size_t i = 0; i < policy->nlisteners; i++)
        look_at_credential(expiry_monitor, policy, current->credentials[i], &policy->listeners[i], now);
    const X509 *own = NULL;
    for (size_t i = 0; (own = cg_hook_own_certificate(current, i)); i++) {
        const struct subject subject = {own, "the broker's certificate (certfile)", RENEW_OWN, NULL, NULL, 0};
        warn_of(expiry_monitor, policy, &subject, now);
    }
}

/* False: the slice is used up. What was told is passed over next time, so it comes to an end. */
static bool look_at_clients(struct cg_expiry_monitor *expiry_monitor, const struct cg_policy *policy, int64_t now)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    for (const struct cg_conn *conn = cg_hook_first(); conn; conn = conn->next) {
        if (conn->state != CG_CONN_ESTABLISHED)
            continue;
        cg_expiry_monitor_accepted(expiry_monitor, conn, policy, now);
        if (cg_clock_monotonic_ms() > until)
            return false;
    }
    return true;
}

int64_t cg_expiry_monitor_poll(struct cg_expiry_monitor *expiry_monitor, const struct cg_snapshot *current, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms(), ahead_s = now - now_ms / 1000;
    if (now_ms < expiry_monitor->next_look_ms && llabs(ahead_s - expiry_monitor->ahead_s) < CLOCK_SET_S)
        return -1;
    expiry_monitor->ahead_s = ahead_s;
    expiry_monitor->in_s = LOOK_EVERY_MS / 1000;
    look_at_snapshot(expiry_monitor, current, now);
    bool done = look_at_clients(expiry_monitor, current->policy, now);
    int64_t wait_ms = done ? expiry_monitor->in_s * 1000 : LOOK_AGAIN_MS;
    expiry_monitor->next_look_ms = now_ms + wait_ms;
    return wait_ms;
}
