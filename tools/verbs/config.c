/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "ca/key.h"
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "cli/print.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

struct options {
    bool unset;
};

static const struct cg_option options[] = {
    {"unset", NULL, "remove the setting KEY", CG_OPT_FLAG, 0, AT(unset)},
};

/* ---- showing */

static void show_row(const struct cg_cli *cli, const struct cg_settings *settings, const struct cg_setting *row,
                     cJSON *list)
{
    char *value = cg_settings_show(settings, row->key);
    const bool is_set = value && *value;
    cJSON *item = cg_json_of("key", row->key, "value", is_set ? value : row->usual, "help", row->help);
    cJSON_AddBoolToObject(item, "set", is_set);
    cJSON_AddItemToArray(list, item);
    if (!cli->json && cli->nargs)
        cg_print(stdout, "%s\n", is_set ? value : row->usual);
    else if (!cli->json)
        cg_print(stdout, "%-18s %-24s %s%s\n", row->key,
                 is_set        ? value
                 : *row->usual ? row->usual
                               : "-",
                 is_set || !*row->usual ? "" : "(default) ", row->help);
    free(value);
}

static bool show(const struct cg_cli *cli, const struct cg_settings *settings)
{
    cJSON *result = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(result, "settings");
    for (const struct cg_setting *row = cg_setting_rows; row->key; row++)
        if (!cli->nargs || strcmp(row->key, cli->args[0]) == 0)
            show_row(cli, settings, row, list);
    cg_result(cli, result);
    return true;
}

/* ---- changing */

static bool opens_key(const struct cg_ca *ca, const char *path, const char *passphrase, struct cg_error *err)
{
    struct cg_ca tried = *ca;
    tried.options.passphrase = cg_passphrase_known(passphrase);
    EVP_PKEY *key = cg_key_of_ca(&tried, "ca", ca->cert, err);
    if (!key)
        cg_error_prefix(err, "cannot use %s", path);
    EVP_PKEY_free(key);
    return key;
}

/* A timer would find a wrong file only at night. Whether a token takes the PIN is not tried: it may lock itself. */
static bool is_usable(const struct cg_ca *ca, const struct cg_settings *settings, struct cg_error *err)
{
    const char *path = cg_settings_text(settings, "passphrase_file");
    char passphrase[CG_PASSPHRASE_MAX] = "";
    const bool ok = !path || (cg_passphrase_with_rights(path, &settings->owner, passphrase, err) &&
                              (!cg_ca_has(ca, "ca/key.pem") || opens_key(ca, path, passphrase, err)));
    OPENSSL_cleanse(passphrase, sizeof passphrase);
    return ok;
}

static bool write_settings(const struct cg_ca *ca, const struct cg_settings *settings, struct cg_error *err)
{
    struct cg_change change = {0};
    const bool ok = cg_change_begin(&change, ca, false, err) && cg_settings_put(&change, settings, err);
    return cg_change_end(&change, ok, err);
}

static bool set(const struct cg_cli *cli, struct cg_settings *settings, struct cg_error *err)
{
    const char *key = cli->args[0], *value = cli->args[1];
    return value && strcmp(key, "passphrase_file") == 0 ? cg_settings_set_file(settings, key, value, err)
                                                        : cg_settings_set(settings, key, value, err);
}

static bool change(const struct cg_cli *cli, const struct cg_ca *ca, struct cg_settings *settings, struct cg_error *err)
{
    const char *key = cli->args[0];
    if (!set(cli, settings, err) || (strcmp(key, "passphrase_file") == 0 && !is_usable(ca, settings, err)) ||
        !(cli->dry_run || write_settings(ca, settings, err)))
        return false;
    char *value = cg_settings_show(settings, key);
    cg_result_of_run(cli, cg_json_of("key", key, "value", value));
    if (value && *value)
        cg_say(cli, "%s %s to %s.", cli->dry_run ? "Would set" : "Set", key, value);
    else
        cg_say(cli, "%s the setting %s.", cli->dry_run ? "Would remove" : "Removed", key);
    free(value);
    return true;
}

static int work(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    const bool changes = cli->nargs == 2 || *(const bool *)context;
    struct cg_settings settings;
    const bool ok = cg_settings_load(&settings, ca->dir, err) &&
                    (changes ? change(cli, ca, &settings, err) : show(cli, &settings));
    cg_settings_free(&settings);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    bool unset = o->unset;
    if (unset && cli->nargs != 1)
        return cg_usage(cli, "expected: certguard config KEY --unset");
    if (cli->nargs && !cg_setting_find(cli->args[0]))
        return cg_usage(cli, "unknown setting \"%s\"; certguard config lists all", cli->args[0]);
    return cg_verb_with_ca(cli, cli->nargs == 2 || unset ? CG_CA_HOLD : CG_CA_READ, work, &unset);
}

const struct cg_verb cg_verb_config = {
    .name = "config",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("[KEY [VALUE]]", 0, 2),
    .completes = CG_WORD_SETTING,
    .summary = "show or change the settings of the CA",
    .description =
        "Shows all settings or the setting KEY, or sets KEY to VALUE. They are in certguard.json in the CA's\n"
        "folder: defaults that an option of the command line overrides.\n\n"
        "passphrase_file: the file with the passphrase of the CA key, for runs without --passphrase-file or\n"
        "--passphrase-fd. $CERTGUARD_PASSPHRASE_FILE overrides it. If another user owns the CA's folder, root reads\n"
        "the file with the rights of that user.\n"
        "organization, key_type, lifetime.broker, lifetime.bridge, lifetime.client: defaults of issue and sign.\n"
        "crl_lifetime, root_crl_lifetime: the time until a CRL expires. crl --lifetime sets it too.\n"
        "reuse_key: the names whose key renew and rotate keep. renew --reuse-key adds a name, --new-key removes it.\n\n"
        "init writes the settings that it was given. The file can be edited by hand. Verbs that use a setting\n"
        "refuse a file with unknown settings or wrong values. Only revoke and crl continue: they warn, and use the\n"
        "lifetime of the last CRL.",
    .examples = "certguard config\n"
                "certguard config lifetime.client 2y\n"
                "certguard config passphrase_file /root/ca-passphrase\n"
                "certguard config organization --unset",
    CG_OPTIONS(options, struct options),
    .run = run,
};
