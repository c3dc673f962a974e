/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on units, timers and scripts: renewal that does not run, and clients that do not check the broker. */
#include "units/units.h"
#include "core/file/file.h"
#include "rules.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_LIMIT ((size_t)256 << 10)
#define SCRIPTS_MAX  2000 /* per folder */

static const char *units_folder(const struct cg_doctor *d)
{
    return d->request->units ? d->request->units : CG_UNITS_FOLDER;
}

/* --- lines of small text files in a folder, without comments --- */

typedef void check_line(struct cg_doctor *d, const struct cg_rule_row *row, const char *file, unsigned number,
                        const char *line);

static void each_line_of(struct cg_doctor *d, const struct cg_rule_row *row, const char *file, check_line *check)
{
    struct cg_bytes bytes = {0};
    if (!cg_file_read(file, CG_FILE_PUBLIC, SCRIPT_LIMIT, &bytes, NULL))
        return;
    char *rest = (char *)bytes.data;
    unsigned number = 0;
    bool has_suffix = strchr(strrchr(file, '/'), '.') != NULL;
    if (!has_suffix && strncmp(rest, "#!", 2) != 0)
        rest = NULL; /* a program or a log, not a script */
    for (const char *line; rest && (line = strsep(&rest, "\n"));) {
        number++;
        line += strspn(line, " \t");
        if (*line && *line != '#' && *line != ';')
            check(d, row, file, number, line);
    }
    cg_bytes_free(&bytes);
}

/* Units, scripts, sources, and files without a suffix, which may be scripts. */
static bool is_script(const char *name)
{
    static const char *const suffixes[] = {".service", ".sh", ".py", ".ino", ".cpp", ".c", ".js", ".bat"};
    for (size_t i = 0; i < CG_COUNT(suffixes); i++)
        if (cg_ends_in(name, suffixes[i]))
            return true;
    return name[0] != '.' && !strchr(name, '.');
}

static void each_line_in(struct cg_doctor *d, const struct cg_rule_row *row, const char *folder, check_line *check)
{
    struct dirent **entries = NULL;
    char path[PATH_MAX];
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (i < SCRIPTS_MAX && is_script(entries[i]->d_name) &&
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) < (int)sizeof path)
            each_line_of(d, row, path, check);
        free(entries[i]);
    }
    free(entries);
}

/* --- clients that do not check the broker --- */

static void insecure_line(struct cg_doctor *d, const struct cg_rule_row *row, const char *file, unsigned number,
                          const char *line)
{
    static const struct {
        const char *with, *word; /* with: must be in the line too, so that it is about MQTT */
    } rows[] = {{"mosquitto_", "--insecure"},
                {"", "tls_insecure_set(True)"},
                {"", ".setInsecure()"},
                {"", "rejectUnauthorized: false"}};
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (strstr(line, rows[i].word) && strstr(line, rows[i].with))
            cg_doctor_report(d, row, "%s:%u: %.200s", file, number, line);
}

/* Checks the folders of the configuration, the first certificate and the units, and those from --scripts. */
static void insecure_client(struct cg_doctor *d, const struct cg_rule_row *row)
{
    char conf[PATH_MAX], certificate[PATH_MAX] = "";
    snprintf(conf, sizeof conf, "%s", d->conf.files[0]);
    for (size_t i = 0; !certificate[0] && i < d->conf.count; i++)
        if (strcmp(d->conf.item[i].key, "certfile") == 0)
            snprintf(certificate, sizeof certificate, "%s", d->conf.item[i].value);
    const char *folder = dirname(conf), *other = certificate[0] ? dirname(certificate) : folder;
    each_line_in(d, row, folder, insecure_line);
    if (strcmp(other, folder) != 0)
        each_line_in(d, row, other, insecure_line);
    each_line_in(d, row, units_folder(d), insecure_line);
    for (size_t i = 0; i < d->request->scripts.count; i++)
        each_line_in(d, row, d->request->scripts.item[i], insecure_line);
}

/* --- certguard's own units --- */

static bool exists(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && lstat(path, &st) == 0;
}

#define RENEW_TIMER    "certguard-renew.timer" /* only on the machine of the CA */
#define REQUESTS_TIMER "certguard-requests.timer"

static const char *const starters[] = {RENEW_TIMER, "certguard-crl.timer", REQUESTS_TIMER, "certguard-requests.path",
                                       "certguard-doctor.timer"};

static void timer_not_enabled(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_unit_folders folders = {.units = units_folder(d)};
    char link[PATH_MAX];
    struct stat st;
    for (size_t i = 0; i < CG_COUNT(starters); i++)
        if (exists(folders.units, starters[i]) && cg_unit_link(&folders, starters[i], link) && lstat(link, &st) != 0)
            cg_doctor_report(d, row, "%s/%s; fix: systemctl enable --now %s", folders.units, starters[i], starters[i]);
}

static void command_line(struct cg_doctor *d, const struct cg_rule_row *row, const char *file, unsigned number,
                         const char *line)
{
    char command[PATH_MAX];
    const char *name = strrchr(file, '/');
    if (!name || strncmp(name, "/certguard-", 11) != 0 || strncmp(line, "Exec", 4) != 0 || !strchr(line, '='))
        return;
    line = strchr(line, '=') + 1;
    line += strspn(line, "@-:+!");
    snprintf(command, sizeof command, "%.*s", (int)strcspn(line, " \t"), line);
    if (command[0] == '/' && access(command, X_OK) != 0)
        cg_doctor_report(d, row, "%s:%u: %s", file, number, command);
}

static void command_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    each_line_in(d, row, units_folder(d), command_line);
}

static void other_config(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (d->other_config[0])
        cg_doctor_report(d, row, "mosquitto.service: %s", d->other_config);
}

static void not_scheduled(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (size_t i = 0; i < CG_COUNT(starters); i++)
        if (exists(units_folder(d), starters[i]))
            return;
    cg_doctor_report(d, row, "%s: there is no timer of certguard", units_folder(d));
}

/* Who signs by hand needs no unit, so this is a notice. */
static void requests_not_scheduled(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const char *spool = d->snapshot ? d->snapshot->policy->renewal.spool : NULL, *folder = units_folder(d);
    if (spool && exists(folder, RENEW_TIMER) && !exists(folder, REQUESTS_TIMER))
        cg_doctor_report(d, row, "%s: there is no %s", folder, REQUESTS_TIMER);
}

static const struct cg_doctor_rule rules[] = {
    {{"insecure_client", CG_LINT_ERROR, "",
      "This client does not check the broker's name. Anyone with a certificate can impersonate the broker.",
      "Give the broker a certificate with the name that the client uses (certguard issue broker NAME --san dns:HOST), "
      "then remove the option."},
     .check = insecure_client},
    {{"timer_not_enabled", CG_LINT_WARNING, "", "The timer or path unit is installed but not enabled.",
      "systemctl enable --now TIMER"},
     .check = timer_not_enabled},
    {{"unit_command_missing", CG_LINT_ERROR, "", "The unit names a command that does not exist. It fails every time.",
      "Write the units again: certguard install-units"},
     .check = command_missing},
    {{"unit_other_config", CG_LINT_NOTICE, "", "systemd starts the broker with another configuration than this one.",
      "Check that file: certguard doctor --config FILE"},
     .check = other_config},
    {{"renewal_not_scheduled", CG_LINT_NOTICE, "",
      "Nothing on this machine renews certificates, refreshes the CRL or runs doctor.",
      "Run certguard install-units here and on the CA's machine."},
     .check = not_scheduled},
    {{"requests_not_scheduled", CG_LINT_NOTICE, "",
      "The CA is on this machine, but no unit signs the requests for renewal over MQTT.",
      "To sign all of them automatically, run certguard install-units --spool with renewal.spool of the policy. To "
      "decide about each, run certguard requests."},
     .check = requests_not_scheduled},
};
const struct cg_doctor_rules cg_doctor_unit_rules = {rules, CG_COUNT(rules)};
