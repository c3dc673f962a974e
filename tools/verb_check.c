/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin's verdict for a certificate, to the letter: the same policy loader, the same trust, the same cg_check. */
#include "batch_trust.h"
#include "core/file.h"
#include "core/name.h"
#include "core/pem.h"
#include "tty.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRUST_LIMIT (64U << 20)
#define CRL_LIMIT   (1U << 30)

struct check_options {
    const char *purpose;
    struct cg_list trust, untrusted, crl;
    const char *policy;
    struct cg_number listener;
    const char *host;
    bool explain;
    const char *batch;
};

static const struct cg_option options[] = {
    {"purpose", "client|server|bridge",
     "what the certificate is for: a device, the broker itself, a broker that a bridge connects to (default: client)",
     CG_OPT_CHOICE, 0, offsetof(struct check_options, purpose)},
    {"trust", "FILE", "trust anchors, and intermediates, to use in place of the policy's", CG_OPT_FILES, 0,
     offsetof(struct check_options, trust)},
    {"untrusted", "FILE", "intermediates as the peer sends them, beside those in LEAF.pem", CG_OPT_FILES, 0,
     offsetof(struct check_options, untrusted)},
    {"crl", "FILE", "CRL, PEM or DER; may be given several times", CG_OPT_FILES, 0,
     offsetof(struct check_options, crl)},
    {"policy", "FILE", "the plugin's policy (default: the strict one)", CG_OPT_FILE, 0,
     offsetof(struct check_options, policy)},
    {"listener", "PORT", "use the policy's rules for this port", CG_OPT_NUMBER, 0,
     offsetof(struct check_options, listener)},
    {"host", "NAME", "name or address that the certificate must have", CG_OPT_STRING, 0,
     offsetof(struct check_options, host)},
    {"explain", NULL, "show every rule with its result", CG_OPT_FLAG, 0, offsetof(struct check_options, explain)},
    {"batch", "FILE.jsonl", "check one case a line", CG_OPT_FILE, 0, offsetof(struct check_options, batch)},
};

/* Policy and trust, as the plugin would have them. */
struct world {
    struct cg_policy *policy;
    struct cg_trust *trust; /* NULL: no anchors were named; batch lines may bring their own */
    struct cg_profile profile;
    enum cg_purpose purpose;
};

static void world_clear(struct world *w)
{
    cg_trust_free(w->trust);
    cg_policy_free(w->policy);
}

typedef bool add_bytes(struct world *w, const char *file, const struct cg_bytes *bytes, int64_t now,
                       struct cg_error *err);

static bool add_anchors(struct world *w, const char *file, const struct cg_bytes *bytes, int64_t now,
                        struct cg_error *err)
{
    (void)now;
    return cg_trust_add_anchors(w->trust, file, bytes->data, bytes->len, err);
}

static bool add_crls(struct world *w, const char *file, const struct cg_bytes *bytes, int64_t now, struct cg_error *err)
{
    return cg_trust_add_crls(w->trust, file, bytes->data, bytes->len, now, err);
}

static bool add_files(struct world *w, const struct cg_list *files, size_t limit, add_bytes *add, int64_t now,
                      struct cg_error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        struct cg_bytes bytes;
        bool good = cg_file_read(files->item[i], CG_FILE_PUBLIC, limit, &bytes, err) &&
                    add(w, files->item[i], &bytes, now, err);
        cg_bytes_free(&bytes);
        if (!good)
            return false;
    }
    return true;
}

static bool load_trust(struct world *w, const struct check_options *o, int64_t now, struct cg_error *err)
{
    const struct cg_trust_files *files = &w->policy->trust;
    bool bridge = o->purpose && strcmp(o->purpose, "bridge") == 0;
    if (bridge && w->policy->bridge_trust.anchors.count)
        files = &w->policy->bridge_trust;
    if (!(w->trust = cg_trust_new())) {
        cg_error_set(err, "out of memory");
        return false;
    }
    if (files->crl_extended)
        cg_trust_extend_crls(w->trust);
    if (!o->trust.count && !cg_trust_load(w->trust, files, now, err))
        return false;
    return add_files(w, &o->trust, TRUST_LIMIT, add_anchors, now, err);
}

static bool load_world(struct world *w, const struct check_options *o, int64_t now, struct cg_error *err)
{
    bool server = o->purpose && strcmp(o->purpose, "client") != 0;
    w->policy = o->policy ? cg_policy_load(o->policy, err)
                          : cg_policy_default(o->trust.count ? o->trust.item[0] : "(none)", err);
    if (!w->policy)
        return false;
    w->purpose = server ? CG_PURPOSE_SERVER : CG_PURPOSE_CLIENT;
    w->profile = *cg_batch_profile(w->policy, w->purpose, (uint16_t)o->listener.value);
    if (server && strcmp(o->purpose, "bridge") == 0)
        w->profile = w->policy->bridge;
    w->profile.crl_required |= o->crl.count > 0;
    bool named = o->trust.count || (o->policy && w->policy->trust.anchors.count);
    return (o->batch && !named) || load_trust(w, o, now, err);
}

/* --- one certificate --- */

/* Appends the certificates of a file. */
static bool read_certificates(const char *file, STACK_OF(X509) *to, struct cg_error *err)
{
    struct cg_bytes bytes;
    STACK_OF(X509) *found = NULL;
    bool good = cg_file_read(file, CG_FILE_PUBLIC, TRUST_LIMIT, &bytes, err) &&
                cg_certificates_read(file, bytes.data, bytes.len, 1000, &found, err);
    while (good && sk_X509_num(found) > 0) {
        X509 *cert = sk_X509_shift(found);
        good = sk_X509_push(to, cert);
        if (!good)
            X509_free(cert);
    }
    sk_X509_pop_free(found, X509_free);
    cg_bytes_free(&bytes);
    return good;
}

static const struct cg_finding *finding_of(const struct cg_verdict *v, enum cg_reason reason)
{
    for (int i = 0; i < v->nfindings; i++)
        if (v->findings[i].reason == reason)
            return &v->findings[i];
    return NULL;
}

static const char *rule_result(const struct cg_verdict *v, const struct cg_profile *profile, enum cg_reason reason)
{
    const struct cg_finding *f = finding_of(v, reason);
    if (profile->mode[reason] == CG_OFF)
        return "off";
    if (f)
        return f->mode == CG_AUDIT ? "audit" : "failed";
    /* without a path the rules about it had nothing to look at */
    return v->path && v->nfindings < CG_FINDINGS_MAX ? "passed" : "not judged";
}

static void explain_words(const struct cg_verdict *v, const struct cg_profile *profile)
{
    for (size_t i = 0; i < cg_rules_count(); i++) {
        enum cg_reason reason = cg_rules_reason(i);
        const struct cg_finding *f = finding_of(v, reason);
        printf("  %-28s %-10s %s\n", cg_reason_row(reason)->code, rule_result(v, profile, reason), f ? f->detail : "");
    }
}

static cJSON *explain_json(const struct cg_verdict *v, const struct cg_profile *profile)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < cg_rules_count(); i++) {
        enum cg_reason reason = cg_rules_reason(i);
        const struct cg_finding *f = finding_of(v, reason);
        cJSON *rule = cJSON_CreateObject();
        cJSON_AddStringToObject(rule, "rule", cg_reason_row(reason)->code);
        cJSON_AddStringToObject(rule, "result", rule_result(v, profile, reason));
        if (f)
            cJSON_AddStringToObject(rule, "detail", f->detail);
        cJSON_AddItemToArray(list, rule);
    }
    return list;
}

static cJSON *verdict_json(const struct cg_verdict *v)
{
    const struct cg_reason_row *row = cg_reason_row(v->reason);
    cJSON *object = cJSON_CreateObject(), *path = NULL;
    cJSON_AddStringToObject(object, "decision", v->decision == CG_ACCEPT ? "accept" : "reject");
    cJSON_AddStringToObject(object, "reason", row->code);
    cJSON_AddStringToObject(object, "sentence", row->sentence);
    cJSON_AddStringToObject(object, "detail", v->detail);
    cJSON_AddStringToObject(object, "hint", row->hint);
    cJSON_AddStringToObject(object, "ref", row->ref);
    cJSON_AddNumberToObject(object, "depth", v->depth);
    if (v->path)
        path = cJSON_AddArrayToObject(object, "path");
    for (int i = 0; i < sk_X509_num(v->path); i++) {
        char name[512];
        cg_name_text(X509_get_subject_name(sk_X509_value(v->path, i)), name, sizeof name);
        cJSON_AddItemToArray(path, cJSON_CreateString(name));
    }
    return object;
}

static void print_words(const struct cg_cli *cli, const struct cg_verdict *v)
{
    const struct cg_reason_row *row = cg_reason_row(v->reason);
    bool accepted = v->decision == CG_ACCEPT;
    const struct cg_finding *audited = cg_verdict_audited(v);
    printf("%s%s%s %s\n", cg_colour(STDOUT_FILENO, accepted ? CG_GREEN : CG_RED), accepted ? "accept" : "reject",
           cg_colour(STDOUT_FILENO, CG_PLAIN), row->code);
    if (audited)
        printf("  audit only: %s: %s\n", cg_reason_row(audited->reason)->code, audited->detail);
    if (!accepted)
        printf("  %s\n", row->sentence);
    if (!accepted && v->detail[0])
        printf("  Found: %s\n", v->detail);
    if (!accepted && row->hint[0])
        printf("  Cure: %s\n", row->hint);
    if (!accepted && row->ref[0])
        printf("  See: %s\n", row->ref);
    for (int i = 0; cli->verbose && i < sk_X509_num(v->path); i++) {
        char name[512];
        cg_name_text(X509_get_subject_name(sk_X509_value(v->path, i)), name, sizeof name);
        printf("  path %d: %s\n", i, name);
    }
}

static int check_one(const struct cg_cli *cli, const struct check_options *o, struct world *w)
{
    struct cg_error err = {""};
    struct cg_verdict v = {0};
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509 *leaf = NULL;
    int code = CG_EXIT_FAILED;
    bool good = sent && read_certificates(cli->args[0], sent, &err);
    if (good)
        leaf = sk_X509_shift(sent);
    for (size_t i = 0; good && i < o->untrusted.count; i++)
        good = read_certificates(o->untrusted.item[i], sent, &err);
    if (good && o->crl.count)
        cg_batch_trust_sent(w->trust, sent);
    if (!good || !add_files(w, &o->crl, CRL_LIMIT, add_crls, cli->now, &err)) {
        cg_fail(cli, code, &err);
        goto out;
    }
    const struct cg_check_input input = {.profile = &w->profile,
                                         .trust = w->trust,
                                         .purpose = w->purpose,
                                         .leaf = leaf,
                                         .sent = sent,
                                         .host = o->host,
                                         .now = cli->now};
    cg_check(&input, &v);
    code = v.decision == CG_ACCEPT ? CG_EXIT_OK : CG_EXIT_FINDINGS;
    if (!cli->json)
        print_words(cli, &v);
    if (!cli->json && o->explain)
        explain_words(&v, &w->profile);
    if (cli->json) {
        cJSON *object = verdict_json(&v);
        if (o->explain)
            cJSON_AddItemToObject(object, "rules", explain_json(&v, &w->profile));
        cg_result(cli, object);
    }
out:
    cg_verdict_clear(&v);
    X509_free(leaf);
    sk_X509_pop_free(sent, X509_free);
    return code;
}

/* --- many --- */

static bool judge(const struct cg_cli *cli, const struct cg_batch_case *c)
{
    struct cg_verdict v = {0};
    if (c->unreadable)
        v.reason = CG_REASON_MALFORMED;
    else
        cg_check(&c->input, &v);
    if (v.decision == CG_ACCEPT && cg_batch_crl_matters(c, &v)) {
        v.decision = CG_DENY;
        v.reason = CG_REASON_CRL_INVALID;
        snprintf(v.detail, sizeof v.detail, "%.*s", (int)sizeof v.detail - 1, c->refused_crl.text);
    }
    bool accepted = v.decision == CG_ACCEPT;
    if (cli->json) {
        cJSON *object = verdict_json(&v);
        cJSON_AddStringToObject(object, "id", c->id);
        if (c->refused_crl.text[0])
            cJSON_AddStringToObject(object, "refused_crl", c->refused_crl.text);
        cg_result(cli, object);
    } else {
        printf("%s %s %s\n", c->id, accepted ? "accept" : "reject", cg_reason_row(v.reason)->code);
    }
    cg_verdict_clear(&v);
    return accepted;
}

static int check_batch(const struct cg_cli *cli, const struct check_options *o, const struct world *w)
{
    const struct cg_batch batch = {.file = o->batch, .policy = w->policy, .trust = w->trust, .now = cli->now};
    struct cg_error err = {""};
    char *line = NULL;
    size_t size = 0, len = 0, bad = 0, refused = 0;
    int got = 0;
    FILE *in = strcmp(o->batch, "-") == 0 ? stdin : fopen(o->batch, "re");
    if (!in) {
        cg_error_set(&err, "%s: %s", o->batch, strerror(errno));
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    }
    for (size_t number = 1; (got = cg_batch_next(in, &line, &size, &len, &err)) != 0; number++) {
        struct cg_batch_case c = {0};
        if (got > 0 && len == 0)
            continue;
        if (got > 0 && cg_batch_parse(&batch, line, len, &c, &err)) {
            refused += !judge(cli, &c);
        } else {
            cg_error_prefix(&err, "%s:%zu", o->batch, number);
            fprintf(stderr, "certguard check: %s\n", err.text);
            bad++;
        }
        cg_batch_case_clear(&c);
        if (got < 0 && ferror(in))
            break;
    }
    free(line);
    if (in != stdin)
        fclose(in);
    return bad ? CG_EXIT_FAILED : refused ? CG_EXIT_FINDINGS : CG_EXIT_OK;
}

static int run(const struct cg_cli *cli, const void *options_)
{
    const struct check_options *o = options_;
    struct world w = {0};
    struct cg_error err = {""};
    int code;
    if (!o->batch && !cli->nargs)
        return cg_usage(cli, "which certificate? expected: certguard check --trust FILE LEAF.pem");
    if (!o->batch && !o->policy && !o->trust.count)
        return cg_usage(cli, "whom to trust? expected --trust FILE or --policy FILE");
    if (o->batch && (cli->nargs || o->crl.count || o->untrusted.count || o->host))
        return cg_usage(cli, "with --batch the lines name certificates, CRLs and hosts");
    if (o->listener.given && (o->listener.value < 1 || o->listener.value > 65535))
        return cg_usage(cli, "--listener: expected a port from 1 to 65535");
    if (!load_world(&w, o, cli->now, &err))
        code = cg_fail(cli, CG_EXIT_FAILED, &err);
    else
        code = o->batch ? check_batch(cli, o, &w) : check_one(cli, o, &w);
    world_clear(&w);
    return code;
}

const struct cg_verb cg_verb_check = {
    .name = "check",
    .group = CG_GROUP_LOOK,
    .arguments = "LEAF.pem",
    .summary = "say whether the plugin would accept a certificate, and why not",
    .description =
        "Runs the plugin's own check with the plugin's policy, and prints its verdict with the reason. LEAF.pem may\n"
        "hold the intermediates after the certificate, as the peer sends them.\n\n"
        "With --batch each line of the file is a JSON object: id, purpose, leaf, chain, roots, crls, and where wanted\n"
        "time, peer_name, policy, depth. Certificates and CRLs are PEM text or names of files beside the batch file;\n"
        "without roots the trust of --trust or --policy holds. A line \"ID accept|reject REASON\" answers each.",
    .examples = "certguard check --purpose client --trust ca.crt sensor1.crt\n"
                "certguard check --policy /etc/mosquitto/certguard.json --explain sensor1.crt\n"
                "certguard check --purpose server --trust ca.crt --host broker.lan --at +30d broker.crt\n"
                "certguard check --batch fleet.jsonl --policy /etc/mosquitto/certguard.json",
    .exits = "0 accepted, 1 something could not be read, 3 rejected (with --batch: one at least), 64 wrong usage",
    .min_args = 0,
    .max_args = 1,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct check_options),
    .run = run,
};
