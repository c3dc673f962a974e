/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_watch.h"

#include "clock.h"

#include "core/own_certificate.h"
#include "tls/own_certificate.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 30000
#define LOOK_AGAIN_MS 1000 /* while one is refused */
#define SHARE         20   /* the looks take no more than this part of the time, however many listeners there are */
#define CLOCK_SET_S   60

#define DIGEST EVP_MAX_MD_SIZE

/* What a listener does with a certificate, as it was found and, if it is a refusal, reported. */
struct known {
    uint16_t port; /* 0: of more than one listener */
    enum cg_reason reason;
    unsigned char digest[DIGEST]; /* of the certificate; zeros after it */
    char *file;                   /* owned; NULL: certfile */
};

struct known_list {
    struct known *item; /* owned */
    size_t count;
};

struct cg_own_watch {
    struct cg_reporter *reporter;
    bool ends;               /* with the broker: one event says it */
    struct known_list known; /* at the last look */
    int64_t next_look_ms;
    int64_t ahead_s; /* wall clock less monotonic clock at the last look: differs when the wall clock was set */
};

/* What one look sees. */
struct seen {
    struct cg_own_state state;
    unsigned char digest[DIGEST];
};

struct look {
    struct seen *item; /* owned */
    size_t count;
    bool failed; /* no memory for all of it */
};

struct cg_own_watch *cg_own_watch_new(struct cg_reporter *reporter)
{
    struct cg_own_watch *watch = calloc(1, sizeof *watch);
    if (watch)
        watch->reporter = reporter;
    return watch;
}

static void free_known(struct known_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->item[i].file);
    free(list->item);
}

void cg_own_watch_free(struct cg_own_watch *watch)
{
    if (!watch)
        return;
    free_known(&watch->known);
    free(watch);
}

void cg_own_watch_changed(struct cg_own_watch *watch)
{
    watch->next_look_ms = 0;
}

/* ---- events */

static void report(struct cg_own_watch *watch, const struct cg_own_state *state, uint16_t port, bool all)
{
    char where[64], detail[sizeof(struct cg_error) + 128];
    if (port)
        snprintf(where, sizeof where, "on port %u", port);
    else
        snprintf(where, sizeof where, "%s",
                 all ? "by all listeners that would serve it" : "by the listeners that the policy does not name");
    snprintf(detail, sizeof detail, "%s; TLS handshakes are refused %s", state->detail, where);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state->reason,
        .detail = detail,
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
        .hint = cg_own_hint(state->reason),
    };
    cg_report(watch->reporter, &event);
}

static void report_accepted(struct cg_own_watch *watch, const struct cg_own_state *state, uint16_t port)
{
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_ACCEPTED,
        .detail = "TLS handshakes are served",
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
    };
    cg_report(watch->reporter, &event);
}

void cg_own_report_refused(struct cg_reporter *reporter, enum cg_reason reason, const struct cg_error *err)
{
    const char *hint = cg_own_hint(reason);
    char detail[sizeof err->text];
    snprintf(detail, sizeof detail, "%s", err->text);
    char *same = strstr(detail, hint); /* the error says it too */
    if (same && same - detail > 2)
        same[-2] = '\0';
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED, .reason = reason, .detail = detail, .hint = hint};
    cg_report(reporter, &event);
}

bool cg_own_watch_begin(struct cg_own_watch *watch, const struct cg_snapshot *current)
{
    struct cg_own_state state;
    char detail[sizeof(struct cg_error) + 128];
    if (!cg_own_is_hopeless(current, &state))
        return true;
    snprintf(detail, sizeof detail, "no listener accepts it (certfile): %s; the broker ends now", state.detail);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state.reason,
        .detail = detail,
        .certificate = state.certificate,
        .hint = cg_own_hint(state.reason),
    };
    cg_report(watch->reporter, &event);
    watch->ends = true;
    return false;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- what is new */

static bool same_file(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_refused(const struct cg_own_state *state)
{
    return state->reason != CG_REASON_OK;
}

static bool same_digest(const unsigned char a[DIGEST], const unsigned char b[DIGEST])
{
    return memcmp(a, b, DIGEST) == 0;
}

/* The first of a certificate that every listener refuses alike stands for all: one event, not one a listener. */
static bool is_alone(const struct look *look, size_t index, bool *all)
{
    const struct seen *seen = &look->item[index];
    bool first = true;
    size_t others = 0;
    *all = true;
    for (size_t i = 0; i < look->count; i++) {
        const struct seen *other = &look->item[i];
        if (i == index || !same_digest(other->digest, seen->digest) || !same_file(other->state.file, seen->state.file))
            continue;
        others++;
        *all = *all && other->state.reason == seen->state.reason;
        first = first && i > index;
    }
    *all = *all && (others > 0 || !seen->state.port);
    return !*all || first;
}

/* Of all listeners, it was of this one too. */
static bool was_told(const struct known_list *known, const struct known *now)
{
    for (size_t i = 0; i < known->count; i++) {
        const struct known *old = &known->item[i];
        if ((old->port == now->port || !old->port) && old->reason == now->reason &&
            same_digest(old->digest, now->digest) && same_file(old->file, now->file))
            return true;
    }
    return false;
}

static bool was_there(const struct known_list *known, const struct seen *seen)
{
    for (size_t i = 0; i < known->count; i++)
        if (same_digest(known->item[i].digest, seen->digest))
            return true;
    return false;
}

static bool serves(const struct seen *seen, const struct known *old)
{
    return same_file(seen->state.file, old->file) && (!old->port || seen->state.port == old->port);
}

/* What was refused is served now: it, or what came in its place. With none that is new, whatever is left where it was, as long
 * as nothing there is refused. */
static const struct cg_own_state *in_its_place(const struct known_list *known, const struct look *look,
                                               const struct known *old)
{
    const struct cg_own_state *new = NULL, *left = NULL;
    bool refused = false;
    for (size_t i = 0; i < look->count; i++) {
        const struct seen *seen = &look->item[i];
        if (!serves(seen, old))
            continue;
        bool same = same_digest(seen->digest, old->digest);
        if (same && is_refused(&seen->state))
            return NULL;
        if (is_refused(&seen->state))
            refused = true;
        else if (same || !was_there(known, seen))
            new = &seen->state;
        else
            left = &seen->state;
    }
    return new ? new : refused ? NULL : left;
}

static bool add_known(struct known_list *list, const struct seen *seen, uint16_t port)
{
    struct known *now = &list->item[list->count];
    now->port = port;
    now->reason = seen->state.reason;
    memcpy(now->digest, seen->digest, DIGEST);
    now->file = seen->state.file ? strdup(seen->state.file) : NULL;
    if (seen->state.file && !now->file)
        return false;
    list->count++;
    return true;
}

static void tell_accepted(struct cg_own_watch *watch, const struct look *look)
{
    const struct cg_own_state *last = NULL;
    for (size_t i = 0; i < watch->known.count; i++) {
        const struct known *old = &watch->known.item[i];
        const struct cg_own_state *state = old->reason == CG_REASON_OK ? NULL : in_its_place(&watch->known, look, old);
        if (state && state != last)
            report_accepted(watch, state, old->port);
        last = state ? state : last;
    }
}

/* Without memory the old list stays, and the next look tries again. */
static void compare(struct cg_own_watch *watch, const struct look *look)
{
    struct known_list known = {.item = calloc(look->count + 1, sizeof *known.item)};
    if (!known.item)
        return;
    for (size_t i = 0; i < look->count; i++) {
        const struct seen *seen = &look->item[i];
        bool all = false;
        if (is_refused(&seen->state) && !is_alone(look, i, &all))
            continue;
        uint16_t port = all ? 0 : seen->state.port;
        if (add_known(&known, seen, port) && is_refused(&seen->state) &&
            !was_told(&watch->known, &known.item[known.count - 1]))
            report(watch, &seen->state, port, all);
    }
    tell_accepted(watch, look);
    free_known(&watch->known);
    watch->known = known;
}

static void see(void *argument, const struct cg_own_state *state)
{
    struct look *look = argument;
    struct seen *grown = realloc(look->item, (look->count + 1) * sizeof *grown);
    if (grown) {
        look->item = grown;
        grown[look->count] = (struct seen){.state = *state};
    }
    if (grown && X509_digest(state->certificate, EVP_sha256(), grown[look->count].digest, NULL) == 1)
        look->count++;
    else
        look->failed = true;
    if (state->credential && !is_refused(state) && cg_credential_is_held(state->credential))
        cg_credential_let_go(state->credential);
}

/* Returns ms until it is to be done again. */
static int64_t look_at_all(struct cg_own_watch *watch, const struct cg_snapshot *current, int64_t now)
{
    int64_t wait_ms = LOOK_EVERY_MS;
    struct look look = {NULL, 0, false};
    bool refused = !cg_own_look(current, see, &look) || look.failed;
    if (!refused)
        compare(watch, &look);
    for (size_t i = 0; i < look.count; i++) {
        const struct cg_own_state *state = &look.item[i].state;
        refused = refused || is_refused(state);
        if (!is_refused(state) && state->until - now < LOOK_EVERY_MS / 1000 && state->until >= now)
            wait_ms = smaller(wait_ms, (state->until - now + 1) * 1000);
    }
    free(look.item);
    return refused ? LOOK_AGAIN_MS : wait_ms;
}

int64_t cg_own_watch_poll(struct cg_own_watch *watch, const struct cg_snapshot *current, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms(), ahead_s = now - now_ms / 1000;
    if (watch->ends)
        return LOOK_EVERY_MS;
    if (now_ms < watch->next_look_ms && llabs(ahead_s - watch->ahead_s) < CLOCK_SET_S)
        return watch->next_look_ms - now_ms;
    watch->ahead_s = ahead_s;
    int64_t wait_ms = look_at_all(watch, current, now);
    int64_t end_ms = cg_clock_monotonic_ms(), least_ms = (end_ms - now_ms) * SHARE;
    wait_ms = wait_ms > least_ms ? wait_ms : least_ms;
    watch->next_look_ms = end_ms + wait_ms;
    return wait_ms;
}
