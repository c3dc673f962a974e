/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fleet_check.h"
#include "base/failure.h"
#include "base/parallel.h"
#include "cli/output.h"
#include "cli/print.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "fleet_chain.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 20)
#define CERTS_MAX  100

#define BLOCK 256 /* certificates that are checked before their results are printed */

struct run {
    const struct cg_cli *cli;
    const struct cg_check_options *options;
    const struct cg_check_context *context;
    struct cg_profile client, server;
    const STACK_OF(X509) *untrusted;
    struct cg_fleet_chain *chain;
    size_t checked, refused, audited, broken, shown;
    size_t by_reason[CG_REASON_COUNT], by_owner[CG_REASON_COUNT][CG_CERT_OWNER_COUNT];
};

enum state { BROKEN = 0, CHECKED, SKIPPED };

/* A certificate as the peer would send it (leaf, chain, then the intermediates of --untrusted), and the verdict. */
struct sample {
    const struct cg_fleet_item *item;
    enum state state;
    X509 *leaf;
    STACK_OF(X509) *sent;
    enum cg_purpose purpose;
    struct cg_verdict verdict;
    struct cg_error err;
};

static void sample_clear(struct sample *s)
{
    cg_verdict_clear(&s->verdict);
    X509_free(s->leaf);
    sk_X509_pop_free(s->sent, X509_free);
}

/* False for PEM without a certificate: a key, a CRL, a request. */
static bool holds_certificate(const struct cg_bytes *bytes)
{
    static const char pem[] = "-----BEGIN ", cert[] = "CERTIFICATE-----";
    return !memmem(bytes->data, bytes->len, pem, sizeof pem - 1) ||
           memmem(bytes->data, bytes->len, cert, sizeof cert - 1);
}

static enum state read_sample(struct sample *s, const struct run *run)
{
    struct cg_bytes bytes = {0};
    enum state state = BROKEN;
    if (!cg_file_read(s->item->file, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, &s->err))
        return BROKEN;
    if (!holds_certificate(&bytes))
        state = SKIPPED;
    else if (cg_fleet_chain_read(run->chain, s->item->file, bytes.data, bytes.len, CERTS_MAX, &s->sent, &s->err))
        state = X509_check_ca(sk_X509_value(s->sent, 0)) ? SKIPPED : CHECKED;
    cg_bytes_wipe(&bytes);
    if (state != CHECKED)
        return state;
    s->leaf = sk_X509_shift(s->sent);
    for (int i = 0; i < sk_X509_num(run->untrusted); i++) {
        X509 *more = sk_X509_value(run->untrusted, i);
        if (!X509_up_ref(more))
            continue;
        if (!sk_X509_push(s->sent, more))
            X509_free(more);
    }
    return CHECKED;
}

/* Without --purpose, a certificate for servers only is checked as a broker's. */
static enum cg_purpose purpose_of(const struct run *run, X509 *leaf)
{
    bool has_eku = X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE;
    uint32_t eku = has_eku ? X509_get_extended_key_usage(leaf) : 0;
    if (run->options->purpose)
        return run->context->purpose;
    return eku & XKU_SSL_SERVER && !(eku & XKU_SSL_CLIENT) ? CG_PURPOSE_SERVER : CG_PURPOSE_CLIENT;
}

static enum cg_cert_owner owner_of(const struct run *run, const struct sample *s)
{
    return cg_check_context_owner(run->options, s->purpose);
}

static void show_json(struct run *run, const struct sample *s)
{
    const struct cg_verdict *v = &s->verdict;
    const struct cg_finding *audited = cg_verdict_audited(v);
    char serial[64], end[32];
    int64_t until = 0;
    cJSON *object = cJSON_CreateObject();
    cg_serial_text(X509_get0_serialNumber(s->leaf), serial, sizeof serial);
    cg_time_seconds(X509_get0_notAfter(s->leaf), &until);
    cg_time_text(until, end, sizeof end);
    cg_json_add(object, "name", s->item->name, "file", s->item->file);
    cg_json_add(object, "purpose", s->purpose == CG_PURPOSE_SERVER ? "server" : "client");
    cg_json_add(object, "serial", serial, "not_after", end);
    cg_json_add(object, "decision", v->decision == CG_ACCEPT ? "accept" : "reject");
    cg_json_add(object, "reason", cg_reason_row(v->reason)->code, "detail", v->detail);
    cg_json_add(object, "fix", cg_reason_fix(v->reason, owner_of(run, s)));
    cg_json_add(object, "audited", audited ? cg_reason_row(audited->reason)->code : NULL);
    cg_json_element(object, !run->shown);
}

static void show_row(struct run *run, const struct sample *s)
{
    const struct cg_verdict *v = &s->verdict;
    const struct cg_finding *audited = cg_verdict_audited(v);
    enum cg_colour colour = v->decision != CG_ACCEPT ? CG_RED : audited ? CG_YELLOW : CG_GREEN;
    if (!run->shown)
        cg_print(stdout, "%-24s %-7s %-22s %s\n", "NAME", "VERDICT", "REASON", "FOUND");
    cg_print(stdout, "%-24s ", s->item->name);
    cg_print_in(stdout, colour, "%-7s", v->decision != CG_ACCEPT ? "refused" : audited ? "audited" : "ok");
    cg_print(stdout, " %-22s %s\n", cg_reason_row(audited ? audited->reason : v->reason)->code,
             audited ? audited->detail : v->detail);
}

static void check_sample(struct sample *s, const struct run *run)
{
    s->state = read_sample(s, run);
    if (s->state != CHECKED)
        return;
    s->purpose = purpose_of(run, s->leaf);
    struct cg_check_input input = {.profile = s->purpose == CG_PURPOSE_SERVER ? &run->server : &run->client,
                                   .trust = cg_check_context_trust(run->context, s->purpose),
                                   .purpose = s->purpose,
                                   .leaf = s->leaf,
                                   .sent = s->sent,
                                   .now = run->cli->now};
    STACK_OF(X509) *path = cg_fleet_chain_path(run->chain, &input);
    input.known_path = path;
    cg_check(&input, &s->verdict);
    sk_X509_free(path);
}

static void count(struct run *run, const struct sample *s)
{
    const struct cg_verdict *v = &s->verdict;
    bool refused = v->decision != CG_ACCEPT;
    run->checked++;
    run->refused += refused;
    run->audited += !refused && cg_verdict_audited(v);
    run->by_reason[v->reason] += refused;
    run->by_owner[v->reason][owner_of(run, s)] += refused;
    if (!refused && !run->cli->verbose)
        return;
    if (run->cli->json)
        show_json(run, s);
    else
        show_row(run, s);
    run->shown++;
}

static void report(struct run *run, const struct sample *s)
{
    if (s->state == CHECKED)
        count(run, s);
    if (s->state != BROKEN)
        return;
    cg_print(stderr, "certguard check: %s\n", s->err.text);
    run->broken++;
}

/* --- blocks: checked in parallel, reported in order --- */

struct block {
    const struct run *run;
    struct sample *sample;
};

static void check_one(void *context, size_t i)
{
    const struct block *block = context;
    check_sample(&block->sample[i], block->run);
}

static bool check_all(struct run *run, const struct cg_fleet *fleet, struct cg_error *err)
{
    struct cg_progress progress = cg_progress_of(run->cli, "checked");
    struct sample *sample = calloc(BLOCK, sizeof *sample);
    if (!sample)
        return cg_fail_memory(err);
    for (size_t done = 0, count; done < fleet->count; done += count) {
        count = fleet->count - done < BLOCK ? fleet->count - done : BLOCK;
        for (size_t i = 0; i < count; i++)
            sample[i] = (struct sample){.item = &fleet->item[done + i]};
        cg_parallel(count, 0, check_one, &(struct block){run, sample});
        for (size_t i = 0; i < count; i++) {
            report(run, &sample[i]);
            sample_clear(&sample[i]);
        }
        cg_progress(&progress, done + count, fleet->count);
    }
    free(sample);
    return true;
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
    char *text = cg_json_line(counts);
    fputs(run->shown ? "\n]," : "],", stdout);
    puts(text ? text + 1 : "}");
    free(text);
    cJSON_Delete(counts);
}

/* Each reason with its count and fix, separately for clients and brokers. */
static void say_reasons(const struct run *run)
{
    for (int r = 0; r < CG_REASON_COUNT; r++) {
        const struct cg_reason_row *row = cg_reason_row((enum cg_reason)r);
        for (int h = 0; h < CG_CERT_OWNER_COUNT; h++)
            if (run->by_owner[r][h])
                cg_say(run->cli, "  %zu %s: %s %s", run->by_owner[r][h], row->code, row->sentence,
                       cg_reason_fix((enum cg_reason)r, (enum cg_cert_owner)h));
    }
}

static void say_counts(const struct run *run, const struct cg_fleet *fleet)
{
    char at[32];
    cg_time_text(run->cli->now, at, sizeof at);
    cg_say(run->cli, "%zu certificate%s checked as of %s: %zu refused, %zu accepted%s", run->checked,
           cg_plural(run->checked), at, run->refused, run->checked - run->refused,
           run->audited ? ", some of them only because a rule is in audit mode" : "");
    say_reasons(run);
    if (fleet->revoked + fleet->expired + fleet->superseded)
        cg_say(run->cli, "Not checked, because not in use: %zu revoked, %zu expired, %zu replaced by a newer one.",
               fleet->revoked, fleet->expired, fleet->superseded);
    if (fleet->unknown)
        cg_warn(run->cli, "not checked: %zu certificate%s of the index without a file", fleet->unknown,
                cg_plural(fleet->unknown));
    if (run->broken)
        cg_warn(run->cli, "cannot read %zu file%s, so the result is incomplete", run->broken, cg_plural(run->broken));
}

/* For a future time, CRLs count as refreshed: they are as old as today. */
static struct cg_profile look_ahead(struct cg_profile profile, int64_t ahead)
{
    if (ahead > 0) {
        profile.crl_grace += ahead;
        profile.crl_max_age += profile.crl_max_age ? ahead : 0;
    }
    return profile;
}

int cg_check_fleet(const struct cg_cli *cli, const struct cg_check_options *o, struct cg_check_context *context,
                   const struct cg_fleet *fleet, struct cg_error *err)
{
    struct cg_fleet_chain chain;
    struct run run = {.cli = cli, .options = o, .context = context, .chain = &chain};
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    bool ok = untrusted && cg_check_context_all_certificates(&o->untrusted, untrusted, err) &&
              cg_check_context_add_crls(context, o, untrusted, err);
    run.untrusted = untrusted;
    run.client = look_ahead(cg_check_context_profile(context, o, CG_PURPOSE_CLIENT), cli->now - cli->clock);
    run.server = look_ahead(cg_check_context_profile(context, o, CG_PURPOSE_SERVER), cli->now - cli->clock);
    if (ok && cli->json)
        printf("{\"certificates\":[");
    if (ok && (ok = cg_fleet_chain_init(&chain, err))) {
        ok = check_all(&run, fleet, err);
        cg_fleet_chain_clear(&chain);
    }
    sk_X509_pop_free(untrusted, X509_free);
    if (!ok)
        return CG_EXIT_FAILED;
    if (cli->json)
        close_json(&run, fleet);
    say_counts(&run, fleet);
    return run.broken ? CG_EXIT_FAILED : run.refused ? CG_EXIT_FINDINGS : CG_EXIT_OK;
}
