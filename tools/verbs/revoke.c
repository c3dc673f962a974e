/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/revoke.h"
#include "base/failure.h"
#include "ca_options/batch_file.h"
#include "ca_options/ca_options.h"
#include "ca_options/hooks.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "deploy/deploy.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASONS                                                                                                        \
    "keyCompromise|superseded|cessationOfOperation|affiliationChanged|privilegeWithdrawn|certificateHold|unspecified"

struct options {
    const char *reason;
    struct cg_list batch;
    int64_t crl_lifetime;
};

static const struct cg_option options[] = {
    {"reason", REASONS, "reason of the revocation, in any case (default unspecified)", CG_OPT_CHOICE, 0, AT(reason)},
    {"batch", "FILE",
     "also revoke what FILE lists: a name, serial number or file per line, and optionally a reason; - is standard "
     "input",
     CG_OPT_FILES, 0, AT(batch)},
    {"crl-lifetime", "DURATION", "time until nextUpdate of this CRL (default: the setting crl_lifetime, else 7d)",
     CG_OPT_LIFETIME, 0, AT(crl_lifetime)},
};

struct run {
    struct cg_revoke_request request;
    bool failed; /* something was not revoked, and has been reported */
};

static const char *reason_text(int reason)
{
    return reason > 0 ? cg_reason_name(reason) : "unspecified";
}

static cJSON *result_of(const struct cg_revoke_list *list, const struct cg_revoked *revoked)
{
    cJSON *result = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(result, "revoked");
    char serial[CG_SERIAL_TEXT_MAX];
    for (size_t i = 0; i < revoked->count; i++) {
        const struct cg_revoked_item *item = &revoked->item[i];
        cJSON *one = cg_json_of("name", item->name, "serial", cg_index_serial_text(item->serial, serial), "reason",
                                reason_text(item->reason));
        cJSON_AddBoolToObject(one, "was_revoked", item->raised);
        cJSON_AddItemToArray(items, one);
    }
    cJSON_AddNumberToObject(result, "unchanged", (double)revoked->unchanged);
    items = cJSON_AddArrayToObject(result, "failed");
    for (size_t i = 0; i < list->count; i++) {
        const struct cg_revoke_what *what = &list->item[i];
        cJSON *one = what->fault ? cg_json_of("what", what->text, "error", what->fault) : NULL;
        if (one && what->line)
            cJSON_AddNumberToObject(one, "line", (double)what->line);
        cJSON_AddItemToArray(items, one);
    }
    return result;
}

static void say_unchanged(const struct cg_cli *cli, const char *whose, size_t count)
{
    if (count)
        cg_say(cli, "Nothing was changed: %zu certificate%s%s %s already revoked or expired.", count, cg_plural(count),
               whose, count == 1 ? "is" : "are");
    else
        cg_say(cli, "Nothing was changed.");
}

static void say_revoked(const struct cg_cli *cli, const char *whose, const struct cg_revoked *revoked)
{
    char end[24];
    const struct cg_crl_made *made = &revoked->crl;
    const char *plural = cg_plural(revoked->count);
    size_t raised = 0, unknown = 0;
    for (size_t i = 0; i < revoked->count; i++) {
        raised += revoked->item[i].raised;
        unknown += revoked->item[i].is_key_unknown;
    }
    cg_time_text(made->next_update, end, sizeof end);
    if (cli->dry_run)
        cg_say(cli, "Would revoke %zu certificate%s%s. Nothing was written.", revoked->count, plural, whose);
    else
        cg_say(cli, "Revoked %zu certificate%s%s. New CRL, number %s, %zu revoked, valid until %s:\n  %s/crl.pem",
               revoked->count, plural, whose, made->number, made->entries, end, cli->dir);
    if (raised)
        cg_say(cli,
               "Of these, %zu %s already revoked, for a less grave reason or without a copy of the certificate. The "
               "dates of revocation stay.",
               raised, raised == 1 ? "was" : "were");
    if (unknown)
        cg_warn(cli,
                "this CA has no copy of %zu of these certificates, so it cannot refuse the compromised key%s. If you "
                "have the file: %s revoke FILE --reason keyCompromise",
                unknown, cg_plural(unknown), cli->prefix);
    if (revoked->unchanged)
        cg_say(cli, "Already revoked or expired, and left unchanged: %zu.", revoked->unchanged);
}

static cJSON *print_revoked(const struct cg_cli *cli, const struct cg_revoke_list *list,
                            const struct cg_revoked *revoked, size_t targets)
{
    char end[24], *whose = NULL;
    cJSON *result = result_of(list, revoked);
    if (list->count == 1 && asprintf(&whose, " of \"%s\"", list->item[0].text) < 0)
        whose = NULL;
    if (revoked->count)
        say_revoked(cli, whose ? whose : "", revoked);
    else
        say_unchanged(cli, whose ? whose : "", revoked->unchanged);
    if (targets)
        cg_say(cli, "%s to %zu folder%s.", revoked->count ? "Deployed" : "The CRL is deployed", targets,
               cg_plural(targets));
    free(whose);
    if (revoked->crl.pem) {
        cg_time_text(revoked->crl.next_update, end, sizeof end);
        cg_json_add(result, "crl_number", revoked->crl.number, "crl_next_update", end);
    }
    return result;
}

/* One that was typed alone is the error of the run. */
static bool report_faults(const struct cg_cli *cli, struct run *run, struct cg_error *err)
{
    const struct cg_revoke_list *list = &run->request.list;
    for (size_t i = 0; i < list->count; i++) {
        const struct cg_revoke_what *what = &list->item[i];
        if (!what->fault)
            continue;
        run->failed = true;
        if (list->count == 1 && !what->line)
            return cg_fail_text(err, "%s", what->fault);
        if (what->line)
            cg_warn(cli, "line %lu: %s", what->line, what->fault);
        else
            cg_warn(cli, "%s", what->fault);
    }
    return true;
}

/* Also if all were revoked before: that run may have ended before it deployed its CRL. */
static bool deploy(const struct cg_ca *ca, const struct cg_revoked *revoked, size_t *targets, struct cg_error *err)
{
    if (!revoked->count && !revoked->unchanged)
        return true;
    const bool ok = cg_deploy_crl(ca, targets, err);
    if (!ok)
        cg_error_prefix(err, revoked->count ? "revoked, and the new CRL was written, but" : "revoked before, but");
    return ok;
}

static int revoke(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct run *run = context;
    struct cg_revoked revoked = {0};
    size_t targets = 0;
    const bool ok = cg_revoke(ca, &run->request, &revoked, err) && report_faults(cli, run, err) &&
                    (cli->dry_run || deploy(ca, &revoked, &targets, err));
    cJSON *result = ok ? print_revoked(cli, &run->request.list, &revoked, targets) : NULL;
    const bool done = cg_verb_hooks(cli, ca, NULL, 0, cJSON_AddArrayToObject(result, "hooks"));
    if (ok)
        cg_result_of_run(cli, result);
    cg_warn_settings(cli, &revoked.crl);
    cg_revoked_clear(&revoked);
    return !ok ? CG_EXIT_FAILED : done ? CG_EXIT_OK : CG_REPORTED(CG_EXIT_FAILED);
}

static bool read_list(const struct cg_cli *cli, const struct options *o, struct cg_revoke_list *list,
                      struct cg_bytes *bytes, struct cg_error *err)
{
    const int reason = o->reason && strcmp(o->reason, "unspecified") != 0 ? cg_reason_number(o->reason) : -1;
    bool ok = true;
    for (int i = 0; ok && i < cli->nargs; i++)
        ok = cg_revoke_list_add(list, cli->args[i], reason) || cg_fail_memory(err);
    if (!ok || !o->batch.count)
        return ok;
    return cg_batch_file_read(o->batch.item[0], bytes, err) &&
           (cg_revoke_list_read(list, (char *)bytes->data, bytes->len, reason) || cg_fail_memory(err));
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct options *o = values;
    return cg_batch_file_check(cli, &o->batch, err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_error err = {""};
    struct cg_bytes bytes = {0};
    struct run run = {.request.crl_lifetime = o->crl_lifetime};
    int code = CG_EXIT_FAILED;
    if (!cli->nargs && !o->batch.count)
        return cg_usage(cli, "expected a name, a serial number or a certificate's file, or --batch FILE");
    if (!read_list(cli, o, &run.request.list, &bytes, &err)) {
        code = cg_fail(cli, code, &err);
    } else {
        if (!cli->dry_run)
            cg_passphrase_ahead(cli, "ca");
        code = cg_verb_with_ca(cli, CG_CA_WRITE, revoke, &run);
    }
    cg_revoke_list_clear(&run.request.list);
    cg_bytes_free(&bytes);
    return code == CG_EXIT_OK && run.failed ? CG_EXIT_FAILED : code;
}

const struct cg_verb cg_verb_revoke = {
    .name = "revoke",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME|SERIAL|FILE...", 0, -1),
    .completes = CG_WORD_NAME_OR_FILE,
    .summary = "revoke certificates and write a new CRL",
    .description =
        "Revokes all valid certificates of NAME, including earlier generations, the certificate with the serial\n"
        "number SERIAL, or the certificate in FILE (PEM or DER), which this CA must have issued. If SERIAL is also\n"
        "a name, write 0xSERIAL; if FILE is also a name or a serial number, write ./FILE. All of them are revoked\n"
        "in one change. One new CRL is written and deployed in the same run, with the lifetime of the settings.\n"
        "What cannot be revoked is reported and does not hold back the others; the exit code is then 1.\n\n"
        "FILE of --batch has one NAME, SERIAL or FILE per line. A reason after it replaces that of --reason. A #\n"
        "starts a comment.\n\n"
        "A certificate that is already revoked keeps its date. Its reason changes only to a graver one:\n"
        "keyCompromise replaces all others, and every reason replaces certificateHold. certguard does not end a\n"
        "hold. A key that was revoked with keyCompromise is never certified again; only with this reason is an\n"
        "expired certificate revoked.\n\n"
        "A FILE that this CA signed and that index.txt does not list is added to index.txt and archive/, and\n"
        "revoked.",
    .examples = "certguard revoke sensor1 --reason keyCompromise\n"
                "certguard revoke 4F:1A:22:09:8C\n"
                "certguard revoke sensor1 sensor2 ./found.pem --reason cessationOfOperation\n"
                "certguard revoke --batch stolen.txt --reason keyCompromise",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
