/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/key_passphrase.h"
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "verbs.h"

struct options {
    const char *new_file;
    bool root, no_passphrase;
};

static const struct cg_option options[] = {
    {"new-passphrase-file", "FILE",
     "new passphrase: first line of FILE (default: prompt). It becomes the setting passphrase_file", CG_OPT_FILE, 0,
     AT(new_file)},
    {"root", NULL, "change the passphrase of the root's key, if there is an intermediate", CG_OPT_FLAG, 0, AT(root)},
    {"no-passphrase", NULL, "store the key unencrypted; anyone who can read it can issue certificates", CG_OPT_FLAG, 0,
     AT(no_passphrase)},
};

struct run {
    const struct options *options;
    struct cg_settings settings;
    char passphrase[CG_PASSPHRASE_MAX]; /* the new one */
};

/* The file that the settings name has the old passphrase. It stays the setting only if it is the new file too. */
static bool choose_settings(struct run *run, struct cg_error *err)
{
    const char *file = run->settings.owner.other ? NULL : run->options->new_file;
    return file ? cg_settings_set_file(&run->settings, "passphrase_file", file, err)
                : cg_settings_set(&run->settings, "passphrase_file", NULL, err);
}

static void say_next(const struct cg_cli *cli, const struct cg_ca *ca, const struct run *run, bool was_set)
{
    const char *file = cg_settings_text(&run->settings, "passphrase_file");
    if (file)
        cg_say(cli, "The setting passphrase_file is now %s.", file);
    else if (was_set && !run->options->no_passphrase)
        cg_warn(cli,
                "the setting passphrase_file was removed, since that file has the old passphrase. Timers need a file "
                "with the new one: %s config passphrase_file FILE",
                cli->prefix);
    cg_say(cli, "If systemd units have --passphrase-file, write them again: %s install-units", cli->prefix);
    if (cg_ca_has(ca, "root/key.pem"))
        cg_say(cli, "The root's key keeps its passphrase; to change it: %s passwd --root%s", cli->prefix,
               file ? " --passphrase-file FILE, where FILE has the root's passphrase" : "");
}

static void print_changed(const struct cg_cli *cli, const struct cg_ca *ca, const struct run *run, bool was_set)
{
    const struct options *o = run->options;
    const char *folder = o->root ? "root" : "ca", *file = cg_settings_text(&run->settings, "passphrase_file");
    char path[PATH_MAX];
    cJSON *result = cg_json_of("key", cg_ca_path(ca, path, "%s/key.pem", folder), "passphrase_file", file);
    cJSON_AddBoolToObject(result, "encrypted", !o->no_passphrase);
    cg_result_of_run(cli, result);
    if (cli->dry_run) {
        cg_say(cli, "Would %s the passphrase of %s. Nothing was written.", o->no_passphrase ? "remove" : "change",
               path);
        return;
    }
    cg_say(cli, "%s the passphrase of %s. Earlier backups still have the key with the old one.",
           o->no_passphrase ? "Removed" : "Changed", path);
    if (o->no_passphrase)
        cg_warn(cli, CG_KEY_IS_OPEN, ca->dir);
    if (!o->root)
        say_next(cli, ca, run, was_set);
}

static int change(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct run *run = context;
    const struct options *o = run->options;
    const struct cg_key_passphrase_request request = {.folder = o->root ? "root" : "ca",
                                                      .passphrase = o->no_passphrase ? NULL : run->passphrase,
                                                      .settings = o->root ? NULL : &run->settings};
    if (o->root && !cg_ca_is_two_tier(ca)) {
        cg_error_set(err, "this CA has no intermediate; leave out --root");
        return CG_EXIT_FAILED;
    }
    if (!cg_settings_load(&run->settings, ca->dir, err))
        return CG_EXIT_FAILED;
    const bool was_set = cg_settings_text(&run->settings, "passphrase_file");
    if ((!o->root && !choose_settings(run, err)) || !cg_key_passphrase_set(ca, &request, err))
        return CG_EXIT_FAILED;
    print_changed(cli, ca, run, was_set);
    return CG_EXIT_OK;
}

static int run_verb(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct run run = {.options = o};
    struct cg_error err = {""};
    if (o->new_file && o->no_passphrase)
        return cg_usage(cli, "--no-passphrase removes the passphrase; leave out --new-passphrase-file");
    cg_passphrase_ahead(cli, o->root ? "root" : "ca");
    const bool ok = o->no_passphrase || cg_passphrase_new(o->new_file, "new-passphrase-file",
                                                          "New passphrase for the key", run.passphrase, &err);
    const int code = ok ? cg_verb_with_ca(cli, CG_CA_REPAIR, change, &run) : cg_fail(cli, CG_EXIT_FAILED, &err);
    OPENSSL_cleanse(run.passphrase, sizeof run.passphrase);
    cg_settings_free(&run.settings);
    return code;
}

const struct cg_verb cg_verb_passwd = {
    .name = "passwd",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "change the passphrase of the CA key",
    .description =
        "Encrypts the CA key with a new passphrase, or stores it unencrypted with --no-passphrase. The old\n"
        "passphrase is read as by all verbs: --passphrase-file, --passphrase-fd, the settings or a prompt. The new\n"
        "file is read again before it replaces the old one. The PIN of a key in a token is changed with the\n"
        "token's own program.\n\n"
        "The file of --new-passphrase-file becomes the setting passphrase_file. If the new passphrase is typed,\n"
        "that setting is removed, since its file has the old one. Units of install-units that have\n"
        "--passphrase-file must be written again.",
    .examples = "certguard passwd\n"
                "certguard passwd --passphrase-file /root/old --new-passphrase-file /root/ca-passphrase\n"
                "certguard passwd --root",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .run = run_verb,
};
