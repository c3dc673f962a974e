/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check_fleet.h"
#include "core/file.h"
#include "core/name.h"
#include "core/pem.h"
#include "tty.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)1 << 20)
#define CERTS_MAX  100

struct run {
    const struct cg_cli *cli;
    const struct cg_check_options *options;
    const struct cg_world *world;
    struct cg_profile client, server;
    const STACK_OF(X509) *untrusted;
    size_t checked, refused, audited, broken, passed_over, shown;
    size_t by_reason[CG_REASON_COUNT];
};

/* What a peer would send: the leaf and what follows it; then the intermediates of --untrusted. */
struct sample {
    const struct cg_fleet_item *item;
    X509 *leaf;
    STACK_OF(X509) *sent;
};

static void sample_clear(struct sample *s)
{
    X509_free(s->leaf);
    sk_X509_pop_free(s->sent, X509_free);
}

/* PEM without a certificate (a key, a CRL, a request) is none of our business. */
static bool holds_certificate(const struct cg_bytes *bytes)
{
    static const char pem[] = "-----BEGIN ", cert[] = "CERTIFICATE-----";
    return !memmem(bytes->data, bytes->len, pem, sizeof pem - 1) ||
           memmem(bytes->data, bytes->len, cert, sizeof cert - 1);
}

enum taken { BROKEN = 0, TAKEN, PASSED_OVER };

static enum taken take(struct sample *s, const struct run *run, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    enum taken taken = BROKEN;
    if (!cg_file_read(s->item->file, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, err))
        return BROKEN;
    if (!holds_certificate(&bytes))
        taken = PASSED_OVER;
    else if (cg_certificates_read(s->item->file, bytes.data, bytes.len, CERTS_MAX, &s->sent, err))
        taken = X509_check_ca(sk_X509_value(s->sent, 0)) ? PASSED_OVER : TAKEN;
    cg_bytes_wipe(&bytes);
    if (taken != TAKEN)
        return taken;
    s->leaf = sk_X509_shift(s->sent);
    for (int i = 0; i < sk_X509_num(run->untrusted); i++) {
        X509 *more = sk_X509_value(run->untrusted, i);
        if (!X509_up_ref(more))
            continue;
        if (!sk_X509_push(s->sent, more))
            X509_free(more);
    }
    return TAKEN;
}

/* A certificate that is for servers alone is a broker's. */
static enum cg_purpose purpose_of(const struct run *run, X509 *leaf)
{
    bool has_eku = X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE;
    uint32_t eku = has_eku ? X509_get_extended_key_usage(leaf) : 0;
    if (run->options->purpose)
        return run->world->purpose;
    return eku & XKU_SSL_SERVER && !(eku & XKU_SSL_CLIENT) ? CG_PURPOSE_SERVER : CG_PURPOSE_CLIENT;
}

static void show_json(struct run *run, const struct sample *s, const struct cg_verdict *v, enum cg_purpose purpose)
{
    const struct cg_reason_row *row = cg_reason_row(v->reason);
    const struct cg_finding *audited = cg_verdict_audited(v);
    char serial[64], end[32];
    int64_t until = 0;
    cJSON *object = cJSON_CreateObject();
    cg_serial_text(X509_get0_serialNumber(s->leaf), serial, sizeof serial);
    cg_time_seconds(X509_get0_notAfter(s->leaf), &until);
    cg_time_text(until, end, sizeof end);
    cJSON_AddStringToObject(object, "name", s->item->name);
    cJSON_AddStringToObject(object, "file", s->item->file);
    cJSON_AddStringToObject(object, "purpose", purpose == CG_PURPOSE_SERVER ? "server" : "client");
    cJSON_AddStringToObject(object, "serial", serial);
    cJSON_AddStringToObject(object, "not_after", end);
    cJSON_AddStringToObject(object, "decision", v->decision == CG_ACCEPT ? "accept" : "reject");
    cJSON_AddStringToObject(object, "reason", row->code);
    cJSON_AddStringToObject(object, "detail", v->detail);
    cJSON_AddStringToObject(object, "hint", row->hint);
    if (audited)
        cJSON_AddStringToObject(object, "audited", cg_reason_row(audited->reason)->code);
    char *line = cJSON_PrintUnformatted(object);
    printf("%s\n%s", run->shown ? "," : "", line ? line : "{}");
    cJSON_free(line);
    cJSON_Delete(object);
}

static void show_row(struct run *run, const struct sample *s, const struct cg_verdict *v)
{
    const struct cg_finding *audited = cg_verdict_audited(v);
    enum cg_colour colour = v->decision != CG_ACCEPT ? CG_RED : audited ? CG_YELLOW : CG_GREEN;
    char name[260];
    cg_text_escape(s->item->name, strlen(s->item->name), name, sizeof name);
    if (!run->shown)
        printf("%-24s %-7s %-22s %s\n", "NAME", "VERDICT", "REASON", "FOUND");
    printf("%-24s %s%-7s%s %-22s %s\n", name, cg_colour(STDOUT_FILENO, colour),
           v->decision != CG_ACCEPT ? "refused"
           : audited                ? "audited"
                                    : "fine",
           cg_colour(STDOUT_FILENO, CG_PLAIN), cg_reason_row(audited ? audited->reason : v->reason)->code,
           audited ? audited->detail : v->detail);
}

static void judge(struct run *run, const struct sample *s)
{
    struct cg_verdict v = {0};
    enum cg_purpose purpose = purpose_of(run, s->leaf);
    const struct cg_check_input input = {.profile = purpose == CG_PURPOSE_SERVER ? &run->server : &run->client,
                                         .trust = run->world->trust,
                                         .purpose = purpose,
                                         .leaf = s->leaf,
                                         .sent = s->sent,
                                         .now = run->cli->now};
    cg_check(&input, &v);
    run->checked++;
    run->refused += v.decision != CG_ACCEPT;
    run->audited += v.decision == CG_ACCEPT && cg_verdict_audited(&v);
    run->by_reason[v.reason] += v.decision != CG_ACCEPT;
    if (v.decision != CG_ACCEPT || run->cli->verbose) {
        if (run->cli->json)
            show_json(run, s, &v, purpose);
        else
            show_row(run, s, &v);
        run->shown++;
    }
    cg_verdict_clear(&v);
}

static void check_item(struct run *run, const struct cg_fleet_item *item)
{
    struct sample s = {.item = item};
    struct cg_error err = {""};
    switch (take(&s, run, &err)) {
    case TAKEN:
        judge(run, &s);
        break;
    case PASSED_OVER:
        run->passed_over++;
        break;
    case BROKEN:
        fprintf(stderr, "certguard check: %s\n", err.text);
        run->broken++;
        break;
    }
    sample_clear(&s);
}

static void close_json(const struct run *run, const struct cg_fleet *fleet)
{
    cJSON *counts = cJSON_CreateObject(), *reasons = cJSON_AddObjectToObject(counts, "reasons");
    for (int r = 0; r < CG_REASON_COUNT; r++)
        if (run->by_reason[r])
            cJSON_AddNumberToObject(reasons, cg_reason_row((enum cg_reason)r)->code, (double)run->by_reason[r]);
    const struct {
        const char *key;
        size_t count;
    } rows[] = {{"checked", run->checked},         {"refused", run->refused},       {"audited", run->audited},
                {"unreadable", run->broken},       {"revoked", fleet->revoked},     {"expired", fleet->expired},
                {"superseded", fleet->superseded}, {"without_file", fleet->unknown}};
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        cJSON_AddNumberToObject(counts, rows[i].key, (double)rows[i].count);
    char *text = cJSON_PrintUnformatted(counts);
    printf("%s],%s\n", run->shown ? "\n" : "", text ? text + 1 : "}");
    cJSON_free(text);
    cJSON_Delete(counts);
}

/* Each reason once, with its number and its cure. */
static void say_reasons(const struct run *run)
{
    for (int r = 0; r < CG_REASON_COUNT; r++) {
        const struct cg_reason_row *row = cg_reason_row((enum cg_reason)r);
        if (run->by_reason[r])
            cg_say(run->cli, "  %zu %s: %s %s", run->by_reason[r], row->code, row->sentence, row->hint);
    }
}

static void say_counts(const struct run *run, const struct cg_fleet *fleet)
{
    char at[32];
    cg_time_text(run->cli->now, at, sizeof at);
    cg_say(run->cli, "%zu certificates checked as of %s: %zu refused, %zu accepted%s", run->checked, at, run->refused,
           run->checked - run->refused, run->audited ? ", some of them only because a rule is in audit mode" : "");
    say_reasons(run);
    if (fleet->revoked + fleet->expired + fleet->superseded)
        cg_say(run->cli, "Not in use, not checked: %zu revoked, %zu expired, %zu replaced by a newer one.",
               fleet->revoked, fleet->expired, fleet->superseded);
    if (fleet->unknown)
        cg_warn(run->cli, "%zu certificates of the index are in no file here and were not checked", fleet->unknown);
    if (run->broken)
        cg_warn(run->cli, "%zu files could not be read: this is no clean bill", run->broken);
}

/* A look ahead is about certificates: CRLs will have been refreshed by then, so they count as no older than today. */
static struct cg_profile look_ahead(struct cg_profile profile, int64_t ahead)
{
    if (ahead > 0) {
        profile.crl_grace += ahead;
        profile.crl_max_age += profile.crl_max_age ? ahead : 0;
    }
    return profile;
}

int cg_check_fleet(const struct cg_cli *cli, const struct cg_check_options *o, struct cg_world *world,
                   const struct cg_fleet *fleet)
{
    struct cg_error err = {""};
    struct run run = {.cli = cli, .options = o, .world = world};
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    bool good = untrusted && cg_world_all_certificates(&o->untrusted, untrusted, &err) &&
                cg_world_add_crls(world, o, untrusted, cli->now, &err);
    run.untrusted = untrusted;
    run.client = look_ahead(cg_world_profile(world, o, CG_PURPOSE_CLIENT), cli->now - cli->clock);
    run.server = look_ahead(cg_world_profile(world, o, CG_PURPOSE_SERVER), cli->now - cli->clock);
    if (good && cli->json)
        printf("{\"certificates\":[");
    for (size_t i = 0; good && i < fleet->count; i++) {
        check_item(&run, &fleet->item[i]);
        if (!cli->quiet)
            cg_progress("checked", i + 1, fleet->count);
    }
    sk_X509_pop_free(untrusted, X509_free);
    if (!good)
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    if (cli->json)
        close_json(&run, fleet);
    say_counts(&run, fleet);
    return run.broken ? CG_EXIT_FAILED : run.refused ? CG_EXIT_FINDINGS : CG_EXIT_OK;
}
