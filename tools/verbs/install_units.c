/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/atomic_write.h"
#include "base/failure.h"
#include "ca/settings.h"
#include "units/remove.h"
#include "units/site.h"
#include "units/units.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGROTATE_FOLDER "/etc/logrotate.d"

struct options {
    struct cg_units_request request; /* without units, which the run adds */
    const char *dir, *logrotate_dir;
    bool force, remove;
};

static const struct cg_option options[] = {
    {"ca", "DIR", "folder of the CA (default: that of -C, if it contains a CA)", CG_OPT_FOLDER, 0, AT(request.ca)},
    {"config", "FILE", "configuration of the broker (default /etc/mosquitto/mosquitto.conf, if it exists)", CG_OPT_FILE,
     0, AT(request.config)},
    {"user", "NAME", "user that runs renewal and CRL refresh (default: the owner of the CA's folder)", CG_OPT_STRING, 0,
     AT(request.user)},
    {"passphrase-file", "FILE",
     "file with the passphrase of the CA key, for the units (readable only by the user of --user; default: the setting "
     "passphrase_file of the CA)",
     CG_OPT_FILE, 0, AT(request.passphrase_file)},
    {"spool", "DIR",
     "sign all requests for renewal over MQTT in this folder, the renewal.spool of a broker's policy, as soon as they "
     "arrive",
     CG_OPT_FOLDER, 0, AT(request.spool)},
    {"broker", "HOST[:PORT]", "fetch these requests from a broker every 15 minutes instead (with --as)", CG_OPT_STRING,
     0, AT(request.broker)},
    {"as", "NAME", "connect to that broker with the certificate of NAME, which renewal.signers of its policy names",
     CG_OPT_STRING, 0, AT(request.as)},
    {"dir", "DIR", "folder for the units (default " CG_UNITS_FOLDER ")", CG_OPT_FOLDER, 0, AT(dir)},
    {"logrotate-dir", "DIR", "folder for the logrotate file (default " LOGROTATE_FOLDER ", or --dir)", CG_OPT_FOLDER, 0,
     AT(logrotate_dir)},
    {"force", NULL, "overwrite files that were changed by hand, and keep them as FILE.old", CG_OPT_FLAG, 0, AT(force)},
    {"remove", NULL, "disable the timers and path units and remove the files, except those that were changed by hand",
     CG_OPT_FLAG, 0, AT(remove)},
};

/* A file to write, and what is there now. */
struct output {
    char path[PATH_MAX];
    char *text;
    enum cg_unit_state state;
};

struct outputs {
    struct output item[CG_UNIT_FILES_MAX];
    size_t count;
};

static void outputs_clear(struct outputs *all)
{
    for (size_t i = 0; i < all->count; i++)
        free(all->item[i].text);
}

static struct cg_unit_folders folders_of(const struct options *o)
{
    const char *logrotate = o->logrotate_dir ? o->logrotate_dir : o->dir;
    return (struct cg_unit_folders){o->dir ? o->dir : CG_UNITS_FOLDER, logrotate ? logrotate : LOGROTATE_FOLDER};
}

static bool prepare(struct outputs *all, const struct cg_unit_folders *folders, const struct cg_units_site *site,
                    struct cg_error *err)
{
    for (size_t i = 0; i < cg_unit_files_count && all->count < CG_UNIT_FILES_MAX; i++) {
        const struct cg_unit_file *file = &cg_unit_files[i];
        struct output *out = &all->item[all->count];
        if (!cg_units_wanted(site, file->name))
            continue;
        out->text = cg_unit_render(file, site->values, CG_COUNT(site->values), err);
        if (!out->text)
            return false;
        cg_unit_place(folders, file->name, out->path);
        out->state = cg_unit_state(out->path, out->text);
        all->count++;
    }
    return true;
}

static bool is_free(const struct output *out, struct cg_error *err)
{
    char ca[PATH_MAX];
    if (out->state != CG_UNIT_OTHER || !cg_unit_ca(out->path, ca))
        return true;
    return cg_fail_text(
        err,
        "%s is for the CA in %s, whose certificates and CRL would expire without it; nothing was written. A machine "
        "has units for one CA: run \"renew --all --due\" and \"crl --refresh-if 50%%\" of the other one daily, for "
        "example from cron. If you no longer use the CA in %s, overwrite with --force",
        out->path, ca, ca);
}

/* All or nothing: the error names every file that prevents the run. */
static bool may_write(const struct outputs *all, struct cg_error *err)
{
    char names[700] = "";
    size_t used = 0;
    for (size_t i = 0; i < all->count; i++)
        if (!is_free(&all->item[i], err))
            return false;
    for (size_t i = 0; i < all->count; i++)
        if (all->item[i].state == CG_UNIT_FOREIGN && used + strlen(all->item[i].path) + 3 < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", all->item[i].path);
    if (!names[0])
        return true;
    return cg_fail_text(
        err,
        "%s: changed by hand or not written by certguard; nothing was written. Move your changes to a drop-in "
        "(systemctl edit NAME), or overwrite with --force",
        names);
}

static bool keep_old(const struct output *out, struct cg_error *err)
{
    char old[PATH_MAX];
    if (out->state != CG_UNIT_FOREIGN)
        return true;
    if (snprintf(old, sizeof old, "%s.old", out->path) < (int)sizeof old && rename(out->path, old) == 0)
        return true;
    return cg_fail_text(err, "cannot rename %s to %s", out->path, old);
}

static bool make_folder_of(const char *path, struct cg_error *err)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    return cg_make_folders(folder, 0755, err);
}

static bool write_all(const struct cg_cli *cli, const struct outputs *all, struct cg_error *err)
{
    static const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, 0644};
    for (size_t i = 0; i < all->count; i++) {
        const struct output *out = &all->item[i];
        if (out->state == CG_UNIT_SAME)
            continue;
        if (!make_folder_of(out->path, err) || !keep_old(out, err) ||
            !cg_write_replace(out->path, out->text, strlen(out->text), &owner, err))
            return false;
        cg_say(cli, "%s %s", out->state == CG_UNIT_ABSENT ? "wrote" : "replaced", out->path);
    }
    return true;
}

static void print_all(const struct cg_cli *cli, const struct outputs *all)
{
    for (size_t i = 0; !cli->json && i < all->count; i++)
        printf("%s==> %s <==\n%s", i ? "\n" : "", all->item[i].path, all->item[i].text);
}

static bool passphrase_is_set(const struct cg_units_site *site)
{
    struct cg_settings settings;
    const bool is_set = cg_settings_load(&settings, site->ca, NULL) && cg_settings_text(&settings, "passphrase_file");
    cg_settings_free(&settings);
    return is_set;
}

static void say_next(const struct cg_cli *cli, const struct cg_units_site *site)
{
    cg_say(cli, "Next:\n  systemctl daemon-reload\n  systemctl enable --now%s%s",
           site->has_ca ? " certguard-renew.timer" : "", site->has_ca ? " certguard-crl.timer" : "");
    if (site->requests[0])
        cg_say(cli, "  systemctl enable --now%s certguard-requests.timer",
               site->spool[0] ? " certguard-requests.path" : "");
    if (site->has_config)
        cg_say(cli, "  systemctl enable --now certguard-doctor.timer");
    cg_say(cli, "  systemctl list-timers 'certguard-*'");
    if (site->has_ca && site->key_is_encrypted && !site->passphrase[0] && !passphrase_is_set(site))
        cg_warn(
            cli,
            "the CA key has a passphrase, which the units cannot type: write it to a file that only %s can read, and "
            "set it with: %s config passphrase_file FILE",
            site->user, cli->prefix);
    if (!site->has_ca)
        cg_say(cli, "There is no CA in %s: install the units for renewal and CRL refresh on the machine of the CA.",
               cli->dir);
    if (site->has_config && !site->has_log)
        cg_say(cli, "The policy sets no log.file, so no logrotate file is needed.");
}

static void print_result(const struct cg_cli *cli, const struct outputs *all)
{
    static const char *const words[] = {"replaced", "written", "unchanged", "replaced", "replaced"};
    cJSON *result = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(result, "files");
    for (size_t i = 0; i < all->count; i++) {
        cJSON_AddItemToArray(list, cg_json_of("file", all->item[i].path, "state", words[all->item[i].state]));
    }
    cg_result_of_run(cli, result);
}

static int install(const struct cg_cli *cli, const struct options *o)
{
    const struct cg_unit_folders folders = folders_of(o);
    struct cg_units_request request = o->request;
    struct cg_units_site site;
    struct outputs all = {0};
    struct cg_error err = {""};
    request.units = folders.units;
    bool ok = cg_units_site(&site, cli, &request, &err) && prepare(&all, &folders, &site, &err);
    if (ok && cli->dry_run)
        print_all(cli, &all);
    ok = ok && (o->force || may_write(&all, &err)) && (cli->dry_run || write_all(cli, &all, &err));
    if (ok) {
        print_result(cli, &all);
        say_next(cli, &site);
    }
    outputs_clear(&all);
    return ok ? CG_EXIT_OK : cg_fail(cli, CG_EXIT_FAILED, &err);
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct cg_units_request *request = &((const struct options *)values)->request;
    (void)cli;
    if (!request->broker != !request->as)
        return cg_fail_text(err, "--broker and --as belong together");
    if (request->spool && request->broker)
        return cg_fail_text(err, "use either --spool or --broker");
    return true;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    const struct cg_unit_folders folders = folders_of(o);
    return o->remove ? cg_units_remove(cli, &folders) : install(cli, o);
}

const struct cg_verb cg_verb_install_units = {
    .name = "install-units",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "write systemd units and timers, and a logrotate file",
    .description =
        "On the machine of the CA, it writes units that renew due certificates and refresh the CRL, one or two\n"
        "minutes after boot and every six hours. With --spool or --broker, also units that sign all requests for\n"
        "renewal over MQTT. On the machine of the broker, it writes a unit that runs doctor\n"
        "daily, a logrotate file for the event log, and a drop-in that makes systemd restart a failed broker\n"
        "without limit. If systemd-time-wait-sync or chrony-wait is enabled, the broker starts when the clock is\n"
        "set, or at the latest two or three minutes after boot.\n\n"
        "The units contain the paths of this machine and run in a sandbox. With -n they are printed, not\n"
        "written. Files that were changed by hand are never overwritten without --force. Put your changes into\n"
        "drop-ins instead.\n\n"
        "--remove disables the timers and path units and removes all files that were not changed by hand. The Debian "
        "package\n"
        "does the same when it is removed.",
    .examples = "certguard -C /var/lib/certguard install-units -n\n"
                "certguard -C /var/lib/certguard install-units --passphrase-file /root/ca-passphrase\n"
                "certguard install-units --spool /var/lib/mosquitto/renewal\n"
                "certguard install-units --config /etc/mosquitto/mosquitto.conf --dir /tmp/units\n"
                "certguard install-units --remove",
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
