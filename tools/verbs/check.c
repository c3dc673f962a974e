/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Returns exactly the verdict the plugin would: with the same policy loader, trust store and cg_check. */
#include "ca_options/ca_options.h"
#include "check/batch.h"
#include "check/fleet_check.h"
#include "check/view.h"
#include "cli/print.h"
#include "core/file/file.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OF(field) offsetof(struct cg_check_options, field)

static const struct cg_option options[] = {
    {"purpose", "client|server|bridge",
     "who uses the certificate: a client, the broker itself, or a broker that a bridge connects to (default: client)",
     CG_OPT_CHOICE, 0, OF(purpose)},
    {"trust", "FILE", "trust anchors and intermediates to use instead of the policy's (repeatable)", CG_OPT_FILES, 0,
     OF(trust)},
    {"untrusted", "FILE", "intermediates that the peer sends in addition to those in LEAF.pem (repeatable)",
     CG_OPT_FILES, 0, OF(untrusted)},
    {"crl", "FILE", "CRL, PEM or DER (repeatable)", CG_OPT_FILES, 0, OF(crl)},
    {"policy", "FILE", "policy of the plugin (default: the strict defaults)", CG_OPT_FILE, 0, OF(policy)},
    {"listener", "PORT", "use the policy's rules for this port", CG_OPT_NUMBER, 0, OF(listener)},
    {"host", "NAME", "name or address that the certificate must contain", CG_OPT_STRING, 0, OF(host)},
    {"explain", NULL, "show every rule with its result", CG_OPT_FLAG, 0, OF(explain)},
    {"batch", "FILE.jsonl", "check many cases, one JSON object per line", CG_OPT_FILE, 0, OF(batch)},
    {"issued", NULL, "check the certificates of the CA that are in use", CG_OPT_FLAG, 0, OF(issued)},
};

/* --- one certificate --- */

static int check_one(const struct cg_cli *cli, const struct cg_check_options *o, struct cg_check_context *w)
{
    struct cg_error err = {""};
    struct cg_verdict v = {0};
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509 *leaf = NULL;
    int code = CG_EXIT_FAILED;
    bool ok = sent && cg_check_context_certificates(cli->args[0], sent, &err);
    if (ok)
        leaf = sk_X509_shift(sent);
    ok = ok && cg_check_context_all_certificates(&o->untrusted, sent, &err) &&
         cg_check_context_add_crls(w, o, sent, &err);
    if (!ok) {
        cg_fail(cli, code, &err);
        goto out;
    }
    const struct cg_check_input input = {.profile = &w->profile,
                                         .trust = cg_check_context_trust(w, w->purpose),
                                         .purpose = w->purpose,
                                         .leaf = leaf,
                                         .sent = sent,
                                         .host = o->host,
                                         .now = cli->now};
    cg_check(&input, &v);
    code = v.decision == CG_ACCEPT ? CG_EXIT_OK : CG_EXIT_FINDINGS;
    if (cli->json) {
        cJSON *object = cg_verdict_json(&v, cg_check_context_fix(o, w->purpose, v.reason));
        if (o->explain)
            cJSON_AddItemToObject(object, "rules", cg_verdict_rules_json(&v, &w->profile));
        cg_result(cli, object);
    } else {
        cg_verdict_show(&v, cg_check_context_fix(o, w->purpose, v.reason), cli->verbose);
        if (o->explain)
            cg_verdict_show_rules(&v, &w->profile);
    }
out:
    cg_verdict_clear(&v);
    X509_free(leaf);
    sk_X509_pop_free(sent, X509_free);
    return code;
}

/* --- --batch --- */

static bool check_case(const struct cg_cli *cli, const struct cg_check_options *o, const struct cg_batch_case *c)
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
        cJSON *object = cg_verdict_json(&v, cg_check_context_fix(o, c->input.purpose, v.reason));
        cJSON_AddStringToObject(object, "id", c->id);
        if (c->refused_crl.text[0])
            cJSON_AddStringToObject(object, "refused_crl", c->refused_crl.text);
        cg_result(cli, object);
    } else {
        cg_print(stdout, "%s %s %s\n", c->id, accepted ? "accept" : "reject", cg_reason_row(v.reason)->code);
    }
    cg_verdict_clear(&v);
    return accepted;
}

static int check_batch(const struct cg_cli *cli, const struct cg_check_options *o, const struct cg_check_context *w)
{
    const struct cg_batch batch = {
        .file = o->batch, .policy = w->policy, .trust = w->trust, .server_trust = w->server_trust, .now = cli->now};
    struct cg_error err = {""};
    char *line = NULL;
    size_t size = 0, len = 0, bad = 0, refused = 0;
    int got = 0;
    FILE *in = strcmp(o->batch, "-") == 0 ? stdin : fopen(o->batch, "re");
    if (!in) {
        cg_error_set(&err, "cannot open %s: %s", o->batch, strerror(errno));
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    }
    for (size_t number = 1; (got = cg_batch_next(in, &line, &size, &len, &err)) != 0; number++) {
        struct cg_batch_case c = {0};
        if (got > 0 && len == 0)
            continue;
        if (got > 0 && cg_batch_parse(&batch, line, len, &c, &err)) {
            refused += !check_case(cli, o, &c);
        } else {
            cg_error_prefix(&err, "%s:%zu", o->batch, number);
            cg_print(stderr, "certguard check: %s\n", err.text);
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

/* --- a fleet --- */

static int check_folder(const struct cg_cli *cli, const struct cg_check_options *o, struct cg_check_context *w)
{
    struct cg_fleet fleet = {0};
    struct cg_error err = {""};
    int code = cg_fleet_folder(&fleet, cli->args[0], &err) ? cg_check_fleet(cli, o, w, &fleet, &err) : CG_EXIT_FAILED;
    cg_fleet_free(&fleet);
    return err.text[0] ? cg_fail(cli, code, &err) : code;
}

struct issued_run {
    struct cg_check_options options;
    int code; /* the result, whose errors are already printed */
};

/* Without a policy and trust anchors, uses the CA's certificates and its CRL. */
static int check_issued(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct issued_run *run = context;
    struct cg_check_options o = run->options;
    char anchor[PATH_MAX], chain[PATH_MAX], crl[PATH_MAX];
    const char *lists[] = {anchor, chain, crl};
    struct cg_check_context w = {0};
    struct cg_fleet fleet = {0};
    struct stat st;
    if (!o.policy && !o.trust.count) {
        cg_ca_path(ca, anchor, "ca.pem");
        cg_ca_path(ca, chain, "chain.pem");
        cg_ca_path(ca, crl, "crl.pem");
        o.trust = (struct cg_list){lists, 1};
        if (!o.untrusted.count && stat(chain, &st) == 0 && st.st_size > 0)
            o.untrusted = (struct cg_list){lists + 1, 1};
        if (!o.crl.count && access(crl, F_OK) == 0)
            o.crl = (struct cg_list){lists + 2, 1};
    }
    const bool ok = cg_check_context_load(&w, &o, err) && cg_fleet_issued(&fleet, ca, cli->clock, err);
    if (ok)
        run->code = cg_check_fleet(cli, &o, &w, &fleet, err);
    cg_fleet_free(&fleet);
    cg_check_context_clear(&w);
    return ok && !err->text[0] ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int run_issued(const struct cg_cli *cli, const struct cg_check_options *o)
{
    struct issued_run run = {.options = *o};
    const int code = cg_verb_with_ca(cli, CG_CA_READ, check_issued, &run);
    return code == CG_EXIT_OK ? run.code : code;
}

static int check_usage(const struct cg_cli *cli, const struct cg_check_options *o)
{
    if ((cli->nargs > 0) + (o->batch != NULL) + o->issued != 1)
        return cg_usage(cli, "expected LEAF.pem, a folder, --batch FILE.jsonl, or --issued");
    if (o->batch && cg_file_is_folder(o->batch))
        return cg_usage(cli, "--batch reads a file of JSON lines; to check a folder, leave out --batch");
    if (cli->nargs && !o->policy && !o->trust.count)
        return cg_usage(cli, "no trust anchors given; use --trust FILE or --policy FILE");
    if (o->batch && (o->crl.count || o->untrusted.count || o->host))
        return cg_usage(cli, "--batch reads certificates, CRLs and hosts from its lines");
    if ((o->folder || o->issued) && (o->host || o->explain))
        return cg_usage(cli, "--host and --explain apply to a single certificate");
    if (o->listener.given && (o->listener.value < 1 || o->listener.value > 65535))
        return cg_usage(cli, "--listener: expected a port from 1 to 65535");
    return 0;
}

static int run(const struct cg_cli *cli, const void *options_)
{
    struct cg_check_options o = *(const struct cg_check_options *)options_;
    struct cg_check_context w = {0};
    struct cg_error err = {""};
    o.folder = cli->nargs && cg_file_is_folder(cli->args[0]);
    int code = check_usage(cli, &o);
    if (code || o.issued)
        return code ? code : run_issued(cli, &o);
    if (!cg_check_context_load(&w, &o, &err))
        code = cg_fail(cli, CG_EXIT_FAILED, &err);
    else
        code = o.folder ? check_folder(cli, &o, &w) : o.batch ? check_batch(cli, &o, &w) : check_one(cli, &o, &w);
    cg_check_context_clear(&w);
    return code;
}

const struct cg_verb cg_verb_check = {
    .name = "check",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("LEAF.pem|FOLDER", 0, 1),
    .completes = CG_WORD_FILE,
    .summary = "check whether the plugin accepts a certificate",
    .description =
        "Runs the plugin's check with a policy, and prints the verdict with the reason. LEAF.pem may contain the\n"
        "intermediates after the certificate, as the peer sends them.\n\n"
        "To check a whole fleet before a change, use FOLDER (all certificates in it) or --issued (all that the\n"
        "CA of -C issued), with the future policy (--policy), trust anchors (--trust) or time (--at +30d). A\n"
        "table lists the certificates that would be refused, with the reason; -v lists all. Certificates that\n"
        "are valid only for servers are checked as the broker's. With a future time, CRLs are assumed to be\n"
        "refreshed by then.\n\n"
        "With --batch, each line of the file is a JSON object with id, purpose, leaf, chain, roots and crls, and\n"
        "optionally time, peer_name, policy and depth. Certificates and CRLs are PEM text, or names of files\n"
        "relative to the batch file. Without roots, --trust or --policy sets the trust anchors. The output has a\n"
        "line \"ID accept|reject REASON\" per case.",
    .examples = "certguard check --purpose client --trust ca.crt sensor1.crt\n"
                "certguard check --policy /etc/mosquitto/certguard/policy.json --explain sensor1.crt\n"
                "certguard check --purpose server --trust ca.crt --host broker.lan --at +30d broker.crt\n"
                "certguard check --issued --at +30d\n"
                "certguard -C /var/lib/certguard check --issued --policy new-policy.json\n"
                "certguard check --trust new-ca.pem certificates/\n"
                "certguard check --batch fleet.jsonl --policy /etc/mosquitto/certguard/policy.json",
    .exits = "0 accepted, 1 a file cannot be read, 3 rejected (of many: at least one), 64 wrong usage",
    CG_OPTIONS(options, struct cg_check_options),
    .run = run,
};
