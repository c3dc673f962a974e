/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the rights for files that the configuration names. The broker's user must be able to read them, through every
 * folder in their paths, and nobody else may change them. */
#include "core/crl/crl_numbers_format.h"
#include "core/file/file.h"
#include "rules.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)256 << 20)
#define REPORT_MAX 1000 /* a truncated command must not be shown */

static const char *const file_keys[] = {"cafile",          "certfile",       "keyfile",     "crlfile", "bridge_cafile",
                                        "bridge_certfile", "bridge_keyfile", "dhparamfile", NULL};
static const char *const folder_keys[] = {"capath", "bridge_capath", NULL};
static const char *const no_file[] = {NULL};

/* Does the line name a list of users or topics, of the broker or of a plugin that comes with Mosquitto? */
static bool names_list(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    return cg_doctor_is_one_of(line->key, CG_KEYS("acl_file", "password_file", "psk_file")) ||
           (strcmp(line->key, "plugin_opt_acl_file") == 0 &&
            cg_conf_plugin_is(&d->conf, line->plugin, CG_CONF_ACL_PLUGIN)) ||
           (strcmp(line->key, "plugin_opt_password_file") == 0 &&
            cg_conf_plugin_is(&d->conf, line->plugin, CG_CONF_PASSWORD_PLUGIN));
}

static bool names_file(const struct cg_doctor *d, const struct cg_conf_line *line)
{
    return cg_doctor_is_one_of(line->key, file_keys) || names_list(d, line);
}

static void unreadable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        struct cg_bytes bytes = {0};
        struct cg_error err = {""};
        if (names_file(d, line) && !cg_file_read(line->value, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, &err))
            cg_doctor_report(d, row, "%s:%u: %s", line->file, line->line, err.text);
        if (cg_doctor_is_one_of(line->key, folder_keys) && !cg_folder_visit(line->value, no_file, NULL, NULL, &err))
            cg_doctor_report(d, row, "%s:%u: %s", line->file, line->line, err.text);
        cg_bytes_wipe(&bytes);
    }
}

/* At its start, the broker reads its configuration as root. At a reload, it reads it as its own user. */
static void config_unreadable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.nfiles; i++) {
        struct cg_bytes bytes = {0};
        struct cg_error err = {""};
        if (!cg_file_read(d->conf.files[i], CG_FILE_PUBLIC, CG_CONF_FILE_MAX, &bytes, &err))
            cg_doctor_report(d, row, "%s", err.text);
        cg_bytes_free(&bytes);
    }
}

void cg_doctor_report_path(struct cg_doctor *d, const struct cg_rule_row *row, const char *what, const char *command,
                           const char *read_only, const char *target)
{
    char word[PATH_MAX];
    if (cg_file_is_read_only(target))
        cg_doctor_report(d, row, "%s; %s", what, read_only);
    else if (cg_file_shell_word(target, word, sizeof word) &&
             strlen(what) + strlen(command) + strlen(word) + 20 < REPORT_MAX)
        cg_doctor_report(d, row, "%s; fix: %s %s", what, command, word);
    else
        cg_doctor_report(
            d, row,
            "%.400s; no command can be shown, because the path is too long or has special characters. Rename it", what);
}

/* Finds the file, or the nearest folder above it, that everyone may write. A sticky folder protects files of others. */
static bool is_writable_by_all(const char *file, char where[PATH_MAX])
{
    struct stat st;
    if (!realpath(file, where))
        return false;
    for (bool folder = false; stat(where, &st) == 0; folder = true) {
        char *slash = strrchr(where, '/');
        if (st.st_mode & S_IWOTH && !(folder && st.st_mode & S_ISVTX))
            return true;
        if (!slash || where[1] == '\0')
            return false;
        slash[slash == where] = '\0';
    }
    return false;
}

static void report_writable(struct cg_doctor *d, const struct cg_rule_row *row, const char *file)
{
    char where[PATH_MAX], what[2 * PATH_MAX + 64], read_only[400];
    if (!file || !is_writable_by_all(file, where))
        return;
    snprintf(what, sizeof what, "%s: everyone can write to %s", file, where);
    snprintf(read_only, sizeof read_only, CG_FILE_READ_ONLY_FIX, (unsigned)d->gid);
    cg_doctor_report_path(d, row, what, "chmod o-w", read_only, where);
}

void cg_doctor_user_command(const struct cg_doctor *d, const char *command, const char *rest, char out[400])
{
    char user[300];
    snprintf(out, 400, "%s %s%s", command, cg_file_shell_word(d->user, user, sizeof user) ? user : "USER", rest);
}

static void report_all_writable(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_strings *files)
{
    for (size_t i = 0; i < files->count; i++)
        report_writable(d, row, files->item[i]);
}

static void report_trust_writable(struct cg_doctor *d, const struct cg_rule_row *row,
                                  const struct cg_trust_files *files)
{
    report_all_writable(d, row, &files->anchors);
    report_all_writable(d, row, &files->intermediate_anchors);
    report_all_writable(d, row, &files->crls);
}

static void writable_by_all(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_policy *policy = d->snapshot ? d->snapshot->policy : NULL;
    const struct cg_conf_line *named = cg_conf_plugin_option(&d->conf, d->plugin, "policy");
    for (size_t i = 0; i < d->conf.nfiles; i++)
        report_writable(d, row, d->conf.files[i]);
    for (size_t i = 0; i < d->conf.count; i++)
        if (names_file(d, &d->conf.item[i]))
            report_writable(d, row, d->conf.item[i].value);
    for (unsigned i = 1; i <= d->conf.plugins; i++)
        report_writable(d, row, cg_conf_plugin_file(&d->conf, i));
    report_writable(d, row, named ? named->value : NULL);
    if (policy) {
        report_trust_writable(d, row, &policy->trust);
        report_trust_writable(d, row, &policy->server_trust);
        report_trust_writable(d, row, &policy->bridge_trust);
        report_writable(d, row, policy->state);
        report_writable(d, row, policy->renewal.spool);
        report_all_writable(d, row, &policy->renewal.statements);
    }
}

/* Mosquitto 2.1 does not open these files through links. */
static bool follows_no_link(const struct cg_doctor *d)
{
    return cg_doctor_is_2_1(d) && !d->follows_links;
}

static void file_is_link(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        struct stat st;
        if (names_list(d, line) && lstat(line->value, &st) == 0 && S_ISLNK(st.st_mode))
            cg_doctor_report_line(d, row, line);
    }
}

static void file_refused_later(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < d->conf.count; i++) {
        const struct cg_conf_line *line = &d->conf.item[i];
        struct stat st;
        if (!names_list(d, line) || stat(line->value, &st) != 0 || d->uid == (uid_t)-1)
            continue;
        if (st.st_mode & 07 || st.st_uid != d->uid || st.st_gid != d->gid)
            cg_doctor_report_line(d, row, line);
    }
}

static void event_log_unwritable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const char *file = cg_doctor_event_log(d);
    char copy[PATH_MAX], command[400], what[PATH_MAX + 128];
    if (!file)
        return;
    snprintf(copy, sizeof copy, "%s", file);
    bool exists = faccessat(AT_FDCWD, file, F_OK, AT_EACCESS) == 0;
    if (faccessat(AT_FDCWD, exists ? file : dirname(copy), exists ? W_OK : W_OK | X_OK, AT_EACCESS) == 0)
        return;
    /* Only the file is changed: its folder may be /var/log. */
    cg_doctor_user_command(d, exists ? "chown" : "install -D -m 0640 -o", exists ? "" : " /dev/null", command);
    snprintf(what, sizeof what, "%s: user %s cannot write to it", file, d->user);
    cg_doctor_report_path(d, row, what, command, CG_DOCTOR_NOT_WRITTEN, file);
}

/* The broker creates the folder if it can. */
static void state_unusable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const char *state = d->snapshot ? d->snapshot->policy->state : NULL;
    struct cg_crl_numbers *numbers = cg_crl_numbers_new();
    struct cg_error err = {""};
    char folder[PATH_MAX], command[400], what[PATH_MAX + 256], *parent = NULL;
    if (!state || !numbers) {
        cg_crl_numbers_free(numbers);
        return;
    }
    snprintf(folder, sizeof folder, "%s", state);
    if (cg_file_is_missing(state))
        parent = dirname(folder);
    if (!cg_crl_numbers_read(numbers, state, NULL, &err))
        cg_doctor_report(d, row, "%s", err.text);
    else if (faccessat(AT_FDCWD, parent ? parent : state, W_OK | X_OK, AT_EACCESS) != 0) {
        snprintf(what, sizeof what, "%s: user %s cannot %s it (%s)", state, d->user, parent ? "create" : "write to",
                 strerror(errno));
        cg_doctor_user_command(d, "install -d -o", " -m 0700", command);
        cg_doctor_report_path(d, row, what, command, CG_DOCTOR_NOT_WRITTEN, state);
    }
    cg_crl_numbers_free(numbers);
}

static const struct cg_doctor_rule rules[] = {
    {{"file_unreadable", CG_LINT_ERROR, "", "The broker does not start, or the listener refuses every client.",
      CG_DOCTOR_FIX_FOUND "put the file there, or correct the line. The broker reads its files as its own user."},
     .check = unreadable},
    {{"file_is_link", CG_LINT_WARNING, "",
      "Mosquitto 2.1 does not open this file through a symbolic link. It does not start, unless its environment "
      "has " CG_DOCTOR_FOLLOW_LINKS ".",
      "Name the file that the link leads to. Where files are mounted as links (Kubernetes), start the broker "
      "with " CG_DOCTOR_FOLLOW_LINKS
      "=1 in its environment. doctor finds it in the broker's unit and in its own environment."},
     .when = follows_no_link,
     .check = file_is_link},
    {{"file_refused_later", CG_LINT_NOTICE, "",
      "Everyone can read the file, or it does not belong to the broker's user and group. Mosquitto logs a warning: a "
      "future version will refuse to load it.",
      "Nothing has to change now. If only the broker reads the file, and its user is mosquitto: chown mosquitto: FILE, "
      "then chmod o= FILE. If another program reads it too, give the broker its own copy."},
     .when = cg_doctor_is_2_1,
     .check = file_refused_later},
    {{"config_unreadable", CG_LINT_WARNING, "",
      "The broker starts, because root reads the file. It fails at a reload, because it then reads the file as its own "
      "user.",
      CG_DOCTOR_FIX_FOUND "make the file readable for the broker's user."},
     .check = config_unreadable},
    {{"writable_by_all", CG_LINT_ERROR, "", "Every user on this machine can change what the broker trusts or runs.",
      CG_DOCTOR_FIX_FOUND "move the file to a folder that only root or the broker's user can write to."},
     .check = writable_by_all},
    {{"state_unusable", CG_LINT_ERROR, "",
      "The broker does not start with the folder that \"state\" in the policy names.",
      CG_DOCTOR_FIX_FOUND
      "correct the file in it as the finding says, or name a folder that the broker's user can write to."},
     .check = state_unusable},
    {{"event_log_unwritable", CG_LINT_WARNING, "", "Events are lost.",
      CG_DOCTOR_FIX_FOUND "set log.file in the policy to a file that the broker's user can write."},
     .check = event_log_unwritable},
};
const struct cg_doctor_rules cg_doctor_access_rules = {rules, CG_COUNT(rules)};
