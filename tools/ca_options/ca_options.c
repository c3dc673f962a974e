/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_options.h"
#include "cli/output.h"
#include "deploy/target_ca.h"
#include "passphrase.h"

static void say_waiting(const void *context, const char *holder, int64_t seconds)
{
    cg_say(context, "Waiting for another run of certguard%s to finish, at most %lld s.", holder, (long long)seconds);
}

static const char *get_passphrase(const void *context, struct cg_error *err)
{
    return cg_passphrase_of_key(context, err);
}

int cg_ca_exit_code(enum cg_ca_result result)
{
    return result == CG_CA_OK ? CG_EXIT_OK : result == CG_CA_LOCKED ? CG_EXIT_LOCKED : CG_EXIT_FAILED;
}

int cg_verb_open_ca(struct cg_ca *ca, const struct cg_cli *cli, enum cg_ca_use use, struct cg_error *err)
{
    const struct cg_ca_options options = {.dir = cli->dir,
                                          .word = cli->dir_word,
                                          .what = cli->verb ? cli->verb->name : NULL,
                                          .now = cli->now,
                                          .now_is_given = cli->at.given,
                                          .dry_run = cli->dry_run,
                                          .wait_is_given = cli->wait.given,
                                          .wait = cli->wait.value,
                                          .waits = say_waiting,
                                          .context = cli,
                                          .passphrase = {get_passphrase, cli, cg_passphrase_setting}};
    return cg_ca_exit_code(cg_ca_open(ca, &options, use, err));
}

int cg_verb_with_ca(const struct cg_cli *cli, enum cg_ca_use use, cg_ca_work *work, void *context)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    int code = cg_verb_open_ca(&ca, cli, use, &err);
    if (code == CG_EXIT_OK)
        code = work(&ca, cli, context, &err);
    cg_ca_close(&ca);
    if (code < 0)
        return -code;
    return code == CG_EXIT_OK || code == CG_EXIT_FINDINGS ? code : cg_fail(cli, code, &err);
}

bool cg_verb_prepare_issuer(struct cg_issuer *issuer, const struct cg_cli *cli, const struct cg_ca *ca,
                            struct cg_error *err)
{
    const bool ok = cg_issuer_prepare(issuer, ca, err);
    if (issuer->bans.lost)
        cg_warn(cli,
                "%zu certificate%s revoked as compromised %s missing from %s/archive, so %s cannot be recognized; "
                "restore archive/ from a backup",
                issuer->bans.lost, cg_plural(issuer->bans.lost), issuer->bans.lost == 1 ? "is" : "are", ca->dir,
                issuer->bans.lost == 1 ? "its key" : "their keys");
    return ok;
}

bool cg_verb_open_issuer(struct cg_issuer *issuer, const struct cg_cli *cli, const struct cg_ca *ca,
                         struct cg_error *err)
{
    return cg_verb_prepare_issuer(issuer, cli, ca, err) && cg_issuer_open_key(issuer, err);
}

void cg_say_shortened(const struct cg_cli *cli, const struct cg_ca *ca, size_t count)
{
    char end[24];
    if (!count)
        return;
    cg_date_text(X509_get0_notAfter(ca->cert), end);
    cg_warn(
        cli,
        "%zu certificate%s shortened: the CA itself ends at %s, and no certificate can outlive it. Create the next CA "
        "in another folder now (certguard -C FOLDER init). Add its ca.pem to the old one on brokers and devices "
        "before you use its first certificate",
        count, count == 1 ? " is" : "s are", end);
}

void cg_warn_settings(const struct cg_cli *cli, const struct cg_crl_made *made)
{
    if (made->damaged.text[0])
        cg_warn(cli, "%s; the CRL has the lifetime of the last one", made->damaged.text);
}

void cg_warn_targets(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_targets *targets)
{
    struct cg_target_change change;
    for (size_t i = 0; i < targets->count; i++)
        if (cg_target_changes_ca(ca, &targets->item[i], &change))
            cg_warn(cli, "%s held the files of another CA (%s); this CA (%s) replaces them: clients need its ca.pem",
                    targets->item[i].to, change.theirs, change.ours);
}
