/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin's verdict for a certificate, to the letter: the same policy loader, the same trust, the same cg_check. */
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

#define AT(field) offsetof(struct cg_check_options, field)

static const struct cg_option options[] = {
    {"purpose", "client|server|bridge",
     "what the certificate is for: a device, the broker itself, a broker that a bridge connects to (default: client)",
     CG_OPT_CHOICE, 0, AT(purpose)},
    {"trust", "FILE", "trust anchors, and intermediates, to use in place of the policy's", CG_OPT_FILES, 0, AT(trust)},
    {"untrusted", "FILE", "intermediates as the peer sends them, beside those in LEAF.pem", CG_OPT_FILES, 0,
     AT(untrusted)},
    {"crl", "FILE", "CRL, PEM or DER; may be given several times", CG_OPT_FILES, 0, AT(crl)},
    {"policy", "FILE", "the plugin's policy (default: the strict one)", CG_OPT_FILE, 0, AT(policy)},
    {"listener", "PORT", "use the policy's rules for this port", CG_OPT_NUMBER, 0, AT(listener)},
    {"host", "NAME", "name or address that the certificate must have", CG_OPT_STRING, 0, AT(host)},
    {"explain", NULL, "show every rule with its result", CG_OPT_FLAG, 0, AT(explain)},
    {"batch", "FILE.jsonl|FOLDER", "check one case a line, or every certificate of a folder", CG_OPT_FILE, 0,
     AT(batch)},
    {"issued", NULL, "check what the CA of -C issued and is in use now", CG_OPT_FLAG, 0, AT(issued)},
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
    if (!cli->json)
        cg_verdict_show(&v, cg_check_context_owner(o, w->purpose), cli->verbose > 0);
    if (!cli->json && o->explain)
        cg_verdict_show_rules(&v, &w->profile);
    if (cli->json) {
        cJSON *object = cg_verdict_json(&v, cg_check_context_owner(o, w->purpose));
        if (o->explain)
            cJSON_AddItemToObject(object, "rules", cg_verdict_rules_json(&v, &w->profile));
        cg_result(cli, object);
    }
out:
    cg_verdict_clear(&v);
    X509_free(leaf);
    sk_X509_pop_free(sent, X509_free);
    return code;
}

/* --- many --- */

static bool judge(const struct cg_cli *cli, const struct cg_check_options *o, const struct cg_batch_case *c)
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
        cJSON *object = cg_verdict_json(&v, cg_check_context_owner(o, c->input.purpose));
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
        cg_error_set(&err, "%s: %s", o->batch, strerror(errno));
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    }
    for (size_t number = 1; (got = cg_batch_next(in, &line, &size, &len, &err)) != 0; number++) {
        struct cg_batch_case c = {0};
        if (got > 0 && len == 0)
            continue;
        if (got > 0 && cg_batch_parse(&batch, line, len, &c, &err)) {
            refused += !judge(cli, o, &c);
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
    int code = cg_fleet_folder(&fleet, o->batch, &err) ? cg_check_fleet(cli, o, w, &fleet)
                                                       : cg_fail(cli, CG_EXIT_FAILED, &err);
    cg_fleet_free(&fleet);
    return code;
}

/* Without a policy and anchors the CA's own are meant, with its CRL: what holds today. */
static int check_issued(const struct cg_cli *cli, struct cg_check_options o)
{
    char anchor[PATH_MAX], chain[PATH_MAX], crl[PATH_MAX];
    const char *lists[] = {anchor, chain, crl};
    struct cg_check_context w = {0};
    struct cg_fleet fleet = {0};
    struct cg_error err = {""};
    struct cg_ca ca;
    struct stat st;
    int code = cg_verb_open_ca(&ca, cli, CG_CA_READ, &err);
    if (code == CG_EXIT_OK && !o.policy && !o.trust.count) {
        cg_ca_path(&ca, anchor, "ca.pem");
        cg_ca_path(&ca, chain, "chain.pem");
        cg_ca_path(&ca, crl, "crl.pem");
        o.trust = (struct cg_list){lists, 1};
        if (!o.untrusted.count && stat(chain, &st) == 0 && st.st_size > 0)
            o.untrusted = (struct cg_list){lists + 1, 1};
        if (!o.crl.count && access(crl, F_OK) == 0)
            o.crl = (struct cg_list){lists + 2, 1};
    }
    if (code != CG_EXIT_OK || !cg_check_context_load(&w, &o, &err) || !cg_fleet_issued(&fleet, &ca, cli->clock, &err))
        code = cg_fail(cli, code == CG_EXIT_OK ? CG_EXIT_FAILED : code, &err);
    else
        code = cg_check_fleet(cli, &o, &w, &fleet);
    cg_fleet_free(&fleet);
    cg_check_context_clear(&w);
    cg_ca_close(&ca);
    return code;
}

static int misused(const struct cg_cli *cli, const struct cg_check_options *o, bool folder)
{
    bool lines = o->batch && !folder;
    if (!o->batch && !o->issued && !cli->nargs)
        return cg_usage(cli, "which certificate? expected: certguard check --trust FILE LEAF.pem");
    if (!lines && !o->issued && !o->policy && !o->trust.count)
        return cg_usage(cli, "whom to trust? expected --trust FILE or --policy FILE");
    if (lines && (cli->nargs || o->crl.count || o->untrusted.count || o->host))
        return cg_usage(cli, "with --batch the lines name certificates, CRLs and hosts");
    if ((folder || o->issued) && (cli->nargs || o->host || o->explain))
        return cg_usage(cli, "a fleet is checked without LEAF.pem, --host and --explain");
    if (o->batch && o->issued)
        return cg_usage(cli, "--batch or --issued, not both");
    if (o->listener.given && (o->listener.value < 1 || o->listener.value > 65535))
        return cg_usage(cli, "--listener: expected a port from 1 to 65535");
    return 0;
}

static int run(const struct cg_cli *cli, const void *options_)
{
    const struct cg_check_options *o = options_;
    struct cg_check_context w = {0};
    struct cg_error err = {""};
    bool folder = o->batch && cg_file_is_folder(o->batch);
    int code = misused(cli, o, folder);
    if (code || o->issued)
        return code ? code : check_issued(cli, *o);
    if (!cg_check_context_load(&w, o, &err))
        code = cg_fail(cli, CG_EXIT_FAILED, &err);
    else
        code = folder ? check_folder(cli, o, &w) : o->batch ? check_batch(cli, o, &w) : check_one(cli, o, &w);
    cg_check_context_clear(&w);
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
        "without roots the trust of --trust or --policy holds. A line \"ID accept|reject REASON\" answers each.\n\n"
        "Before a change, a whole fleet: --batch with a folder of certificates, or --issued for what the CA of -C\n"
        "issued, with the policy, the anchors (--trust) or the time (--at +30d) that will hold. A table tells who "
        "would\n"
        "be refused, and why (-v: the others, too). Certificates for servers alone are checked as the broker's, and a\n"
        "look ahead takes CRLs as refreshed by then.",
    .examples = "certguard check --purpose client --trust ca.crt sensor1.crt\n"
                "certguard check --policy /etc/mosquitto/certguard.json --explain sensor1.crt\n"
                "certguard check --purpose server --trust ca.crt --host broker.lan --at +30d broker.crt\n"
                "certguard check --issued --at +30d\n"
                "certguard -C /var/lib/certguard check --issued --policy new-policy.json\n"
                "certguard check --batch certificates/ --trust new-ca.pem\n"
                "certguard check --batch fleet.jsonl --policy /etc/mosquitto/certguard.json",
    .exits = "0 accepted, 1 something could not be read, 3 rejected (of many: one at least), 64 wrong usage",
    .min_args = 0,
    .max_args = 1,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct cg_check_options),
    .run = run,
};
