/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "sysinfo.h"

#include "broker/base/clock.h"
#include "broker/session/session.h"

#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "tls/credential/own_certificate.h"
#include "tls/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC         "$SYS/broker/certguard/"
#define EVERY_MS      10000
#define SLICE_MS      2
#define SLICE_COUNT   256 /* records between two checks of the clock */
#define NEXT_SLICE_MS 1
#define PLACES_MAX    (64 * (1 + CG_CREDENTIALS_MAX)) /* 64 listeners, each with all key types */
#define PLACE_MAX     40                              /* "8883/RSA" */
#define UNSENT        INT64_MIN

const int cg_expiring_days[CG_EXPIRING_COUNT] = {1, 7, 14, 30};

/* Topics with a fixed name. Others contain a reason or a port. */
enum number {
    ACCEPTED = 0,
    REJECTED,
    DENIED,
    ENDED,
    LIVE,
    EXPIRING_1D,
    EXPIRING_7D,
    EXPIRING_14D,
    EXPIRING_30D,
    SNAPSHOT_NUMBER,
    SNAPSHOT_REJECTED,
    SNAPSHOT_KEPT,
    CONTROL_DENIED,
    SIGNATURES_KNOWN,
    SIGNATURES_VERIFIED,
    ANCHORS, /* this one and the following ones may be absent */
    CRLS,
    CERTFILE,
    RENEWAL_WAITING,
    RENEWAL_REQUESTED,
    RENEWAL_REFUSED,
    RENEWAL_DELIVERED,
    RENEWAL_CONFIRMED,
    NUMBERS
};

static const char *const names[NUMBERS] = {
    [ACCEPTED] = "handshakes/accepted",
    [REJECTED] = "handshakes/rejected",
    [DENIED] = "connects/denied",
    [ENDED] = "sessions/ended",
    [LIVE] = "sessions/live",
    [EXPIRING_1D] = "sessions/expiring/1d",
    [EXPIRING_7D] = "sessions/expiring/7d",
    [EXPIRING_14D] = "sessions/expiring/14d",
    [EXPIRING_30D] = "sessions/expiring/30d",
    [SNAPSHOT_NUMBER] = "snapshot/number",
    [SNAPSHOT_REJECTED] = "snapshot/rejected",
    [SNAPSHOT_KEPT] = "snapshot/kept",
    [ANCHORS] = "expiry/anchors",
    [CRLS] = "expiry/crls",
    [CERTFILE] = "expiry/credential/certfile",
    [RENEWAL_WAITING] = "renewal/waiting",
    [RENEWAL_REQUESTED] = "renewal/requested",
    [RENEWAL_REFUSED] = "renewal/refused",
    [RENEWAL_DELIVERED] = "renewal/delivered",
    [RENEWAL_CONFIRMED] = "renewal/confirmed",
    [CONTROL_DENIED] = "control/denied",
    [SIGNATURES_KNOWN] = "signatures/known",
    [SIGNATURES_VERIFIED] = "signatures/verified",
};

struct cg_sysinfo {
    const struct cg_counters *counters;
    struct cg_signature_cache *signatures;
    cg_publish_fn publish;
    int64_t next_ms; /* monotonic: start of the next count */
    bool counting, again;
    uint64_t started, counted; /* numbers of the last count that started, and of the last that is done */
    const struct cg_conn *cursor;
    struct cg_population partial, population;
    uint64_t changes;                    /* at the start of the last count */
    int64_t counted_from, counted_until; /* wall clock, s: time alone does not change its result in between */
    uint64_t snapshot;                   /* number of the snapshot of the dates below; 0: none */
    int64_t anchors, crls;               /* the earliest expiry; CG_TIME_NONE: there are none */
    int64_t sent[NUMBERS];               /* UNSENT: not sent */
    uint64_t rejected_sent[CG_REASON_COUNT];
    struct {
        char place[PLACE_MAX];
        int64_t days;
        bool current; /* it was seen in this pass */
    } credential[PLACES_MAX];
    size_t ncredentials;
};

struct cg_sysinfo *cg_sysinfo_new(const struct cg_counters *counters, struct cg_signature_cache *signatures,
                                  cg_publish_fn publish)
{
    struct cg_sysinfo *sysinfo = calloc(1, sizeof *sysinfo);
    if (!sysinfo)
        return NULL;
    sysinfo->counters = counters;
    sysinfo->signatures = signatures;
    sysinfo->publish = publish;
    for (int i = 0; i < NUMBERS; i++)
        sysinfo->sent[i] = UNSENT;
    return sysinfo;
}

void cg_sysinfo_free(struct cg_sysinfo *sysinfo)
{
    free(sysinfo);
}

int64_t cg_days_until(int64_t when, int64_t now)
{
    int64_t left = when - now;
    return left >= 0 ? left / CG_DAY : -((CG_DAY - 1 - left) / CG_DAY);
}

static void send_text(const struct cg_sysinfo *sysinfo, const char *name, const char *detail, const char *payload)
{
    char topic[160];
    snprintf(topic, sizeof topic, TOPIC "%s%s", name, detail);
    sysinfo->publish(NULL, topic, payload);
}

static void send_number(const struct cg_sysinfo *sysinfo, const char *name, const char *detail, int64_t number)
{
    char payload[24];
    snprintf(payload, sizeof payload, "%lld", (long long)number);
    send_text(sysinfo, name, detail, payload);
}

static void set_earliest(int64_t *earliest, int64_t when)
{
    if (*earliest == CG_TIME_NONE || when < *earliest)
        *earliest = when;
}

/* Done once per snapshot, since there may be many anchors. */
static void read_expiry(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current)
{
    const STACK_OF(X509) *anchors = cg_trust_anchors(current->trust);
    const struct cg_crl_set *crls = cg_trust_crls(current->trust);
    sysinfo->snapshot = current->number;
    sysinfo->anchors = sysinfo->crls = CG_TIME_NONE;
    for (int i = 0; i < sk_X509_num(anchors); i++) {
        int64_t end = 0;
        if (cg_time_seconds(X509_get0_notAfter(sk_X509_value(anchors, i)), &end))
            set_earliest(&sysinfo->anchors, end);
    }
    for (size_t i = 0; i < cg_crl_set_count(crls); i++) {
        struct cg_crl_info info;
        cg_crl_set_info(crls, i, &info);
        set_earliest(&sysinfo->crls, info.next_update);
    }
}

/* UNSENT: there is no number, or no longer; then an empty retained message removes the topic. */
static void send_if_changed(struct cg_sysinfo *sysinfo, enum number which, int64_t number)
{
    if (number == sysinfo->sent[which])
        return;
    sysinfo->sent[which] = number;
    if (number == UNSENT)
        send_text(sysinfo, names[which], "", "");
    else
        send_number(sysinfo, names[which], "", number);
}

static void send_days(struct cg_sysinfo *sysinfo, enum number which, int64_t end, int64_t now)
{
    send_if_changed(sysinfo, which, end != CG_TIME_NONE ? cg_days_until(end, now) : UNSENT);
}

static void send_renewal(struct cg_sysinfo *sysinfo, const struct cg_renewal_numbers *renewal)
{
    const int64_t numbers[] = {renewal->waiting, renewal->requested, renewal->refused, renewal->delivered,
                               renewal->confirmed};
    for (int i = RENEWAL_WAITING; i < NUMBERS; i++)
        send_if_changed(sysinfo, (enum number)i, renewal->on ? numbers[i - RENEWAL_WAITING] : UNSENT);
}

static void send_credential(struct cg_sysinfo *sysinfo, const char *place, int64_t end, int64_t now)
{
    const int64_t days = cg_days_until(end, now);
    size_t i = 0;
    while (i < sysinfo->ncredentials && strcmp(sysinfo->credential[i].place, place) != 0)
        i++;
    if (i == PLACES_MAX)
        return;
    if (i == sysinfo->ncredentials) {
        snprintf(sysinfo->credential[i].place, PLACE_MAX, "%s", place);
        sysinfo->credential[i].days = UNSENT;
        sysinfo->ncredentials++;
    }
    sysinfo->credential[i].current = true;
    if (sysinfo->credential[i].days == days)
        return;
    sysinfo->credential[i].days = days;
    send_number(sysinfo, "expiry/credential/", place, days);
}

/* The earliest expiry of a listener's certificates, and each one's if there are several. */
static void send_section(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current, size_t section, int64_t now)
{
    const struct cg_credentials *credentials = cg_snapshot_credentials_of(current, section);
    const uint16_t port = cg_policy_section(current->policy, section)->port;
    int64_t earliest = CG_TIME_NONE, end = 0;
    char place[16] = "default", one[PLACE_MAX];
    if (port)
        snprintf(place, sizeof place, "%u", port);
    for (size_t i = 0; i < credentials->count; i++) {
        if (!cg_time_seconds(X509_get0_notAfter(credentials->item[i]->leaf), &end))
            continue;
        set_earliest(&earliest, end);
        snprintf(one, sizeof one, "%s/%.20s", place, cg_credential_key_type(credentials->item[i]));
        if (credentials->count > 1)
            send_credential(sysinfo, one, end, now);
    }
    if (earliest != CG_TIME_NONE)
        send_credential(sysinfo, place, earliest, now);
}

/* Topics of credentials that are no longer served are removed by an empty retained message. */
static void send_credentials(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current, int64_t now)
{
    for (size_t i = 0; i < sysinfo->ncredentials; i++)
        sysinfo->credential[i].current = false;
    for (size_t i = 0; i <= current->policy->nlisteners; i++)
        send_section(sysinfo, current, i, now);
    for (size_t i = 0; i < sysinfo->ncredentials; i++) {
        if (sysinfo->credential[i].current)
            continue;
        send_text(sysinfo, "expiry/credential/", sysinfo->credential[i].place, "");
        sysinfo->credential[i--] = sysinfo->credential[--sysinfo->ncredentials];
    }
}

/* The earliest expiry of the certificates in mosquitto.conf; CG_TIME_NONE: there are none. */
static int64_t certfile_end(const struct cg_snapshot *current)
{
    const X509 *own = NULL;
    int64_t earliest = CG_TIME_NONE, end = 0;
    for (size_t i = 0; (own = cg_hook_own_certificate(current, i)); i++)
        if (cg_time_seconds(X509_get0_notAfter(own), &end))
            set_earliest(&earliest, end);
    return earliest;
}

static void send_changed(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current, int64_t now)
{
    const struct cg_counters *counters = sysinfo->counters;
    const struct cg_population *population = &sysinfo->population;
    struct cg_signature_counts signatures;
    cg_signature_cache_count(sysinfo->signatures, &signatures);
    const int64_t value[ANCHORS] = {
        [ACCEPTED] = (int64_t)counters->accepted,
        [REJECTED] = (int64_t)counters->rejected.total,
        [DENIED] = (int64_t)counters->denied.total,
        [ENDED] = (int64_t)counters->ended.total,
        [LIVE] = population->live,
        [EXPIRING_1D] = population->expiring[0],
        [EXPIRING_7D] = population->expiring[1],
        [EXPIRING_14D] = population->expiring[2],
        [EXPIRING_30D] = population->expiring[3],
        [SNAPSHOT_NUMBER] = (int64_t)current->number,
        [SNAPSHOT_REJECTED] = (int64_t)counters->snapshots_rejected,
        [SNAPSHOT_KEPT] = (int64_t)counters->parts_kept,
        [CONTROL_DENIED] = (int64_t)counters->control.total,
        [SIGNATURES_KNOWN] = (int64_t)signatures.hits,
        [SIGNATURES_VERIFIED] = (int64_t)signatures.misses,
    };
    for (int i = 0; i < ANCHORS; i++)
        send_if_changed(sysinfo, (enum number)i, value[i]);
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        if (counters->rejected.by_reason[i] == sysinfo->rejected_sent[i])
            continue;
        sysinfo->rejected_sent[i] = counters->rejected.by_reason[i];
        send_number(sysinfo, "handshakes/rejected/", cg_reason_row((enum cg_reason)i)->code,
                    (int64_t)sysinfo->rejected_sent[i]);
    }
    if (sysinfo->snapshot != current->number)
        read_expiry(sysinfo, current);
    send_days(sysinfo, ANCHORS, sysinfo->anchors, now);
    send_days(sysinfo, CRLS, sysinfo->crls, now);
    send_days(sysinfo, CERTFILE, certfile_end(current), now);
    send_credentials(sysinfo, current, now);
}

static void count(struct cg_sysinfo *sysinfo, const struct cg_conn *conn, int64_t now)
{
    struct cg_population *population = &sysinfo->partial;
    if (conn->state != CG_CONN_ESTABLISHED || conn->role != CG_ROLE_LISTENER || conn->session->ending)
        return;
    population->live++;
    for (int i = 0; conn->not_after != CG_TIME_NO_END && i < CG_EXPIRING_COUNT; i++) {
        int64_t from = conn->not_after - cg_expiring_days[i] * CG_DAY;
        population->expiring[i] += from <= now;
        if (from > now && from < sysinfo->counted_until)
            sysinfo->counted_until = from;
    }
}

/* True when all are counted. */
static bool count_slice(struct cg_sysinfo *sysinfo, int64_t now)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    if (now > sysinfo->counted_from)
        sysinfo->counted_from = now;
    while (sysinfo->cursor) {
        for (int i = 0; sysinfo->cursor && i < SLICE_COUNT; i++) {
            count(sysinfo, sysinfo->cursor, now);
            sysinfo->cursor = sysinfo->cursor->next;
        }
        if (sysinfo->cursor && cg_clock_monotonic_ms() >= until)
            return false;
    }
    return true;
}

static void begin_count(struct cg_sysinfo *sysinfo, uint64_t changes, int64_t now)
{
    sysinfo->counting = true;
    sysinfo->again = false;
    sysinfo->started++;
    sysinfo->cursor = cg_hook_first();
    sysinfo->changes = changes;
    sysinfo->counted_from = now;
    sysinfo->counted_until = INT64_MAX;
    memset(&sysinfo->partial, 0, sizeof sysinfo->partial);
}

/* Whether a count would have the result of the last one: there may be tens of thousands of idle sessions. */
static bool is_up_to_date(const struct cg_sysinfo *sysinfo, uint64_t changes, int64_t now)
{
    return !sysinfo->again && sysinfo->counted > 0 && sysinfo->changes == changes && now >= sysinfo->counted_from &&
           now < sysinfo->counted_until;
}

int64_t cg_sysinfo_poll(struct cg_sysinfo *sysinfo, const struct cg_snapshot *current,
                        const struct cg_renewal_numbers *renewal, uint64_t changes, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    if (!sysinfo->counting && now_ms < sysinfo->next_ms)
        return sysinfo->next_ms - now_ms;
    if (!sysinfo->counting && !is_up_to_date(sysinfo, changes, now))
        begin_count(sysinfo, changes, now);
    if (sysinfo->counting && !count_slice(sysinfo, now))
        return NEXT_SLICE_MS;
    if (sysinfo->counting) {
        sysinfo->counting = false;
        sysinfo->counted = sysinfo->started;
        sysinfo->population = sysinfo->partial;
    }
    sysinfo->next_ms = sysinfo->again ? 0 : now_ms + EVERY_MS;
    send_changed(sysinfo, current, now);
    send_renewal(sysinfo, renewal);
    return sysinfo->again ? NEXT_SLICE_MS : EVERY_MS;
}

void cg_sysinfo_ended(struct cg_sysinfo *sysinfo, const struct cg_conn *conn)
{
    if (sysinfo->cursor == conn)
        sysinfo->cursor = conn->next;
}

uint64_t cg_sysinfo_recount(struct cg_sysinfo *sysinfo)
{
    sysinfo->next_ms = 0;
    sysinfo->again = true;
    return sysinfo->started + 1;
}

uint64_t cg_sysinfo_counted(const struct cg_sysinfo *sysinfo)
{
    return sysinfo->counted;
}

const struct cg_population *cg_sysinfo_population(const struct cg_sysinfo *sysinfo)
{
    return &sysinfo->population;
}
